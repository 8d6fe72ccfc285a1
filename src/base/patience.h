// How long a caller waits for the world: until a moment, or until somebody asks it to stop.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/status.h"

namespace fathom {

struct Patience {
  using Clock = std::chrono::steady_clock;

  Clock::time_point deadline = Clock::time_point::max();
  std::stop_token stop = {};

  static Patience For(Clock::duration time, std::stop_token stop = {}) {
    return {Clock::now() + time, std::move(stop)};
  }

  // The same, but no later than `time` from now.
  Patience AtMost(Clock::duration time) const {
    const Clock::time_point end = Clock::now() + time;
    return {end < deadline ? end : deadline, stop};
  }

  // kCancelled when it was asked to stop, kResourceExhausted when the time is over.
  Status Check() const {
    if (stop.stop_requested()) return Cancelled("stopped");
    if (Clock::now() >= deadline) return ResourceExhausted("no answer in time");
    return {};
  }
};

}  // namespace fathom
