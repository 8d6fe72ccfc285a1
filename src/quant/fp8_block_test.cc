#include "quant/fp8_block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace fathom {
namespace {

// What an e4m3 code under a scale means, from the definition and in double.
double Meaning(uint8_t code, double scale) {
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
  return (code & 0x80 ? -magnitude : magnitude) * scale;
}

uint8_t FiniteCode(std::mt19937& random) {
  uint8_t code;
  do {
    code = static_cast<uint8_t>(random());
  } while ((code & 0x7F) == 0x7F);
  return code;
}

struct Stored {
  int64_t rows, cols;
  std::vector<uint8_t> codes;
  std::vector<float> scales;
  MatrixView view() const {
    return {.data = codes.data(),
            .dtype = DType::kF8E4M3,
            .rows = rows,
            .cols = cols,
            .scales = scales.data()};
  }
};

Stored RandomStored(int64_t rows, int64_t cols, uint32_t seed) {
  std::mt19937 random(seed);
  Stored stored{rows, cols, {}, {}};
  for (int64_t i = 0; i < rows * cols; ++i) stored.codes.push_back(FiniteCode(random));
  const int64_t tiles = ((rows + 127) / 128) * ((cols + 127) / 128);
  std::uniform_real_distribution<float> scale(0.5F, 2.0F);
  for (int64_t i = 0; i < tiles; ++i) stored.scales.push_back(scale(random));
  return stored;
}

// Whole, partial in either direction, and smaller than a tile; 576 × 300 is the shape of kv_a,
// whose last tile row is half a tile (spec pitfall 19).
const std::vector<std::pair<int64_t, int64_t>> kShapes = {
    {128, 128}, {256, 384}, {576, 300}, {129, 127}, {1, 1}, {3, 257}, {127, 129}};

TEST(Fp8Block, EveryElementTimesTheScaleOfItsTile) {
  for (const auto& [rows, cols] : kShapes) {
    const Stored stored = RandomStored(rows, cols, 1);
    std::vector<float> out(static_cast<size_t>(rows * cols));
    DequantizeRows(stored.view(), 0, rows, out.data());
    const int64_t tile_cols = (cols + 127) / 128;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) {
        const auto at = static_cast<size_t>(r * cols + c);
        const float scale = stored.scales[static_cast<size_t>(r / 128 * tile_cols + c / 128)];
        ASSERT_EQ(out[at], static_cast<float>(Meaning(stored.codes[at], scale)))
            << rows << "x" << cols << " [" << r << ", " << c << "]";
      }
    }
  }
}

TEST(Fp8Block, E8M0ScalesArePowersOfTwo) {
  Stored stored = RandomStored(200, 200, 2);
  const std::vector<uint8_t> exponents = {120, 127, 130, 1};
  for (size_t i = 0; i < 4; ++i) stored.scales[i] = std::ldexp(1.0F, exponents[i] - 127);
  MatrixView packed = stored.view();
  packed.scales = exponents.data();
  packed.scale_dtype = DType::kF8E8M0;
  std::vector<float> wide(200 * 200), narrow(200 * 200);
  DequantizeRows(stored.view(), 0, 200, wide.data());
  DequantizeRows(packed, 0, 200, narrow.data());
  EXPECT_EQ(wide, narrow);
}

TEST(Fp8Block, NeedsNoAlignment) {
  const Stored stored = RandomStored(130, 130, 3);
  std::vector<uint8_t> shifted(1 + stored.scales.size() * 4);
  std::memcpy(shifted.data() + 1, stored.scales.data(), stored.scales.size() * 4);
  MatrixView view = stored.view();
  view.scales = shifted.data() + 1;
  std::vector<float> out(130), expected(130);
  DequantizeRow(view, 129, out.data());
  DequantizeRow(stored.view(), 129, expected.data());
  EXPECT_EQ(out, expected);
}

TEST(Fp8Block, ASliceIsTheSameRows) {
  const Stored stored = RandomStored(576, 300, 4);
  const MatrixView slice = stored.view().RowSlice(512, 64);
  EXPECT_EQ(slice.rows, 64);
  EXPECT_EQ(slice.bytes(), 64 * 300 + 3 * 4);
  for (int64_t r = 0; r < 64; ++r) {
    std::vector<float> out(300), expected(300);
    DequantizeRow(slice, r, out.data());
    DequantizeRow(stored.view(), 512 + r, expected.data());
    ASSERT_EQ(out, expected) << r;
  }
}

