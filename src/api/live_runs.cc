#include "api/live_runs.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "api/generation_run.h"
#include "base/check.h"

namespace fathom::api {

LiveRuns::LiveRuns(const LiveRunLimits& limits) : limits_(limits) {
  if (limits_.keep_alive_seconds > 0 || limits_.answer_seconds > 0) {
    timer_ = std::thread([this] { Watch(); });
  }
}

LiveRuns::~LiveRuns() {
  Close();
  if (timer_.joinable()) timer_.join();
}

bool LiveRuns::Join(GenerationRun* run) {
  const std::lock_guard lock(mutex_);
  if (!closed_) runs_.insert(run);
  return !closed_;
}

void LiveRuns::Leave(GenerationRun* run) {
  const std::lock_guard lock(mutex_);
  // Under the lock: who waits may destroy this as soon as it is free.
  if (runs_.erase(run) > 0) changed_.notify_all();
}

int64_t LiveRuns::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(runs_.size());
}

void LiveRuns::Close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return runs_.empty(); });
}

void LiveRuns::Watch() {
  const double keep_alive = limits_.keep_alive_seconds, answer = limits_.answer_seconds;
  const double shorter = keep_alive <= 0 ? answer
                         : answer <= 0   ? keep_alive
                                         : std::min(keep_alive, answer);
  const std::chrono::duration<double> pause(shorter / 4);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, pause, [this] { return closed_; })) {
    // Held while they are told, since the last one to let go of a run destroys it: outside the
    // lock.
    std::vector<std::shared_ptr<GenerationRun>> runs;
    for (GenerationRun* run : runs_) {
      if (auto alive = run->weak_from_this().lock()) runs.push_back(std::move(alive));
    }
    lock.unlock();
    for (const auto& run : runs) {
      if (answer > 0) run->EndAfter(answer);
      if (keep_alive > 0) run->KeepAlive(keep_alive);
    }
    runs.clear();
    lock.lock();
  }
}

}  // namespace fathom::api
