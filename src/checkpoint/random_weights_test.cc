#include "checkpoint/random_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "quant/fp8_block.h"

namespace fathom {
namespace {

TensorSpec Matrix(int64_t rows, int64_t cols) {
  return {.name = "model.layers.0.self_attn.q_a_proj.weight",
          .kind = TensorKind::kAttention,
          .storage = Storage::kMatrix,
          .shape = {rows, cols}};
}

std::vector<float> Values(const TensorSpec& spec, DType type, uint64_t seed) {
  const RandomWeights weights(spec, type, seed);
  const int64_t count = spec.shape.elements();
  std::vector<std::byte> bytes(static_cast<size_t>(count * Bytes(type)));
  weights.Fill(0, count, bytes.data());
  std::vector<float> scales(static_cast<size_t>(ScaleShape(spec.shape).elements()));
  weights.FillScales(ScaleShape(spec.shape), scales.data());
  const MatrixView view{.data = bytes.data(),
                        .dtype = type,
                        .rows = spec.shape[0],
                        .cols = spec.shape[1],
                        .scales = scales.data()};
  std::vector<float> values(static_cast<size_t>(count));
  DequantizeRows(view, 0, view.rows, values.data());
  return values;
}

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};
Moments MomentsOf(const std::vector<float>& values) {
  double sum = 0, squares = 0, largest = 0;
  for (const double v : values) {
    sum += v;
    squares += v * v;
    largest = std::max(largest, std::abs(v));
  }
  const auto count = static_cast<double>(values.size());
  return {sum / count, std::sqrt(squares / count), largest};
}

// y = W x keeps the variance of x: K · deviation² = 1.
TEST(RandomWeights, MatricesKeepTheVarianceOfActivations) {
  for (const DType type : {DType::kF8E4M3, DType::kBF16, DType::kF32}) {
    // The scales of F8_E4M3 tiles differ by factors of 2, and there are few of them.
    const double tolerance = type == DType::kF8E4M3 ? 0.2 : 0.01;
    for (const int64_t cols : {64, 512, 2048}) {
      const Moments moments = MomentsOf(Values(Matrix(2048, cols), type, 1));
      const double expected = 1 / std::sqrt(static_cast<double>(cols));
      EXPECT_NEAR(moments.mean, 0, expected * 0.01) << Name(type) << " " << cols;
      EXPECT_NEAR(moments.deviation, expected, expected * tolerance) << Name(type) << " " << cols;
      EXPECT_LT(moments.largest, expected * 6.5);
    }
  }
}

TEST(RandomWeights, CodesAreNumbersThatFillTheRange) {
  const TensorSpec spec = Matrix(256, 1024);
  const RandomWeights weights(spec, DType::kF8E4M3, 7);
  std::vector<uint8_t> codes(256 * 1024);
  weights.Fill(0, 256 * 1024, reinterpret_cast<std::byte*>(codes.data()));
  std::array<int, 256> counts{};
  float largest = 0;
  for (const uint8_t code : codes) {
    ASSERT_FALSE(IsNaN(E4M3{code}));
    ++counts[code];
    largest = std::max(largest, ToFloat(E4M3{code}));
  }
  EXPECT_GT(largest, 224);  // an encoder would have chosen the same scale
  EXPECT_GT(std::count_if(counts.begin(), counts.end(), [](int n) { return n > 0; }), 80);
}

TEST(RandomWeights, TileScalesArePowersOfTwoThatDiffer) {
  const TensorSpec spec = Matrix(1280, 1280);
  std::vector<float> scales(100);
  RandomWeights(spec, DType::kF8E4M3, 7).FillScales({10, 10}, scales.data());
  std::array<int, 3> counts{};
  const float smallest = *std::min_element(scales.begin(), scales.end());
  for (const float scale : scales) {
    const int step = std::ilogb(scale / smallest);
    ASSERT_EQ(std::ldexp(smallest, step), scale);
    ASSERT_LT(step, 3);
    ++counts[static_cast<size_t>(step)];
  }
  for (const int count : counts) EXPECT_GT(count, 10);
}

TEST(RandomWeights, AnyPartIsTheSame) {
  const TensorSpec spec = Matrix(100, 77);
  for (const DType type : {DType::kF8E4M3, DType::kBF16, DType::kF16, DType::kF32}) {
    const RandomWeights weights(spec, type, 3);
    const auto size = static_cast<size_t>(Bytes(type));
    std::vector<std::byte> whole(7700 * size), part(7700 * size);
    weights.Fill(0, 7700, whole.data());
    for (const auto& [begin, count] :
         std::vector<std::pair<int64_t, int64_t>>{{0, 16}, {16, 1}, {1600, 6100}, {7696, 4}}) {
      weights.Fill(begin, count, part.data());
      EXPECT_EQ(memcmp(part.data(), whole.data() + static_cast<size_t>(begin) * size,
                       static_cast<size_t>(count) * size),
                0)
          << Name(type) << " " << begin;
    }
  }
}

TEST(RandomWeights, DependOnSeedAndName) {
  TensorSpec other = Matrix(8, 16);
  other.name = "model.layers.1.self_attn.q_a_proj.weight";
  const auto first = Values(Matrix(8, 16), DType::kBF16, 1);
  EXPECT_EQ(Values(Matrix(8, 16), DType::kBF16, 1), first);
  EXPECT_NE(Values(Matrix(8, 16), DType::kBF16, 2), first);
  EXPECT_NE(Values(other, DType::kBF16, 1), first);
}

// The same on every machine: these numbers are part of the format of benchmarks and tests.
TEST(RandomWeights, KnownValues) {
  const RandomWeights codes(Matrix(16, 128), DType::kF8E4M3, 1);
  std::array<uint8_t, 8> bytes;
  codes.Fill(0, 8, reinterpret_cast<std::byte*>(bytes.data()));
  EXPECT_EQ(bytes, (std::array<uint8_t, 8>{0xEE, 0xF8, 0xF1, 0xD8, 0xEC, 0xDA, 0xD8, 0xDE}));
  const std::vector<float> values = Values(Matrix(16, 128), DType::kBF16, 1);
  EXPECT_EQ(values[0], -0.453125F);
  EXPECT_EQ(values[1], -0.0218505859F);
}

TEST(RandomWeights, EveryKindOfVector) {
  const auto moments = [](const std::string& name) {
    const TensorSpec spec{.name = name, .storage = Storage::kBF16, .shape = {4096}};
    std::vector<float> values(4096);
    RandomWeights(spec, DType::kF32, 5).Fill(0, 4096, reinterpret_cast<std::byte*>(values.data()));
    double sum = 0, squares = 0;
    for (const double v : values) sum += v, squares += v * v;
    const double mean = sum / 4096;
    return std::pair(mean, std::sqrt(squares / 4096 - mean * mean));
  };
  const auto norm = moments("model.norm.weight");
  EXPECT_NEAR(norm.first, 1, 0.01);
  EXPECT_NEAR(norm.second, 0.1, 0.01);
  const auto bias = moments("model.layers.3.mlp.gate.e_score_correction_bias");
  EXPECT_NEAR(bias.first, 0, 0.001);
  EXPECT_NEAR(bias.second, 0.01, 0.001);
  const auto k_norm_bias = moments("model.layers.3.self_attn.indexer.k_norm.bias");
  EXPECT_NEAR(k_norm_bias.first, 0, 0.01);
  EXPECT_NEAR(k_norm_bias.second, 0.1, 0.01);
}

TEST(RandomWeights, CopiesOfTheMtpLayerAreCopies) {
  const TensorSpec main{.name = "lm_head.weight", .shape = {4, 64}};
  const TensorSpec copy{.name = "model.layers.3.shared_head.head.weight",
                        .shape = {4, 64},
                        .layer = 3,
                        .optional = true};
  std::vector<std::byte> a(512), b(512);
  RandomWeights(main, DType::kBF16, 5).Fill(0, 256, a.data());
  RandomWeights(copy, DType::kBF16, 5).Fill(0, 256, b.data());
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace fathom
