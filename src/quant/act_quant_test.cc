#include "quant/act_quant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace fathom {
namespace {

TEST(ActQuant, ScalesOfTheSpecification) {
  const auto scale = [](float amax) { return ActQuantScale(amax, ScaleFormat::kUE8M0); };
  EXPECT_EQ(scale(448.0F), 1.0F);
  EXPECT_EQ(scale(449.0F), 2.0F);
  EXPECT_EQ(scale(1.0F), 0x1p-8F);
  EXPECT_EQ(scale(1e-4F), 0x1p-22F);
  EXPECT_EQ(scale(1e-6F), 0x1p-22F);
  EXPECT_EQ(scale(0.0F), 0x1p-22F);
  EXPECT_EQ(ActQuantScale(896.0F, ScaleFormat::kPlain), 2.0F);
  EXPECT_EQ(ActQuantScale(1.0F, ScaleFormat::kPlain), 1.0F / 448.0F);
  EXPECT_EQ(ActQuantScale(0.0F, ScaleFormat::kPlain), 1e-4F / 448.0F);
}

TEST(ActQuant, ExactlyAtEveryPowerOfTwo) {
  for (int k = -20; k <= 100; ++k) {
    const float amax = std::ldexp(448.0F, k);
    EXPECT_EQ(ActQuantScale(amax, ScaleFormat::kUE8M0), std::ldexp(1.0F, k));
    EXPECT_EQ(ActQuantScale(amax * 1.001F, ScaleFormat::kUE8M0), std::ldexp(1.0F, k + 1));
  }
}

// The definition in double, away from its jumps.
TEST(ActQuant, EqualsTheFormula) {
  std::mt19937 random(1);
  std::lognormal_distribution<float> spread(0, 4);
  std::normal_distribution<float> normal;
  for (int trial = 0; trial < 2000; ++trial) {
    const auto count = static_cast<int64_t>(1 + random() % kActivationBlock);
    std::vector<float> x(static_cast<size_t>(count));
    const float size = spread(random);
    double amax = 0;
    for (float& v : x) {
      v = normal(random) * size;
      amax = std::max(amax, std::abs(double{v}));
    }
    amax = std::max(amax, double{1e-4F});
    for (const ScaleFormat format : {ScaleFormat::kUE8M0, ScaleFormat::kPlain}) {
      std::vector<E4M3> codes(x.size());
      const float scale = ActQuantBlock(x.data(), count, format, codes.data());
      if (format == ScaleFormat::kUE8M0) {
        ASSERT_EQ(scale, std::exp2(std::ceil(std::log2(amax / 448))));
      } else {
        ASSERT_EQ(scale, static_cast<float>(amax / 448));
      }
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(codes[i].bits, ToE4M3(x[i] / scale).bits);
        // Three mantissa bits keep a normal number within 1/16; below 2^-6 the step is 2^-9.
        const double tolerance = std::max(std::abs(double{x[i]}) / 16, double{scale} * 0x1p-10);
        ASSERT_LE(std::abs(double{ToFloat(codes[i])} * scale - x[i]), tolerance * (1 + 1e-6));
      }
    }
  }
}

TEST(ActQuant, BlocksHaveScalesOfTheirOwn) {
  std::vector<float> x(300, 1.0F);
  for (size_t i = 128; i < 256; ++i) x[i] = -448.0F;
  for (size_t i = 256; i < 300; ++i) x[i] = 3.0F;
  std::vector<E4M3> codes(300);
  std::vector<float> scales(3), back(300);
  ActQuant(x.data(), 300, ScaleFormat::kUE8M0, codes.data(), scales.data());
  EXPECT_EQ(scales, (std::vector<float>{0x1p-8F, 1.0F, 0x1p-7F}));
  ActDequant(codes.data(), scales.data(), 300, back.data());
  EXPECT_EQ(back, x);
}

// The simulated fp8 cache relies on it: requantising the latent for the kv_b product loses nothing.
TEST(ActQuant, QuantisingAgainChangesNothing) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(512), once(512), twice(512);
  for (float& v : x) v = normal(random);
  std::vector<E4M3> codes(512);
  std::vector<float> scales(4);
  ActQuant(x.data(), 512, ScaleFormat::kUE8M0, codes.data(), scales.data());
  ActDequant(codes.data(), scales.data(), 512, once.data());
  ActQuant(once.data(), 512, ScaleFormat::kUE8M0, codes.data(), scales.data());
  ActDequant(codes.data(), scales.data(), 512, twice.data());
  EXPECT_EQ(once, twice);
}

TEST(ActQuant, NaNStaysNaNAndIsNoMagnitude) {
  const std::vector<float> x = {1.0F, std::nanf(""), -0.5F};
  std::vector<E4M3> codes(3);
  EXPECT_EQ(ActQuantBlock(x.data(), 3, ScaleFormat::kUE8M0, codes.data()), 0x1p-8F);
  EXPECT_TRUE(IsNaN(codes[1]));
  EXPECT_EQ(ToFloat(codes[0]), 256.0F);
  EXPECT_EQ(ToFloat(codes[2]), -128.0F);
}

}  // namespace
}  // namespace fathom
