#include "agent/loop_guard.h"

#include <algorithm>

namespace fathom {
namespace {

int32_t Needed(int32_t period) {
  return std::max(LoopGuard::kLeastRepeated, LoopGuard::kLeastRounds * period);
}

}  // namespace

void LoopGuard::Add(int32_t token) {
  const int32_t* recent = recent_.data() + begin_;
  int32_t most = 0;
  for (size_t i = 0; i < kMaxPeriod; ++i) {  // no branch, so that it becomes a few wide operations
    repeated_[i] = recent[i] == token ? repeated_[i] + 1 : 0;
    most = std::max(most, repeated_[i]);
  }
  begin_ = (begin_ == 0 ? kMaxPeriod : begin_) - 1;
  recent_[static_cast<size_t>(begin_)] = token;
  recent_[static_cast<size_t>(begin_ + kMaxPeriod)] = token;

  period_ = 0;
  if (most < kLeastRepeated) return;
  for (int32_t p = 1; p <= kMaxPeriod && period_ == 0; ++p) {
    if (repeated_[static_cast<size_t>(p - 1)] >= Needed(p)) period_ = p;
  }
}

double LoopGuard::Closeness() const {
  double closeness = 0;
  for (int32_t p = 1; p <= kMaxPeriod; ++p) {
    const double repeated = repeated_[static_cast<size_t>(p - 1)];
    closeness = std::max(closeness, repeated / Needed(p));
  }
  return closeness;
}

}  // namespace fathom
