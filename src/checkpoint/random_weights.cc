#include "checkpoint/random_weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

// FNV-1a, 64 bits.
uint64_t HashName(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  return hash;
}

// An MTP layer's copies of embedding and head are copies.
std::string_view StreamName(const TensorSpec& spec) {
  if (spec.optional && spec.name.ends_with(".embed_tokens.weight")) {
    return "model.embed_tokens.weight";
  }
  if (spec.optional && spec.name.ends_with(".shared_head.head.weight")) return "lm_head.weight";
  return spec.name;
}

struct Distribution {
  float mean, deviation;
};

Distribution DistributionOf(const TensorSpec& spec) {
  if (spec.name.ends_with("e_score_correction_bias")) return {0, 0.01F};
  if (spec.name.ends_with(".bias")) return {0, 0.1F};
  if (spec.shape.rank() == 1) return {1, 0.1F};  // norms
  if (spec.name.ends_with("embed_tokens.weight")) return {0, 1};
  // A sum over K inputs of unit variance has unit variance again.
  return {0, 1 / std::sqrt(static_cast<float>(spec.shape[1]))};
}

// The quantiles of a distribution that looks normal, mean 0 and variance 1, at 0/256 … 256/256.
// p^(1/8) - (1-p)^(1/8), scaled, lies within 5 % of the normal quantile up to 255/256 and ends
// at 5.2 standard deviations; square roots, unlike logarithms, are the same on every machine.
using Quantiles = std::array<float, 257>;

const Quantiles& NormalQuantiles() {
  static const Quantiles quantiles = [] {
    const auto root8 = [](double p) { return std::sqrt(std::sqrt(std::sqrt(p))); };
    std::array<double, 257> raw{};
    for (size_t i = 0; i < raw.size(); ++i) {
      const double p = static_cast<double>(i) / 256;
      raw[i] = root8(p) - root8(1 - p);
    }
    double squares = 0;
    for (size_t i = 0; i < 256; ++i) {
      const double middle = (raw[i] + raw[i + 1]) / 2;
      squares += middle * middle;
    }
    Quantiles scaled{};
    for (size_t i = 0; i < raw.size(); ++i) {
      scaled[i] = static_cast<float>(raw[i] / std::sqrt(squares / 256));
    }
    return scaled;
  }();
  return quantiles;
}

// A tile's scale is the middle one times 1/2, 1 or 2, equally often: then a scale read from the
// wrong tile shows. The mean square of the factors.
constexpr float kTileMeanSquare = (0.25F + 1 + 4) / 3;

// Streams of their own for scales, apart from those of elements.
constexpr uint64_t kScaleStream = 0x5CA1E;

}  // namespace

RandomWeights::RandomWeights(const TensorSpec& spec, DType type, uint64_t seed)
    : type_(type), seed_(seed), stream_(HashName(StreamName(spec))) {
  const Distribution distribution = DistributionOf(spec);
  mean_ = distribution.mean;
  deviation_ = distribution.deviation;
  if (type != DType::kF8E4M3) return;
  FATHOM_CHECK(spec.storage == Storage::kMatrix, "{} as F8_E4M3", spec.name);
  const Quantiles& quantiles = NormalQuantiles();
  // A random byte chooses one of 256 equally likely values.
  const auto level = [&](size_t i) { return (quantiles[i] + quantiles[i + 1]) / 2; };
  const float deviation = deviation_ / std::sqrt(kTileMeanSquare);
  // The smallest power of two that brings the largest level within 448, as an encoder would choose.
  while (level(255) * deviation > scale_ * 448) scale_ *= 2;
  while (level(255) * deviation <= scale_ * 224) scale_ /= 2;
  for (size_t i = 0; i < codes_.size(); ++i) codes_[i] = ToE4M3(level(i) * deviation / scale_).bits;
}

void RandomWeights::FillCodes(int64_t begin, int64_t count, std::byte* out) const {
  constexpr int64_t kDraw = sizeof(std::array<uint32_t, 4>);
  for (int64_t i = 0; i < count; i += kDraw) {
    const auto bits = Philox(seed_, stream_, static_cast<uint64_t>((begin + i) / kDraw));
    std::array<uint8_t, kDraw> bytes;
    std::memcpy(bytes.data(), bits.data(), kDraw);
    const int64_t used = std::min(kDraw, count - i);
    for (int64_t k = 0; k < used; ++k) {
      out[i + k] = static_cast<std::byte>(codes_[bytes[static_cast<size_t>(k)]]);
    }
  }
}

template <typename T, typename Convert>
void RandomWeights::FillFloats(int64_t begin, int64_t count, std::byte* out,
                               Convert convert) const {
  constexpr int64_t kDraw = 8;
  const Quantiles& quantiles = NormalQuantiles();
  for (int64_t i = 0; i < count; i += kDraw) {
    const auto bits = Philox(seed_, stream_, static_cast<uint64_t>((begin + i) / kDraw));
    std::array<uint16_t, kDraw> random;
    std::memcpy(random.data(), bits.data(), sizeof(random));
    std::array<T, kDraw> drawn;
    for (size_t k = 0; k < kDraw; ++k) {
      // The high byte chooses two neighbouring quantiles, the low byte a place between them.
      const size_t at = random[k] >> 8;
      const float between = static_cast<float>(random[k] & 0xFF) * 0x1p-8F + 0x1p-9F;
      const float z = quantiles[at] + (quantiles[at + 1] - quantiles[at]) * between;
      drawn[k] = convert(mean_ + deviation_ * z);
    }
    const int64_t used = std::min(kDraw, count - i);
    std::memcpy(out + i * static_cast<int64_t>(sizeof(T)), drawn.data(),
                static_cast<size_t>(used) * sizeof(T));
  }
}

void RandomWeights::Fill(int64_t begin, int64_t count, std::byte* out) const {
  FATHOM_CHECK(begin % kGranule == 0, "element {}", begin);
  switch (type_) {
    case DType::kF8E4M3:
      return FillCodes(begin, count, out);
    case DType::kBF16:
      return FillFloats<BF16>(begin, count, out, ToBF16);
    case DType::kF16:
      return FillFloats<F16>(begin, count, out, [](float x) { return ToF16(RoundToBF16(x)); });
    case DType::kF32:
      return FillFloats<float>(begin, count, out, RoundToBF16);
    default:
      FATHOM_CHECK(false, "random weights as {}", Name(type_));
  }
}

void RandomWeights::FillScales(const Shape& scale_shape, float* out) const {
  constexpr std::array<float, 3> kFactors = {0.5F, 1, 2};
  for (int64_t i = 0; i < scale_shape.elements(); ++i) {
    const auto bits = Philox(seed_, stream_ ^ kScaleStream, static_cast<uint64_t>(i));
    out[i] = scale_ * kFactors[bits[0] % 3];
  }
}

}  // namespace fathom
