// YaRN: the frequencies of the rotary embedding, one table for MLA and indexer, and the softmax
// scale that goes with them (spec 3.2).
#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/model_config.h"

namespace fathom {

class RopeTable {
 public:
  explicit RopeTable(const ModelConfig& config);

  const std::vector<float>& frequencies() const { return frequencies_; }  // [P / 2]

  // (N + P)^-0.5 * m², m = 0.1 * mscale_all_dim * ln(factor) + 1. For MLA, not for the indexer.
  float softmax_scale() const { return softmax_scale_; }

  // P / 2 cosines, then P / 2 sines, of position * frequency. The angle is an f32 product, as in
  // the official code; cosine and sine of that angle are rounded once.
  void Fill(int32_t position, float* cos_sin) const;

 private:
  std::vector<float> frequencies_;
  float cos_sin_scale_ = 1;  // m(mscale) / m(mscale_all_dim)
  float softmax_scale_ = 0;
};

}  // namespace fathom
