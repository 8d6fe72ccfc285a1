// Norms, activations, sums, rotations: everything that works element by element or row by row.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/references.h"
#include "cpu/kernels/test_data.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

using test::Bounded;
using test::Guarded;
using test::kExpError;
using test::kUnit;
using test::Random;
using test::Values;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<int64_t> Lengths() {
  std::vector<int64_t> lengths;
  for (int64_t n = 1; n <= 67; ++n) lengths.push_back(n);
  for (const int64_t n : {127, 128, 129, 384, 511, 512, 513, 1536, 7168}) lengths.push_back(n);
  return lengths;
}

Guarded<float> Filled(int64_t n, Random& random, Values values = Values::kSymmetric) {
  Guarded<float> x(n);
  for (float& v : x) v = test::Draw(random, values);
  return x;
}

class ElementwiseTest : public test::KernelTest {};

// x * w / sqrt(mean(x²) + eps): the chain of squares, then four roundings. The relative error of
// the root is half of the sum's.
std::vector<Bounded> ReferenceRmsNorm(int lanes, const float* x, const float* w, double eps,
                                      int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  const double scale = 1.0 / std::sqrt(sum / static_cast<double>(n) + eps);
  const double relative = kUnit * (test::ChainDepth(n / lanes + 1) + 10);
  std::vector<Bounded> y;
  for (int64_t i = 0; i < n; ++i) {
    const double value = x[i] * scale * w[i];
    y.push_back({value, std::abs(value) * relative + test::kSmallest});
  }
  return y;
}

TEST_P(ElementwiseTest, RmsNorm) {
  Random random(1);
  for (const int64_t n : Lengths()) {
    SCOPED_TRACE(n);
    for (const Values values : {Values::kSymmetric, Values::kWide}) {
      const Guarded<float> x = Filled(n, random, values), w = Filled(n, random);
      const Guarded<float> y(n);
      const auto expected = ReferenceRmsNorm(table().lanes, x.data(), w.data(), 1e-6F, n);
      table().rms_norm(x.data(), w.data(), 1e-6F, n, y.data());
      test::ExpectWithin(y.data(), expected);
      EXPECT_TRUE(y.Intact());
      table().rms_norm(x.data(), w.data(), 1e-6F, n, x.data());  // in place
      test::ExpectSameBits(x.data(), y.data(), n);
    }
  }
}

TEST_P(ElementwiseTest, RmsNormOfZerosIsZero) {
  const Guarded<float> x(37), y(37);
  Random random(2);
  const Guarded<float> w = Filled(37, random);
  table().rms_norm(x.data(), w.data(), 1e-6F, 37, y.data());
  for (const float v : y) EXPECT_EQ(v, 0.0F);
}

TEST_P(ElementwiseTest, AddRmsNormNormalisesTheSum) {
  Random random(3);
  for (const int64_t n : Lengths()) {
    SCOPED_TRACE(n);
    const Guarded<float> delta = Filled(n, random), residual = Filled(n, random);
    const Guarded<float> w = Filled(n, random), y(n), sum(n), expected(n);
    for (int64_t i = 0; i < n; ++i) sum[i] = residual[i] + delta[i];
    table().rms_norm(sum.data(), w.data(), 1e-6F, n, expected.data());
    table().add_rms_norm(delta.data(), residual.data(), w.data(), 1e-6F, n, y.data());
    test::ExpectSameBits(residual.data(), sum.data(), n);
    test::ExpectSameBits(y.data(), expected.data(), n);
    EXPECT_TRUE(y.Intact() && residual.Intact());
  }
}

