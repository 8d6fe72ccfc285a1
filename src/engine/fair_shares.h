// What each user has been served, so that the one served least goes first.
//
// A user who comes anew starts level with the least served of those who are active: idle time is
// no credit, and nobody pays for having been served while nobody else asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace fathom {

// Threads: engine thread only.
class FairShares {
 public:
  // A request of the user comes, or goes. O(users remembered).
  void Begin(uint64_t user);
  void End(uint64_t user);

  void Charge(uint64_t user, int64_t tokens);  // of an active user
  int64_t Served(uint64_t user) const;         // of an active user

  size_t remembered() const { return users_.size(); }

  // Users without a request that are remembered for having been served more than others. Ids are
  // the clients', so there must be an end; beyond it all of them are forgotten.
  static constexpr size_t kMostIdle = 1024;

 private:
  struct Share {
    int64_t served = 0;
    int64_t requests = 0;
  };
  void RaiseFloor(int64_t last_served);
  void Forget();

  std::map<uint64_t, Share> users_;
  int64_t floor_ = 0;  // where a newcomer starts; never falls
};

}  // namespace fathom
