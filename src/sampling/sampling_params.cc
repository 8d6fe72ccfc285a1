#include "sampling/sampling_params.h"

#include <random>
#include <utility>

namespace fathom {
namespace {

// Written so that NaN fails.
bool Within(double value, const NumberParam& row) { return value >= row.low && value <= row.high; }

Status CheckId(std::string_view place, int32_t id, int vocab_size) {
  if (id >= 0 && id < vocab_size) return {};
  return InvalidArgument("{}: there is no token {}; the vocabulary has ids 0 to {}", place, id,
                         vocab_size - 1);
}

}  // namespace

Status SamplingParams::ValidateNumbers() const {
  const std::pair<const NumberParam&, double> numbers[] = {
      {ParamRow("temperature"), temperature},
      {ParamRow("top_p"), top_p},
      {ParamRow("top_k"), static_cast<double>(top_k)},
      {ParamRow("min_p"), min_p},
      {ParamRow("repetition_penalty"), repetition_penalty},
      {ParamRow("presence_penalty"), presence_penalty},
      {ParamRow("frequency_penalty"), frequency_penalty},
      {ParamRow("top_logprobs"), static_cast<double>(top_logprobs)},
      {ParamRow("min_tokens"), static_cast<double>(min_tokens)},
      {ParamRow("max_tokens"), static_cast<double>(max_tokens)},
  };
  static_assert(std::size(numbers) == kNumberParams.size());
  for (const auto& [row, value] : numbers) {
    if (!Within(value, row)) {
      return InvalidArgument("{}: {} is outside [{}, {}]", row.name, value, row.low, row.high);
    }
  }
  for (const auto& [id, bias] : logit_bias) {
    if (!Within(bias, kLogitBias)) {
      return InvalidArgument("logit_bias: {} for token {} is outside [{}, {}]", bias, id,
                             kLogitBias.low, kLogitBias.high);
    }
  }
  if (top_logprobs > 0 && !logprobs) {
    return InvalidArgument("top_logprobs: {} asks for log-probabilities, but logprobs is off",
                           top_logprobs);
  }
  if (min_tokens > max_tokens) {
    return InvalidArgument("min_tokens: {} is more than max_tokens, {}", min_tokens, max_tokens);
  }
  return {};
}

Status SamplingParams::Validate(int vocab_size) const {
  for (const auto& [id, bias] : logit_bias) {
    FATHOM_RETURN_IF_ERROR(CheckId("logit_bias", id, vocab_size));
  }
  for (const int32_t id : stop_token_ids) {
    FATHOM_RETURN_IF_ERROR(CheckId("stop_token_ids", id, vocab_size));
  }
  return ValidateNumbers();
}

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32 | device()) >> 11;
}

}  // namespace fathom