TEST_P(ElementwiseTest, LayerNorm) {
  Random random(4);
  for (const int64_t n : Lengths()) {
    SCOPED_TRACE(n);
    // Far from zero, where a variance computed as mean(x²) - mean² would have lost its digits.
    for (const float offset : {0.0F, 100.0F}) {
      const Guarded<float> x = Filled(n, random), w = Filled(n, random), b = Filled(n, random);
      for (float& v : x) v += offset;
      double mean = 0, variance = 0, magnitude = 0;
      for (const float v : x) mean += v / static_cast<double>(n);
      for (const float v : x) variance += (v - mean) * (v - mean) / static_cast<double>(n);
      for (const float v : x) magnitude = std::max<double>(magnitude, std::abs(v));
      const double scale = 1.0 / std::sqrt(variance + 1e-6F);
      // The mean is off by a few units of the largest element; what that does to the variance is
      // of second order.
      const double depth = test::ChainDepth(n / table().lanes + 1) + 10;
      const double mean_error = depth * kUnit * magnitude;
      std::vector<Bounded> expected;
      for (int64_t i = 0; i < n; ++i) {
        const double value = (x[i] - mean) * scale * w[i];
        expected.push_back(
            {value + b[i],
             std::abs(value) * (depth * kUnit + scale * scale * mean_error * mean_error) +
                 std::abs(scale * w[i]) * 2 * mean_error + std::abs(b[i]) * kUnit});
      }
      const Guarded<float> y(n);
      table().layer_norm(x.data(), w.data(), b.data(), 1e-6F, n, y.data());
      test::ExpectWithin(y.data(), expected);
      EXPECT_TRUE(y.Intact());
      table().layer_norm(x.data(), w.data(), b.data(), 1e-6F, n, x.data());
      test::ExpectSameBits(x.data(), y.data(), n);
    }
  }
}

TEST_P(ElementwiseTest, SigmoidIsAccurateEverywhere) {
  std::vector<float> points;
  for (float x = -87.0F; x <= 88.0F; x += 0.00397F) points.push_back(x);
  for (int e = -40; e <= 3; ++e) {
    points.push_back(std::ldexp(1.3F, e));
    points.push_back(-std::ldexp(1.3F, e));
  }
  const auto n = static_cast<int64_t>(points.size());
  Guarded<float> x(n), y(n);
  std::copy(points.begin(), points.end(), x.begin());
  table().sigmoid(x.data(), n, y.data());
  double worst = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double expected = 1.0 / (1.0 + std::exp(-static_cast<double>(x[i])));
    worst = std::max(worst, std::abs(y[i] - expected) / expected);
  }
  EXPECT_LT(worst, kExpError);
}

TEST_P(ElementwiseTest, SigmoidOfEveryTail) {
  Random random(5);
  for (const int64_t n : Lengths()) {
    SCOPED_TRACE(n);
    const Guarded<float> x = Filled(n, random), y(n);
    for (float& v : x) v *= 20;
    table().sigmoid(x.data(), n, y.data());
    std::vector<Bounded> expected;
    for (const float v : x) {
      const double value = 1.0 / (1.0 + std::exp(-static_cast<double>(v)));
      expected.push_back({value, value * kExpError});
    }
    test::ExpectWithin(y.data(), expected);
    EXPECT_TRUE(y.Intact());
    table().sigmoid(x.data(), n, x.data());
    test::ExpectSameBits(x.data(), y.data(), n);
  }
}

TEST_P(ElementwiseTest, SigmoidOfExtremes) {
  Guarded<float> x(9), y(9);
  const float values[] = {kInfinity, -kInfinity, 200.0F, -200.0F, 3.0e38F,
                          -3.0e38F,  0.0F,       -0.0F,  kNaN};
  std::copy(std::begin(values), std::end(values), x.begin());
  table().sigmoid(x.data(), 9, y.data());
  for (const int i : {0, 2, 4}) EXPECT_EQ(y[i], 1.0F);
  for (const int i : {1, 3, 5}) EXPECT_LT(y[i], 1e-37F);
  for (const int i : {1, 3, 5}) EXPECT_GE(y[i], 0.0F);
  for (const int i : {6, 7}) EXPECT_EQ(y[i], 0.5F);
  EXPECT_TRUE(std::isnan(y[8]));
}

TEST_P(ElementwiseTest, SwiGlu) {
  Random random(6);
  for (const int64_t n : Lengths()) {
    SCOPED_TRACE(n);
    for (const float spread : {1.0F, 60.0F}) {
      const Guarded<float> gate = Filled(n, random), up = Filled(n, random), y(n);
      for (float& v : gate) v *= spread;
      std::vector<Bounded> expected;
      for (int64_t i = 0; i < n; ++i) {
        const double g = gate[i];
        const double value = g / (1.0 + std::exp(-g)) * up[i];
        expected.push_back({value, std::abs(value) * (kExpError + 3 * kUnit) + test::kSmallest});
      }
      table().swiglu(gate.data(), up.data(), n, y.data());
      test::ExpectWithin(y.data(), expected);
      EXPECT_TRUE(y.Intact());
      const Guarded<float> copy(n);
      std::copy(up.begin(), up.end(), copy.begin());
      table().swiglu(gate.data(), copy.data(), n, copy.data());  // over up
      test::ExpectSameBits(copy.data(), y.data(), n);
      table().swiglu(gate.data(), up.data(), n, gate.data());  // over gate
      test::ExpectSameBits(gate.data(), y.data(), n);
    }
  }
}

