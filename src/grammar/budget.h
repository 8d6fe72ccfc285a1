// What a request's schemas, and the grammar made of them, may still cost: states of automata, and
// processor time.
//
// Everything whose cost a client's schema decides asks it as it goes, so that a bomb ends within a
// few milliseconds of the limit. All of a budget's work is one thread's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/processor_watch.h"
#include "base/status.h"
#include "grammar/limits.h"

namespace fathom::grammar {

// Whether the thread that made it has worked for more than the limits say. It can't have while
// less than those have passed at all, so most questions cost a look at the clock and no system
// call.
class WorkLimit {
 public:
  explicit WorkLimit(const GrammarLimits& limits)
      : seconds_(limits.seconds - limits.used_seconds), ask_at_(seconds_) {}

  bool IsOver() {
    const double passed = passed_.seconds();
    if (passed <= ask_at_) return false;
    const double left = seconds_ - worked_.seconds();
    if (left < 0) return true;
    ask_at_ = passed + std::max(left, kPause);
    return false;
  }

 private:
  static constexpr double kPause = 1e-4;  // where little is left, questions come that often

  const double seconds_;
  double ask_at_;  // of passed_: over can't be before
  Stopwatch passed_;
  ProcessorWatch worked_;
};

class Budget {
 public:
  // `what` is being compiled, for messages.
  explicit Budget(const GrammarLimits& limits, std::string_view what = "schema")
      : limits_(limits), what_(what), work_(limits) {}

  // Counts `states` made, or none for work that makes no states; asks the clock.
  Status Spend(int64_t states) {
    Count(states);
    return Check();
  }

  // Spend in its parts, where a state is made so quickly that not each can ask.
  void Count(int64_t states) { states_ += states; }
  Status Check() {
    if (states_ > limits_.states) {
      return ResourceExhausted("the {} needs more than {} states", what_, limits_.states);
    }
    if (work_.IsOver()) {
      return ResourceExhausted("the {} takes more than {} s of processor time to compile", what_,
                               limits_.seconds);
    }
    return {};
  }

  const GrammarLimits& limits() const { return limits_; }

 private:
  const GrammarLimits limits_;
  const std::string_view what_;
  WorkLimit work_;
  int64_t states_ = 0;
};

}  // namespace fathom::grammar
