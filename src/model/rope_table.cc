#include "model/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fathom {
namespace {

// How much YaRN raises attention for a scaling `factor`.
double Magnitude(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

}  // namespace

RopeTable::RopeTable(const ModelConfig& config) {
  const RopeConfig& rope = config.rope;
  const auto dim = static_cast<double>(config.qk_rope_head_dim);
  // The pair whose wave turns `turns` times within the original context.
  const auto pair_of = [&](double turns) {
    return dim *
           std::log(static_cast<double>(rope.original_max_position_embeddings) /
                    (turns * 2 * std::numbers::pi)) /
           (2 * std::log(rope.theta));
  };
  double low = 0, high = 1;
  if (rope.factor != 1) {
    low = std::max(std::floor(pair_of(rope.beta_fast)), 0.0);
    high = std::min(std::ceil(pair_of(rope.beta_slow)), dim - 1);
    if (low == high) high += 0.001;  // as the official code, so that the ramp has a slope
  }
  for (int64_t i = 0; i < config.qk_rope_head_dim / 2; ++i) {
    const double plain = std::pow(rope.theta, -2.0 * static_cast<double>(i) / dim);
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies_.push_back(static_cast<float>(plain / rope.factor * ramp + plain * (1 - ramp)));
  }
  const double all = Magnitude(rope.factor, rope.mscale_all_dim);
  cos_sin_scale_ = static_cast<float>(Magnitude(rope.factor, rope.mscale) / all);
  softmax_scale_ =
      static_cast<float>(std::pow(static_cast<double>(config.qk_head_dim()), -0.5) * all * all);
}

void RopeTable::Fill(int32_t position, float* cos_sin) const {
  const size_t pairs = frequencies_.size();
  for (size_t i = 0; i < pairs; ++i) {
    const auto angle = static_cast<double>(static_cast<float>(position) * frequencies_[i]);
    cos_sin[i] = static_cast<float>(std::cos(angle)) * cos_sin_scale_;
    cos_sin[pairs + i] = static_cast<float>(std::sin(angle)) * cos_sin_scale_;
  }
}

}  // namespace fathom
