#include "quant/act_quant.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fathom {

float ActQuantScale(float amax, ScaleFormat format) {
  constexpr float kFloor = 1e-4F, kLargest = 448.0F;
  const float a = std::max(amax, kFloor);
  if (format == ScaleFormat::kPlain) return a / kLargest;
  // 2^ceil(log2(a · (1/448))) read off the bits, with the product rounded to f32 as the official
  // kernel rounds it: at 448 · 2^k it is exactly 2^k.
  const auto bits = std::bit_cast<uint32_t>(a * (1.0F / kLargest));
  const uint32_t exponent = (bits >> 23) + ((bits & 0x7FFFFF) != 0 ? 1 : 0);
  return std::bit_cast<float>(exponent << 23);
}

float ActQuantBlock(const float* x, int64_t count, ScaleFormat format, E4M3* codes) {
  float amax = 0;
  for (int64_t i = 0; i < count; ++i) amax = std::fmax(amax, std::abs(x[i]));
  const float scale = ActQuantScale(amax, format);
  for (int64_t i = 0; i < count; ++i) codes[i] = ToE4M3(x[i] / scale);  // clamps to ±448
  return scale;
}

void ActQuant(const float* x, int64_t count, ScaleFormat format, E4M3* codes, float* scales) {
  for (int64_t begin = 0; begin < count; begin += kActivationBlock) {
    const int64_t block = std::min<int64_t>(kActivationBlock, count - begin);
    scales[begin / kActivationBlock] = ActQuantBlock(x + begin, block, format, codes + begin);
  }
}

void ActDequant(const E4M3* codes, const float* scales, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = ToFloat(codes[i]) * scales[i / kActivationBlock];
}

}  // namespace fathom
