// e^x as an integer: what a token weighs in the draw, relative to the likeliest one.
//
// A weight is floor(2^57 · e^x), so the likeliest token weighs 2^57 and one 40 below it weighs
// nothing. Integers add up to the same sum in any order: neither the order in which tokens are
// visited nor the arrangement that a partial sort leaves behind can change a draw. And because e^x
// is computed here from IEEE additions and multiplications alone, the same logits and the same seed
// give the same token on every machine, which the exp of the C library doesn't promise.
//
// e^x = 2^(n/128) · e^r with n = round(128 x / ln 2): a table of 128 entries and five terms of the
// series, since |r| < 0.0028. Relative error below 1e-15, next to the 6e-8 of an f32 logit.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace fathom {

using Weight = uint64_t;
using Mass = unsigned __int128;  // a sum of weights: up to 2^31 of them fit with room to spare

inline constexpr int kWeightBits = 57;
inline constexpr Weight kFullWeight = Weight{1} << kWeightBits;

namespace weight_detail {

inline constexpr int kStepBits = 7;
inline constexpr int kSteps = 1 << kStepBits;  // to a power of two
// ln 2 in two parts (as in fdlibm): the last 20 bits of the first are zero, so that n times it is
// exact.
inline constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
inline constexpr double kStepsPerE = kSteps * 1.4426950408889634;
// Added to a number below 2^51, it leaves the nearest integer in the low bits.
inline constexpr double kRounder = 0x1.8p52;
// 2^57 · e^x is below 1 here.
inline constexpr double kLowest = -39.6;

constexpr double SeriesExp(double x, int terms) {
  double sum = 1;
  for (int i = terms; i > 0; --i) sum = 1 + sum * x / i;
  return sum;
}

inline constexpr auto kPowers = [] {
  std::array<double, kSteps> powers{};
  for (int i = 0; i < kSteps; ++i) powers[i] = SeriesExp(i * (kLn2High + kLn2Low) / kSteps, 22);
  return powers;
}();

}  // namespace weight_detail

// For x <= 0, -infinity included.
inline Weight WeightOf(double x) {
  using namespace weight_detail;
  if (x < kLowest) return 0;
  const double shifted = x * kStepsPerE + kRounder;
  const int64_t n = std::bit_cast<int64_t>(shifted) - std::bit_cast<int64_t>(kRounder);
  const double whole = shifted - kRounder;
  const double r = (x - whole * (kLn2High / kSteps)) - whole * (kLn2Low / kSteps);
  const double series =
      1 + r * (1 + r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120)))));
  const double power = kPowers[static_cast<size_t>(n & (kSteps - 1))] * series;
  // Times 2^(57 + n div 128), by the exponent field.
  const int64_t exponent = kWeightBits + (n >> kStepBits);
  const double weight = std::bit_cast<double>(std::bit_cast<int64_t>(power) + (exponent << 52));
  return static_cast<Weight>(static_cast<int64_t>(weight));
}

}  // namespace fathom
