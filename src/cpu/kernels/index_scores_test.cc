// Index scores against spec 3.5, and the cuts that must not change them.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/references.h"
#include "cpu/kernels/test_data.h"

namespace fathom {
namespace {

using test::Bounded;
using test::FloatRows;
using test::Guarded;
using test::kCacheTypes;
using test::Random;
using test::TestCache;
using test::Values;

class IndexScoresTest : public test::KernelTest {
 protected:
  void Run(const TestCache& cache, const FloatRows& query, const FloatRows& weights,
           float weight_scale, int64_t r_begin, int64_t rows, int64_t page_begin, int64_t page_end,
           int64_t heads, const FloatRows& scores) const {
    const Guarded<float> scratch(IndexScoresScratch(cache.layout().index_dim));
    std::fill(scratch.begin(), scratch.end(), 1e30F);
    IndexScoresTask task = {};
    task.query = query.inputs() + r_begin;
    task.weights = weights.inputs() + r_begin;
    task.weight_scale = weight_scale;
    task.rows = rows;
    task.heads = heads;
    task.cache = cache.view().rows();
    task.page_begin = page_begin;
    task.page_end = page_end;
    task.scores = scores.outputs() + r_begin;
    task.scratch = scratch.data();
    table().index_scores(task);
    EXPECT_TRUE(scratch.Intact());
  }
};

std::vector<CacheLayout> Layouts() {
  std::vector<CacheLayout> layouts;
  for (const CacheType type : kCacheTypes) {
    layouts.push_back({type, 128, 16, 128});
    if (type != CacheType::kFP8) layouts.push_back({type, 64, 16, 20});
  }
  return layouts;
}

TEST_P(IndexScoresTest, LieWithinTheBoundAndNoCutChangesABit) {
  Random random(1);
  constexpr int64_t kTokens = 64 * 3 + 17, kPages = 4;
  for (const CacheLayout& layout : Layouts()) {
    const TestCache cache(layout, kTokens, random);
    for (const int64_t heads : {1, 2, 3, 4, 5, 64, 65, 70}) {
      SCOPED_TRACE(
          fmt::format("{}, index_dim {}, {} heads", Name(layout.type), layout.index_dim, heads));
      const FloatRows query(kIndexRows, heads * layout.index_dim, random, Values::kSymmetric);
      const FloatRows weights(kIndexRows, heads, random, Values::kSymmetric);
      const FloatRows alone(kIndexRows, kPages * 64);
      for (int64_t r = 0; r < kIndexRows; ++r) {
        Run(cache, query, weights, 0.011F, r, 1, 0, kPages, heads, alone);
        if (r >= 2) continue;
        std::vector<Bounded> expected;
        for (int64_t c = 0; c < kTokens; ++c) {
          expected.push_back(test::ReferenceIndexScore(query.row(r), weights.row(r), heads, 0.011F,
                                                       cache.view(), c));
        }
        test::ExpectWithin(alone.row(r), expected);
      }
      for (int64_t rows = 2; rows <= kIndexRows; ++rows) {
        // Scores of pages outside [page_begin, page_end) are another piece's.
        const FloatRows scores(kIndexRows, kPages * 64);
        const int64_t begin = kIndexRows - rows;
        Run(cache, query, weights, 0.011F, begin, rows, 2, 3, heads, scores);
        for (int64_t r = begin; r < kIndexRows; ++r) {
          for (int64_t c = 0; c < kPages * 64; ++c) {
            const bool outside = c < 128 || c >= 192;
            ASSERT_TRUE(!outside || scores.row(r)[c] == 0.0F) << c;
          }
        }
        Run(cache, query, weights, 0.011F, begin, rows, 0, 2, heads, scores);
        Run(cache, query, weights, 0.011F, begin, rows, 3, 4, heads, scores);
        for (int64_t r = begin; r < kIndexRows; ++r) {
          test::ExpectSameBits(scores.row(r), alone.row(r), kTokens);
        }
        EXPECT_TRUE(scores.Intact());
      }
      if (HasFatalFailure()) return;
    }
  }
}

// The ReLU stands before the weight: a key that every head dislikes scores 0 even where weights are
// negative, and scores may be negative.
TEST_P(IndexScoresTest, ReluBeforeTheWeight) {
  Random random(2);
  for (const CacheType type : kCacheTypes) {
    const CacheLayout layout{type, 128, 16, 128};
    const TestCache cache(layout, 64, random, Values::kIntegers);
    const FloatRows query(1, 2 * 128), weights(1, 2), scores(1, 64);
    // Head 1 asks for the opposite of head 0.
    for (int64_t d = 0; d < 128; ++d) {
      query.row(0)[d] = static_cast<float>(random.Below(5) - 2);
      query.row(0)[128 + d] = -query.row(0)[d];
    }
    weights.row(0)[0] = 2.0F;
    weights.row(0)[1] = -0.5F;
    Run(cache, query, weights, 1.0F, 0, 1, 0, 1, 2, scores);
    for (int64_t c = 0; c < 64; ++c) {
      double dot = 0;
      for (int64_t d = 0; d < 128; ++d) dot += query.row(0)[d] * cache.view().IndexKey(c, d);
      EXPECT_EQ(scores.row(0)[c], dot > 0 ? 2.0 * dot : 0.5 * dot) << c;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, IndexScoresTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