TEST_P(ElementwiseTest, SumsRoundOnce) {
  Random random(7);
  for (const int64_t n : Lengths()) {
    SCOPED_TRACE(n);
    const Guarded<float> x = Filled(n, random, Values::kWide), y = Filled(n, random, Values::kWide);
    const Guarded<float> sum(n), scaled(n);
    const float weight = random.Symmetric();
    const bool fused = table().lanes > 4;
    for (int64_t i = 0; i < n; ++i) {
      sum[i] = x[i] + y[i];
      scaled[i] = fused ? std::fma(weight, y[i], sum[i]) : weight * y[i] + sum[i];
    }
    table().add(x.data(), y.data(), n);
    test::ExpectSameBits(x.data(), sum.data(), n);
    table().add_scaled(x.data(), y.data(), weight, n);
    test::ExpectSameBits(x.data(), scaled.data(), n);
    EXPECT_TRUE(x.Intact());
  }
}

class RotationTest : public test::KernelTest {};

TEST_P(RotationTest, RopeRotatesPairs) {
  Random random(8);
  for (const int64_t dim : {2, 4, 6, 8, 10, 12, 14, 16, 18, 32, 34, 62, 64, 66, 128}) {
    SCOPED_TRACE(dim);
    const Guarded<float> cos_sin(dim);
    for (int64_t i = 0; i < dim / 2; ++i) {
      const double angle = 100.0 * random.Symmetric();
      cos_sin[i] = static_cast<float>(std::cos(angle));
      cos_sin[dim / 2 + i] = static_cast<float>(std::sin(angle));
    }
    for (const bool interleaved : {true, false}) {
      const Guarded<float> x = Filled(dim, random);
      std::vector<Bounded> expected(static_cast<size_t>(dim));
      for (int64_t i = 0; i < dim / 2; ++i) {
        const int64_t first = interleaved ? 2 * i : i,
                      second = interleaved ? 2 * i + 1 : i + dim / 2;
        const double a = x[first], b = x[second], c = cos_sin[i], s = cos_sin[dim / 2 + i];
        expected[static_cast<size_t>(first)] = {a * c - b * s,
                                                3 * kUnit * (std::abs(a * c) + std::abs(b * s))};
        expected[static_cast<size_t>(second)] = {a * s + b * c,
                                                 3 * kUnit * (std::abs(a * s) + std::abs(b * c))};
      }
      (interleaved ? table().rope_interleaved : table().rope_half)(x.data(), cos_sin.data(), dim);
      test::ExpectWithin(x.data(), expected);
      EXPECT_TRUE(x.Intact());
    }
  }
}

TEST_P(RotationTest, RopeByNoAngleChangesNothing) {
  Random random(9);
  const Guarded<float> x = Filled(64, random), before(64), cos_sin(64);
  std::copy(x.begin(), x.end(), before.begin());
  std::fill_n(cos_sin.begin(), 32, 1.0F);
  table().rope_interleaved(x.data(), cos_sin.data(), 64);
  table().rope_half(x.data(), cos_sin.data(), 64);
  test::ExpectSameBits(x.data(), before.data(), 64);
}

// H[i][j] = (-1)^popcount(i & j) / sqrt(dim).
TEST_P(RotationTest, HadamardIsTheWalshMatrix) {
  Random random(10);
  for (int64_t dim = 1; dim <= 1024; dim *= 2) {
    SCOPED_TRACE(dim);
    const Guarded<float> x = Filled(dim, random);
    std::vector<Bounded> expected;
    for (int64_t i = 0; i < dim; ++i) {
      Bounded y;
      for (int64_t j = 0; j < dim; ++j) {
        const double sign = __builtin_popcountll(static_cast<uint64_t>(i & j)) % 2 == 0 ? 1 : -1;
        y.value += sign * x[j];
        y.bound += std::abs(x[j]);
      }
      const double scale = 1.0 / std::sqrt(static_cast<double>(dim));
      y.value *= scale;
      y.bound *= scale * kUnit * (std::log2(static_cast<double>(dim)) + 3);
      expected.push_back(y);
    }
    table().hadamard(x.data(), dim);
    test::ExpectWithin(x.data(), expected);
    EXPECT_TRUE(x.Intact());
  }
}