TEST(Fp8Block, ASliceThroughATileStops) {
  const Stored stored = RandomStored(256, 128, 5);
  EXPECT_DEATH((void)stored.view().RowSlice(64, 64), "row 64 lies inside a tile of 128");
}

TEST(MatrixView, PlainTypesAreTheirElements) {
  const std::vector<float> values = {1.5F, -0.25F, 3.0F, 1024.0F, -6.0F, 0.0F};
  std::vector<BF16> bf16;
  std::vector<F16> f16;
  for (const float v : values) {
    bf16.push_back(ToBF16(v));
    f16.push_back(ToF16(v));
  }
  for (const MatrixView& view :
       {MatrixView{.data = values.data(), .dtype = DType::kF32, .rows = 2, .cols = 3},
        MatrixView{.data = bf16.data(), .dtype = DType::kBF16, .rows = 2, .cols = 3},
        MatrixView{.data = f16.data(), .dtype = DType::kF16, .rows = 2, .cols = 3}}) {
    std::vector<float> out(6);
    DequantizeRows(view, 0, 2, out.data());
    EXPECT_EQ(out, values) << Name(view.dtype);
    DequantizeRow(view.RowSlice(1, 1), 0, out.data());
    EXPECT_EQ(out[0], 1024.0F) << Name(view.dtype);
    EXPECT_EQ(view.bytes(), 6 * Bytes(view.dtype));
  }
}

std::vector<float> RandomWeights(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.02F);
  std::vector<float> weights(static_cast<size_t>(count));
  for (float& w : weights) w = normal(random);
  return weights;
}

TEST(EncodeFp8, IsTheNearestUnderTheSmallestScaleThatFits) {
  for (const auto& [rows, cols] : kShapes) {
    const std::vector<float> weights = RandomWeights(rows * cols, 6);
    const Fp8Matrix encoded = EncodeFp8(weights.data(), rows, cols);
    ASSERT_EQ(encoded.scales.size(),
              static_cast<size_t>(encoded.view().row_blocks() * encoded.view().col_blocks()));
    std::vector<float> amax(encoded.scales.size());
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) {
        const auto tile = static_cast<size_t>(r / 128 * encoded.view().col_blocks() + c / 128);
        const auto at = static_cast<size_t>(r * cols + c);
        amax[tile] = std::max(amax[tile], std::abs(weights[at]));
        ASSERT_EQ(encoded.codes[at].bits, ToE4M3(weights[at] / encoded.scales[tile]).bits);
      }
    }
    for (size_t tile = 0; tile < amax.size(); ++tile) {
      EXPECT_LE(amax[tile] / encoded.scales[tile], 448.0F);
      EXPECT_GT(amax[tile] / encoded.scales[tile], 224.0F);
      EXPECT_EQ(std::exp2(std::round(std::log2(encoded.scales[tile]))), encoded.scales[tile]);
    }
  }
}

TEST(EncodeFp8, DecodedWeightsEncodeToThemselves) {
  const std::vector<float> weights = RandomWeights(576 * 300, 7);
  const Fp8Matrix once = EncodeFp8(weights.data(), 576, 300);
  std::vector<float> decoded(576 * 300), again(576 * 300);
  DequantizeRows(once.view(), 0, 576, decoded.data());
  const Fp8Matrix twice = EncodeFp8(decoded.data(), 576, 300);
  EXPECT_EQ(twice.scales, once.scales);
  DequantizeRows(twice.view(), 0, 576, again.data());
  EXPECT_EQ(again, decoded);
}

TEST(EncodeFp8, ExtremeTiles) {
  const auto scale_of = [](float amax) { return EncodeFp8(&amax, 1, 1).scales[0]; };
  EXPECT_EQ(scale_of(0.0F), 1.0F);
  EXPECT_EQ(scale_of(448.0F), 1.0F);
  EXPECT_EQ(scale_of(-448.0F), 1.0F);
  EXPECT_EQ(scale_of(std::nextafter(448.0F, 449.0F)), 2.0F);
  EXPECT_EQ(scale_of(224.0F), 0.5F);
  EXPECT_EQ(scale_of(3.4e38F), 0x1p120F);
  EXPECT_EQ(scale_of(1e-45F), 0x1p-126F);
}

}  // namespace
}  // namespace fathom
