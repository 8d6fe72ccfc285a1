// A measurement that was repeated: its middle and how far it went.
#pragma once

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace fathom {

struct Spread {
  double median = 0, min = 0, max = 0;
};

// Of at least one value; of an even number of them the median is the mean of the middle two.
inline Spread SpreadOf(std::vector<double> values) {
  FATHOM_CHECK(!values.empty(), "the spread of nothing");
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace fathom
