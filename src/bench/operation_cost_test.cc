// Against counts made by hand.
#include "bench/operation_cost.h"

#include <gtest/gtest.h>

#include <array>

namespace fathom {
namespace {

BufferView View(int64_t rows, int64_t cols) { return {nullptr, DType::kF32, rows, cols, cols}; }

MatrixView Matrix(DType dtype, int64_t rows, int64_t cols) {
  MatrixView w;
  w.dtype = dtype;
  w.rows = rows;
  w.cols = cols;
  return w;
}

void ExpectCost(const Cost& cost, double flops, double bytes) {
  EXPECT_EQ(cost.flops, flops);
  EXPECT_EQ(cost.bytes, bytes);
}

// Five rows of two sequences at positions 2 3 4 | 0 9, in a bf16 cache of latent 8 + rope 2 and
// index keys of 4: 20 and 8 bytes a token.
class CacheCost : public testing::Test {
 protected:
  static constexpr std::array<int32_t, 5> kPositions = {2, 3, 4, 0, 9};
  static constexpr std::array<int32_t, 5> kSequences = {0, 0, 0, 1, 1};
  StepRows rows_{5, kPositions.data(), kSequences.data(), nullptr, 1};
  LayerCache cache_{{CacheType::kBF16, 8, 2, 4}, nullptr, nullptr};
};

TEST(OperationCost, LinearOfF32) {
  // 3 rows × 5 outputs × 7 inputs; 35 weights, 21 inputs, 15 outputs.
  ExpectCost(CostOf(LinearParams{View(3, 7), Matrix(DType::kF32, 5, 7), View(3, 5)}), 2 * 3 * 5 * 7,
             4 * (35 + 21 + 15));
}

TEST(OperationCost, LinearOfFp8ReadsItsScales) {
  // 130 × 256 elements in 2 × 2 tiles.
  ExpectCost(CostOf(LinearParams{View(1, 256), Matrix(DType::kF8E4M3, 130, 256), View(1, 130)}),
             2.0 * 130 * 256, 130 * 256 + 4 * 4 + 4 * (256 + 130));
}

TEST(OperationCost, PassesOverRows) {
  ExpectCost(CostOf(EmbedParams{nullptr, Matrix(DType::kBF16, 99, 6), View(3, 6)}), 0,
             3 * 6 * (2 + 4));
  ExpectCost(CostOf(RmsNormParams{View(3, 6), nullptr, 0, View(3, 6)}), 0, 4 * (18 + 6 + 18));
  ExpectCost(CostOf(AddRmsNormParams{View(3, 6), View(3, 6), nullptr, 0, View(3, 6)}), 0,
             4 * (18 + 2 * 18 + 6 + 18));
  ExpectCost(CostOf(LayerNormParams{View(3, 6), nullptr, nullptr, 0, View(3, 6)}), 0,
             4 * (18 + 2 * 6 + 18));
  // 2 heads, of each the 4 rotary elements of 10.
  ExpectCost(CostOf(RopeParams{View(3, 14), 2, 10, 4, View(3, 4), RopeOrder::kHalf}), 0,
             4 * (2 * 3 * 2 * 4 + 3 * 4));
  ExpectCost(CostOf(HadamardParams{View(3, 8), 4}), 0, 4 * 2 * 24);
  ExpectCost(CostOf(SwiGluParams{View(3, 6), View(3, 6), View(3, 6)}), 0, 4 * 3 * 18);
  ExpectCost(CostOf(AddParams{View(3, 6), View(3, 6)}), 0, 4 * 3 * 18);
  const std::array<int32_t, 2> picked = {2, 0};
  ExpectCost(CostOf(GatherRowsParams{View(3, 6), picked, View(2, 6)}), 0, 4 * 2 * 12);
}

TEST_F(CacheCost, Writes) {
  ExpectCost(CostOf(WriteLatentsParams{rows_, View(5, 10), cache_}), 0, 4 * 50 + 5 * 20);
  ExpectCost(CostOf(WriteIndexKeysParams{rows_, View(5, 4), cache_}), 0, 4 * 20 + 5 * 8);
}

TEST_F(CacheCost, IndexScoresOfRowsThatMustChoose) {
  // Of the best 3, positions 3, 4 and 9 choose among 4, 5 and 10 keys; 3 index heads.
  const IndexScoresParams params = {rows_, 0, 5, View(5, 12), View(5, 3),
                                    1,     3, 3, cache_,      View(5, 64)};
  const double scores = 4 + 5 + 10;
  // Keys: 5 of the first sequence, 10 of the second, once each.
  ExpectCost(CostOf(params), scores * 3 * 2 * (4 + 1), 15 * 8 + 4 * (3 * 3 * (4 + 1) + scores));
}

TEST_F(CacheCost, TopK) {
  const TopKParams params = {rows_, 0, 5, View(5, 64), 3, nullptr, nullptr};
  ExpectCost(CostOf(params), 0, 4 * (4 + 5 + 10) + 4 * 5 * (3 + 1));
}

TEST_F(CacheCost, SparseAttentionOfTheListedRows) {
  const std::array<int32_t, 2> which = {1, 4};
  const std::array<int32_t, 5> counts = {9, 3, 9, 9, 2};
  const SparseMlaParams params = {rows_, which,  View(5, 16), View(5, 2 * 5), 2,
                                  3,     2,      nullptr,     counts.data(),  3,
                                  1,     cache_, View(5, 16)};
  // 3 + 2 keys, 2 heads: scores over 8 + 2 elements, sums over 8.
  ExpectCost(CostOf(params), 5 * 2 * 2 * (10 + 8), 5 * (20 + 4) + 4 * 2 * 2 * (10 + 8));
}

TEST_F(CacheCost, AbsorbAndProjectReadTheirHalfOfKvB) {
  // 2 heads of 3 + 5 rows over a latent of 8.
  const MatrixView kv_b = Matrix(DType::kBF16, 16, 8);
  ExpectCost(CostOf(AbsorbQueriesParams{View(5, 2 * 5), kv_b, 2, 3, 2, 5, View(5, 16)}),
             2 * 5 * 2 * 3 * 8, 2 * 2 * 3 * 8 + 4 * (5 * 2 * 3 + 5 * 16));
  const std::array<int32_t, 2> which = {1, 4};
  ExpectCost(CostOf(ProjectValuesParams{which, View(5, 16), kv_b, 2, 3, 5, View(5, 10)}),
             2 * 2 * 2 * 5 * 8, 2 * 2 * 5 * 8 + 4 * 2 * 2 * (8 + 5));
}

TEST_F(CacheCost, MultiHeadFormExpandsEverySequenceOnce) {
  const std::array<int32_t, 3> which = {0, 2, 4};
  const MatrixView kv_b = Matrix(DType::kBF16, 16, 8);
  DenseMlaParams params = {};
  params.rows = rows_;
  params.which = which;
  params.q = params.out = View(5, 10);
  params.kv_b = kv_b;
  params.heads = 2;
  params.nope = 3;
  params.rope = 2;
  params.value = 5;
  params.scale = 1;
  params.cache = cache_;
  const double pairs = 3 + 5 + 10, expanded = 5 + 10;
  ExpectCost(CostOf(params), pairs * 2 * 2 * (3 + 2 + 5) + expanded * 2 * 2 * (3 + 5) * 8,
             2 * 16 * 8 + expanded * 20 + 4 * 3 * 2 * (3 + 2 + 5));
}

TEST(OperationCost, ExpertsReadThoseThatHaveRows) {
  const ExpertWeights one = {Matrix(DType::kF32, 6, 4), Matrix(DType::kF32, 6, 4),
                             Matrix(DType::kF32, 4, 6)};
  const std::array<ExpertWeights, 5> all = {one, one, one, one, one};
  const std::array<int32_t, 6> chosen = {1, 3, 3, 1, 1, 4};  // 3 rows, 2 each: three experts
  const ExpertsParams params = {View(3, 4), all, chosen.data(), nullptr, 2, View(3, 4)};
  ExpectCost(CostOf(params), 6 * 3 * 2 * 6 * 4, 4 * (3 * 3 * 24 + 12 + 2 * 6 + 12));
}

TEST(OperationCost, Routing) {
  const RouteExpertsParams params = {View(3, 8), nullptr, 2, 1, 2, true, 1, nullptr, nullptr};
  ExpectCost(CostOf(params), 0, 4 * (24 + 8 + 2 * 6));
}

}  // namespace
}  // namespace fathom
