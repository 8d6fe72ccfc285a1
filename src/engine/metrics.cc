#include "engine/metrics.h"

#include <algorithm>

namespace fathom {

void Histogram::Add(double value) {
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  ++counts[static_cast<size_t>(bucket)];
  sum += value;
  ++total;
}

double EstimatedWait(const EngineStats& stats) {
  if (stats.waiting == 0 && stats.running < stats.max_running) return 0;
  const double each = stats.mean_running_seconds > 0 ? stats.mean_running_seconds : 1;
  return each * static_cast<double>(stats.waiting + 1) / static_cast<double>(stats.max_running);
}

}  // namespace fathom
