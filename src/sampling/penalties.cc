#include "sampling/penalties.h"

namespace fathom {

Penalties::Penalties(const SamplingParams& params, std::span<const int32_t> prompt)
    : repetition_(params.repetition_penalty),
      presence_(params.presence_penalty),
      frequency_(params.frequency_penalty),
      bias_(params.logit_bias.begin(), params.logit_bias.end()) {
  if (repetition_ == 1) return;  // the other two don't look at the prompt
  for (const int32_t id : prompt) seen_.try_emplace(id, 0);
}

void Penalties::Add(int32_t token) {
  if (remembers_answer()) ++seen_[token];
}

void Penalties::Apply(std::span<double> logits) const {
  const auto logit = [&](int32_t id) -> double& {
    FATHOM_DCHECK(id >= 0 && static_cast<size_t>(id) < logits.size(), "token {} of {}", id,
                  logits.size());
    return logits[static_cast<size_t>(id)];
  };
  for (const auto& [id, bias] : bias_) logit(id) += bias;
  for (const auto& [id, count] : seen_) {
    double& value = logit(id);
    value = value > 0 ? value / repetition_ : value * repetition_;
    if (count > 0) value -= frequency_ * static_cast<double>(count) + presence_;
  }
}

}  // namespace fathom
