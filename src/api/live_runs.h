// The runs that are under way: a server that ends waits for them, streams that are silent get a
// comment now and then, so that nobody between takes their connections for dead, and a run that
// takes too long is ended.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_set>

namespace fathom::api {

class GenerationRun;

struct LiveRunLimits {
  double keep_alive_seconds = 0;  // a stream gets a comment after so much silence; 0: never
  double answer_seconds = 0;      // a run is ended after so long; 0: never
};

// Any thread, but for Close.
class LiveRuns {
 public:
  // One thread looks at all runs, four times in the shorter one of the limits; without limits there
  // is none.
  explicit LiveRuns(const LiveRunLimits& limits);
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
  void Watch();

  const LiveRunLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<GenerationRun*> runs_;  // guarded
  bool closed_ = false;                      // guarded
  std::thread timer_;
};

}  // namespace fathom::api