TEST_P(RotationTest, HadamardIsExactOnUnitVectors) {
  for (int64_t one = 0; one < 128; ++one) {
    const Guarded<float> x(128);
    x[one] = 1.0F;
    table().hadamard(x.data(), 128);
    const float size = 1.0F / std::sqrt(128.0F);
    for (int64_t i = 0; i < 128; ++i) {
      const bool odd = __builtin_popcountll(static_cast<uint64_t>(i & one)) % 2 != 0;
      ASSERT_EQ(x[i], odd ? -size : size) << i << ", " << one;
    }
  }
}

class UnpackTest : public test::KernelTest {};

TEST_P(UnpackTest, EveryTypeAndTailIsExact) {
  Random random(11);
  for (const test::WeightKind& kind : test::kWeightKinds) {
    if (kind.e8m0) continue;
    for (const int64_t n : Lengths()) {
      SCOPED_TRACE(fmt::format("{}, {} elements", kind.name, n));
      const test::TestWeights w(kind, 1, n, random, Values::kWide);
      const Guarded<float> out(n);
      table().unpack(w.data(), kind.packed, n, out.data());
      for (int64_t k = 0; k < n; ++k) ASSERT_EQ(out[k], static_cast<float>(w.ElementAt(0, k)));
      EXPECT_TRUE(out.Intact());
    }
  }
}

TEST_P(UnpackTest, EveryF16AndBF16) {
  for (const Packed packed : {Packed::kF16, Packed::kBF16}) {
    const Guarded<std::byte> codes(65536 * 2, 1);
    const Guarded<float> out(65536);
    for (int64_t i = 0; i < 65536; ++i) {
      const auto bits = static_cast<uint16_t>(i);
      std::memcpy(codes.data() + 2 * i, &bits, 2);
    }
    table().unpack(codes.data(), packed, 65536, out.data());
    for (int64_t i = 0; i < 65536; ++i) {
      const auto bits = static_cast<uint16_t>(i);
      const float expected = packed == Packed::kF16 ? ToFloat(F16{bits}) : ToFloat(BF16{bits});
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(out[i])) << i;
      } else {
        ASSERT_EQ(std::memcmp(&out[i], &expected, 4), 0) << i;
      }
    }
  }
}

TEST_P(UnpackTest, PackBF16RoundsToNearestEven) {
  Random random(12);
  for (const int64_t n : Lengths()) {
    const Guarded<float> x(n);
    for (float& v : x) {
      const uint32_t bits = random.Bits();
      std::memcpy(&v, &bits, 4);
      if (std::isnan(v)) v = 1.0F;
    }
    // Exactly between two, of both parities.
    const uint32_t half[] = {0x3F808000, 0x3F818000, 0xBF808000, 0x7F7FFFFF, 0x00000001};
    for (size_t i = 0; i < 5 && static_cast<int64_t>(i) < n; ++i)
      std::memcpy(&x[static_cast<int64_t>(i)], &half[i], 4);
    const Guarded<uint16_t> out(n);
    table().pack_bf16(x.data(), n, out.data());
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(out[i], ToBF16(x[i]).bits) << x[i];
    EXPECT_TRUE(out.Intact());
  }
}

TEST_P(UnpackTest, PackBF16KeepsNaN) {
  const Guarded<float> x(20);
  const Guarded<uint16_t> out(20);
  const uint32_t nan[] = {0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF, 0xFF800001, 0x7FC00000};
  for (int64_t i = 0; i < 20; ++i) std::memcpy(&x[i], &nan[i % 5], 4);
  table().pack_bf16(x.data(), 20, out.data());
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(out[i], ToBF16(x[i]).bits) << i;
}

INSTANTIATE_TEST_SUITE_P(EveryTable, ElementwiseTest, test::kEveryTable, test::TableName);
INSTANTIATE_TEST_SUITE_P(EveryTable, RotationTest, test::kEveryTable, test::TableName);
INSTANTIATE_TEST_SUITE_P(EveryTable, UnpackTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
