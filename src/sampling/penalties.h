// What a request has said so far, and what that does to the next token's logits.
//
//   1. bias        + logit_bias[id]
//   2. repetition  logit > 0 ? logit / penalty : logit * penalty, for ids of prompt and answer
//   3. frequency   - penalty * (times in the answer)
//      presence    - penalty, for ids of the answer
//
// Repetition is Hugging Face's, the other two are OpenAI's; the order is vLLM's. All work is in
// the number of distinct ids; with nothing asked for, nothing is remembered and Apply does nothing.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sampling/sampling_params.h"

namespace fathom {

class Penalties {
 public:
  Penalties(const SamplingParams& params, std::span<const int32_t> prompt);

  // Counts one token of the answer. O(1).
  void Add(int32_t token);

  // Changes logits [V] in place. O(distinct ids seen + biases).
  void Apply(std::span<double> logits) const;

 private:
  bool remembers_answer() const { return repetition_ != 1 || presence_ != 0 || frequency_ != 0; }

  double repetition_, presence_, frequency_;
  std::vector<std::pair<int32_t, double>> bias_;
  std::unordered_map<int32_t, int64_t> seen_;  // id → times in the answer; 0: in the prompt alone
};

}  // namespace fathom
