#include "engine/scheduler.h"

#include <algorithm>

namespace fathom {

std::vector<StepShare> PlanStep(std::span<const SequenceView> views, int64_t step_tokens) {
  std::vector<StepShare> plan;
  int64_t left = step_tokens;
  for (const bool generating : {true, false}) {
    for (size_t i = 0; i < views.size() && left > 0; ++i) {
      const int64_t waiting = views[i].uncached_tokens;
      if (waiting == 0 || (waiting == 1) != generating) continue;
      plan.push_back({i, std::min(waiting, left)});
      left -= plan.back().tokens;
    }
  }
  return plan;
}

}  // namespace fathom
