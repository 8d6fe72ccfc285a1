// Random weights with which a model of any size computes sane numbers: unit-variance activations
// stay about unit-variance through every projection.
//
// Counter-based: an element depends on the seed, the tensor's name and its place alone, so that
// tensors can be made in any order and in pieces, and a checkpoint of 2 layers holds the first
// layers of one of 61.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "checkpoint/model_config.h"
#include "checkpoint/tensor_names.h"

namespace fathom {

class RandomWeights {
 public:
  // `type` is the type in which the tensor is stored: F8_E4M3 (matrices only), BF16, F16 or F32.
  // Values are bf16 numbers in all of the last three.
  RandomWeights(const TensorSpec& spec, DType type, uint64_t seed);

  // Elements [begin, begin + count), begin a multiple of kGranule.
  void Fill(int64_t begin, int64_t count, std::byte* out) const;
  static constexpr int64_t kGranule = 16;

  // The scales of an F8_E4M3 matrix: powers of two that differ from tile to tile.
  void FillScales(const Shape& scale_shape, float* out) const;

 private:
  void FillCodes(int64_t begin, int64_t count, std::byte* out) const;
  template <typename T, typename Convert>
  void FillFloats(int64_t begin, int64_t count, std::byte* out, Convert convert) const;

  DType type_;
  uint64_t seed_, stream_;
  float mean_ = 0, deviation_ = 0;
  float scale_ = 1;                   // F8_E4M3: the middle one of the tile scales
  std::array<uint8_t, 256> codes_{};  // F8_E4M3: random byte → code
};

}  // namespace fathom
