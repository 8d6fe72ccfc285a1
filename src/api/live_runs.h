// The runs that are under way: a server that ends waits for them, and streams that are silent get a
// comment now and then, so that nobody between takes their connections for dead.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_set>

namespace fathom::api {

class GenerationRun;

// Any thread, but for Close.
class LiveRuns {
 public:
  // A stream gets a comment after `keep_alive_seconds` of silence, looked at four times in that
  // time by one thread for all; 0: none does, and there is no thread.
  explicit LiveRuns(double keep_alive_seconds);
  ~LiveRuns();  // nobody is left: Close has returned
  LiveRuns(const LiveRuns&) = delete;
  LiveRuns& operator=(const LiveRuns&) = delete;

  // False once it is closed: then the run must not start.
  bool Join(GenerationRun* run);
  void Leave(GenerationRun* run);  // in the run's destructor; nothing for one that has not joined

  int64_t size() const;

  // Takes nobody any more and waits until everybody has left. Whoever calls has seen to it that the
  // engine ends them.
  void Close();

 private:
  void KeepAlive();

  const double keep_alive_seconds_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<GenerationRun*> runs_;  // guarded
  bool closed_ = false;                      // guarded
  std::thread timer_;
};

}  // namespace fathom::api
