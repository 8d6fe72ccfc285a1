#include "tensor/float_formats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace fathom {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// What e4m3 means, from its definition: sign, exponent bias 7, three mantissa bits.
double DefinitionOfE4M3(int bits) {
  const int exponent = bits >> 3 & 15, mantissa = bits & 7;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
  return bits & 0x80 ? -magnitude : magnitude;
}

TEST(E4M3, EveryCodeMeansItsDefinition) {
  for (int bits = 0; bits < 256; ++bits) {
    const float value = ToFloat(E4M3{static_cast<uint8_t>(bits)});
    if ((bits & 0x7F) == 0x7F) {
      EXPECT_TRUE(std::isnan(value));
    } else {
      EXPECT_EQ(value, DefinitionOfE4M3(bits)) << bits;
      EXPECT_EQ(std::signbit(value), bits >= 128) << bits;
    }
  }
}

TEST(E4M3, EveryCodeReadsBack) {
  for (int bits = 0; bits < 256; ++bits) {
    EXPECT_EQ(ToE4M3(ToFloat(E4M3{static_cast<uint8_t>(bits)})).bits & 0x7F, bits & 0x7F);
  }
}

// Nearest by search, ties to the even code: slow and obvious.
int NearestE4M3(float x) {
  int best = 0;
  for (int bits = 0; bits < 0x7F; ++bits) {
    const double far = std::abs(std::abs(double{x}) - DefinitionOfE4M3(bits));
    const double best_far = std::abs(std::abs(double{x}) - DefinitionOfE4M3(best));
    if (far < best_far || (far == best_far && bits % 2 == 0)) best = bits;
  }
  return best | (std::signbit(x) ? 0x80 : 0);
}

TEST(E4M3, RoundsToNearestEven) {
  for (int bits = 0; bits < 0x7E; ++bits) {
    const auto low = static_cast<float>(DefinitionOfE4M3(bits));
    const auto high = static_cast<float>(DefinitionOfE4M3(bits + 1));
    const float middle = (low + high) / 2;
    for (const float x : {low, std::nextafter(middle, 0.0F), middle, std::nextafter(middle, kInf),
                          std::nextafter(high, 0.0F)}) {
      EXPECT_EQ(ToE4M3(x).bits, NearestE4M3(x)) << x;
      EXPECT_EQ(ToE4M3(-x).bits, NearestE4M3(-x)) << -x;
    }
  }
}

TEST(E4M3, ClampsAndKeepsNaN) {
  for (const float x : {448.0F, 449.0F, 1e30F, kInf}) {
    EXPECT_EQ(ToFloat(ToE4M3(x)), 448.0F);
    EXPECT_EQ(ToFloat(ToE4M3(-x)), -448.0F);
  }
  EXPECT_TRUE(IsNaN(ToE4M3(std::nanf(""))));
  EXPECT_EQ(ToE4M3(-0.0F).bits, 0x80);
}

TEST(F16, EveryCodeMeansItsDefinitionAndReadsBack) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const float value = ToFloat(F16{static_cast<uint16_t>(bits)});
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    if (exponent == 31 && mantissa != 0) {
      EXPECT_TRUE(std::isnan(value));
      continue;
    }
    const double magnitude = exponent == 31  ? double{kInf}
                             : exponent == 0 ? std::ldexp(mantissa, -24)
                                             : std::ldexp(1024 + mantissa, exponent - 25);
    EXPECT_EQ(value, bits & 0x8000 ? -magnitude : magnitude);
    EXPECT_EQ(ToF16(value).bits, bits);
  }
}

TEST(F16, RoundsToNearestEven) {
  for (int bits = 0; bits < 0x7BFF; ++bits) {
    const float low = ToFloat(F16{static_cast<uint16_t>(bits)});
    const float high = ToFloat(F16{static_cast<uint16_t>(bits + 1)});
    const float middle = (low + high) / 2;
    EXPECT_EQ(ToF16(middle).bits, bits + bits % 2);
    EXPECT_EQ(ToF16(std::nextafter(middle, 0.0F)).bits, bits);
    EXPECT_EQ(ToF16(std::nextafter(middle, kInf)).bits, bits + 1);
  }
  EXPECT_EQ(ToF16(65519.99F).bits, 0x7BFF);
  EXPECT_EQ(ToF16(65520.0F).bits, 0x7C00);
}

TEST(BF16, RoundsToNearestEven) {
  EXPECT_EQ(ToFloat(ToBF16(1.0F)), 1.0F);
  EXPECT_EQ(ToBF16(1.0F + 0x1p-8F).bits, 0x3F80);             // tie, down to even
  EXPECT_EQ(ToBF16(1.0F + 3 * 0x1p-8F).bits, 0x3F82);         // tie, up to even
  EXPECT_EQ(ToBF16(1.0F + 0x1p-8F + 0x1p-20F).bits, 0x3F81);  // above the tie
  EXPECT_EQ(ToFloat(ToBF16(kInf)), kInf);
  EXPECT_TRUE(std::isnan(ToFloat(ToBF16(std::nanf("")))));
}

TEST(E8M0, IsAPowerOfTwo) {
  EXPECT_EQ(ToFloat(E8M0{127}), 1.0F);
  EXPECT_EQ(ToFloat(E8M0{0}), 0x1p-127F);
  EXPECT_EQ(ToFloat(E8M0{254}), 0x1p127F);
  EXPECT_TRUE(std::isnan(ToFloat(E8M0{255})));
}

}  // namespace
}  // namespace fathom
