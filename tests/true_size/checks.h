// What must hold of a model's runs: equal bits for every cut of the prompt, both forms of attention
// equal within rounding, layers equal to the double loop within rounding.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "parallel/thread_pool.h"
#include "true_size/double_layer.h"
#include "true_size/kept_run.h"

namespace fathom::true_size {

struct Finding {
  bool right = true;
  std::string what;    // "layer 3, position 2303: experts"
  std::string figure;  // "all 8 of 8"
};
using Findings = std::vector<Finding>;

// Differences are relative to the root mean square of the values, or to 1 where that is smaller, as
// in runtime/bounds.h, and so is this bound for f32 against exact arithmetic.
inline constexpr double kRounding = 5e-5;

// Every number that both runs kept is the same.
Findings CompareBits(const KeptRun& a, const KeptRun& b);

// Positions below `end` agree within rounding. A router's near tie may fall the other way; such
// rows are left out of what follows their layer, and may be one in a hundred.
Findings CompareWithinRounding(const KeptRun& a, const KeptRun& b, int64_t end);

// The positions that the double loop computes: one that sees few keys, the first that must leave
// one out, one between, the last.
std::vector<int64_t> LayerPositions(int64_t tokens, int64_t topk);

// A layer of the run against the double loop with the weights of `checkpoint`: selected keys,
// chosen experts, hidden states; after the last layer the logits too.
Findings CheckLayer(const KeptRun& run, const Checkpoint& checkpoint, int64_t layer,
                    ThreadPool& pool);

// Whether `chosen` are the best `count` by `scores`, except for scores within `tolerance` of the
// least that was due.
Finding CheckChoice(std::string what, const std::vector<int32_t>& chosen,
                    const std::vector<double>& scores, int64_t count, double tolerance);

}  // namespace fathom::true_size
