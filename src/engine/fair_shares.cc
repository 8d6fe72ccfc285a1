#include "engine/fair_shares.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace fathom {

void FairShares::Begin(uint64_t user) {
  RaiseFloor(floor_);
  Share& share = users_[user];
  if (share.requests++ == 0) share.served = std::max(share.served, floor_);
}

void FairShares::End(uint64_t user) {
  const auto found = users_.find(user);
  FATHOM_CHECK(found != users_.end() && found->second.requests > 0, "user {} has no request", user);
  if (--found->second.requests > 0) return;
  RaiseFloor(found->second.served);
  Forget();
}

void FairShares::Charge(uint64_t user, int64_t tokens) { users_.at(user).served += tokens; }

int64_t FairShares::Served(uint64_t user) const { return users_.at(user).served; }

// To the least of the active users; `last_served`, when nobody is active.
void FairShares::RaiseFloor(int64_t last_served) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const auto& [user, share] : users_) {
    if (share.requests > 0) least = std::min(least, share.served);
  }
  if (least == std::numeric_limits<int64_t>::max()) least = last_served;
  floor_ = std::max(floor_, least);
}

// Idle users who would start at the floor anyway, and all of them when they are too many.
void FairShares::Forget() {
  std::erase_if(users_, [&](const auto& user) {
    return user.second.requests == 0 && user.second.served <= floor_;
  });
  const auto idle = std::count_if(users_.begin(), users_.end(),
                                  [](const auto& user) { return user.second.requests == 0; });
  if (static_cast<size_t>(idle) <= kMostIdle) return;
  std::erase_if(users_, [](const auto& user) { return user.second.requests == 0; });
}

}  // namespace fathom
