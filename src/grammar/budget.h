// What one request's schemas may still cost: states of automata, and time since the start.
//
// Everything whose cost a client's schema decides asks it as it goes, so that a bomb ends within a
// few milliseconds of the limit.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/status.h"
#include "grammar/limits.h"

namespace fathom::grammar {

class Budget {
 public:
  explicit Budget(const GrammarLimits& limits) : limits_(limits) {}

  // Counts `states` made, or none for work that makes no states; asks the clock.
  Status Spend(int64_t states) {
    states_ += states;
    if (states_ > limits_.states) {
      return ResourceExhausted("the schema needs more than {} states", limits_.states);
    }
    if (watch_.seconds() > limits_.seconds) {
      return ResourceExhausted("the schema takes more than {} seconds to compile", limits_.seconds);
    }
    return {};
  }

  const GrammarLimits& limits() const { return limits_; }

 private:
  const GrammarLimits limits_;
  Stopwatch watch_;
  int64_t states_ = 0;
};

}  // namespace fathom::grammar
