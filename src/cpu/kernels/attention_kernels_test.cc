// Both forms of attention against plain double loops and against each other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
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
using test::kWeightKinds;
using test::Random;
using test::TestCache;
using test::TestWeights;
using test::Values;

// `count` positions of [0, tokens), ascending.
std::vector<int32_t> SomePositions(Random& random, int64_t tokens, int64_t count) {
  std::vector<int32_t> all(static_cast<size_t>(tokens));
  std::iota(all.begin(), all.end(), 0);
  for (size_t i = all.size(); i > 1; --i) {
    std::swap(all[i - 1], all[static_cast<size_t>(random.Below(static_cast<int64_t>(i)))]);
  }
  all.resize(static_cast<size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<Bounded> Exactly(const float* x, int64_t n) {
  std::vector<Bounded> values;
  for (int64_t i = 0; i < n; ++i) values.push_back({x[i], 0});
  return values;
}

class SparseMlaTest : public test::KernelTest {
 protected:
  // Heads [begin, end) of query [heads, latent + rope], into rows of out.
  void Run(const TestCache& cache, const std::vector<int32_t>& positions, const FloatRows& query,
           int64_t begin, int64_t end, float scale, const Guarded<float>& out) const {
    const int64_t latent = cache.layout().latent_dim, rope = cache.layout().rope_dim;
    const Guarded<float> scratch(SparseMlaScratch(latent, rope));
    const Guarded<int32_t> selected(static_cast<int64_t>(positions.size()));
    std::copy(positions.begin(), positions.end(), selected.begin());
    const int64_t heads = end - begin;
    const Guarded<float> q_latent(heads * latent), q_rope(heads * rope);
    for (int64_t h = 0; h < heads; ++h) {
      std::copy_n(query.row(begin + h), latent, q_latent.data() + h * latent);
      std::copy_n(query.row(begin + h) + latent, rope, q_rope.data() + h * rope);
    }
    SparseMlaTask task = {};
    task.query_latent = q_latent.data();
    task.query_rope = q_rope.data();
    task.latent_stride = latent;
    task.rope_stride = rope;
    task.heads = heads;
    task.cache = cache.view().rows();
    task.positions = selected.data();
    task.count = selected.size();
    task.scale = scale;
    task.out = out.data() + begin * latent;
    task.out_stride = latent;
    task.scratch = scratch.data();
    table().sparse_mla(task);
    EXPECT_TRUE(scratch.Intact() && out.Intact());
  }
};

std::vector<CacheLayout> Layouts() {
  std::vector<CacheLayout> layouts;
  for (const CacheType type : kCacheTypes) {
    layouts.push_back({type, 512, 64, 128});
    layouts.push_back({type, 128, 16, 128});
    if (type != CacheType::kFP8) layouts.push_back({type, 40, 6, 12});
  }
  return layouts;
}

TEST_P(SparseMlaTest, LiesWithinTheBoundAndHeadsDoNotMatterToEachOther) {
  Random random(1);
  for (const CacheLayout& layout : Layouts()) {
    const TestCache cache(layout, 300, random);
    const int64_t latent = layout.latent_dim;
    const FloatRows query(kSparseHeads, latent + layout.rope_dim, random, Values::kSymmetric);
    for (const int64_t count : {1, 2, 3, 7, 63, 64, 65, 127, 128, 129, 200, 300}) {
      SCOPED_TRACE(fmt::format("{}, {} + {}, {} positions", Name(layout.type), latent,
                               layout.rope_dim, count));
      const std::vector<int32_t> positions = SomePositions(random, 300, count);
      const Guarded<float> alone(kSparseHeads * latent);
      for (int64_t h = 0; h < kSparseHeads; ++h) {
        Run(cache, positions, query, h, h + 1, 0.3F, alone);
        if (h >= 2) continue;
        test::ExpectWithin(
            alone.data() + h * latent,
            test::ReferenceSparseMla(table(), Exactly(query.row(h), latent), query.row(h) + latent,
                                     cache.view(), positions, 0.3F));
      }
      for (int64_t heads = 2; heads <= kSparseHeads; ++heads) {
        const Guarded<float> together(kSparseHeads * latent);
        Run(cache, positions, query, kSparseHeads - heads, kSparseHeads, 0.3F, together);
        const int64_t from = (kSparseHeads - heads) * latent;
        test::ExpectSameBits(together.data() + from, alone.data() + from, heads * latent);
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(SparseMlaTest, OnePositionGivesItsLatent) {
  Random random(2);
  for (const CacheLayout& layout : Layouts()) {
    const TestCache cache(layout, 70, random, Values::kWide);
    const FloatRows query(1, layout.latent_dim + layout.rope_dim, random, Values::kSymmetric);
    for (const int32_t position : {0, 63, 64, 69}) {
      const Guarded<float> out(layout.latent_dim);
      Run(cache, {position}, query, 0, 1, 1.0F, out);
      for (int64_t d = 0; d < layout.latent_dim; ++d) {
        ASSERT_EQ(out[d], cache.view().Latent(position, d)) << d;
      }
    }
  }
}

TEST_P(SparseMlaTest, NoPositionGivesZero) {
  Random random(3);
  const TestCache cache({CacheType::kF32, 40, 6, 12}, 10, random);
  const FloatRows query(3, 46, random, Values::kSymmetric);
  const Guarded<float> out(3 * 40);
  std::fill(out.begin(), out.end(), 5.0F);
  Run(cache, {}, query, 0, 3, 1.0F, out);
  for (const float x : out) EXPECT_EQ(x, 0.0F);
}

// Scores of ± some thousands: the maximum is subtracted before exp, in the first tile and where a
// later tile raises it.
TEST_P(SparseMlaTest, HugeScoresDoNotOverflow) {
  Random random(4);
  const TestCache cache({CacheType::kF32, 128, 16, 128}, 200, random);
  const FloatRows query(2, 144, random, Values::kSymmetric);
  std::vector<int32_t> positions(200);
  std::iota(positions.begin(), positions.end(), 0);
  const Guarded<float> out(2 * 128);
  Run(cache, positions, query, 0, 2, 2000.0F, out);
  for (int64_t h = 0; h < 2; ++h) {
    // All weight lies on the best position.
    int64_t best = 0;
    double most = -1e300;
    for (int64_t c = 0; c < 200; ++c) {
      double score = 0;
      for (int64_t d = 0; d < 144; ++d) score += query.row(h)[d] * cache.view().Latent(c, d);
      if (score > most) {
        most = score;
        best = c;
      }
    }
    for (int64_t d = 0; d < 128; ++d) {
      EXPECT_NEAR(out[h * 128 + d], cache.view().Latent(best, d), 1e-6);
    }
  }
}

TEST_P(SparseMlaTest, NaNInTheQueryOrTheCacheIsSeen) {
  Random random(5);
  const CacheLayout layout{CacheType::kF32, 40, 6, 12};
  const TestCache cache(layout, 100, random);
  std::vector<int32_t> positions(100);
  std::iota(positions.begin(), positions.end(), 0);
  FloatRows query(1, 46, random, Values::kSymmetric);
  const float kept = query.row(0)[3];
  query.row(0)[3] = std::nanf("");
  const Guarded<float> out(40);
  Run(cache, positions, query, 0, 1, 1.0F, out);
  for (const float x : out) EXPECT_TRUE(std::isnan(x));

  query.row(0)[3] = kept;
  const float nan = std::nanf("");
  std::memcpy(cache.Row(20) + 7 * 4, &nan, 4);
  Run(cache, positions, query, 0, 1, 1.0F, out);
  for (const float x : out) EXPECT_TRUE(std::isnan(x));
  // A position that is not selected is not read.
  positions.erase(positions.begin() + 20);
  Run(cache, positions, query, 0, 1, 1.0F, out);
  for (const float x : out) EXPECT_FALSE(std::isnan(x));
}

class DenseMlaTest : public test::KernelTest {
 protected:
  struct Shape {
    int64_t nope, value;
  };

  // Rows [begin, end) of query, at positions[begin …].
  void Run(const TestCache& cache, const TestWeights& kv_b, int64_t first_row, const Shape& shape,
           const FloatRows& query, const std::vector<int32_t>& positions, int64_t begin,
           int64_t end, float scale, const FloatRows& out) const {
    const CacheLayout& layout = cache.layout();
    const Guarded<float> scratch(
        DenseMlaScratch(layout.latent_dim, layout.rope_dim, shape.nope, shape.value));
    const Guarded<float> state((end - begin) * 2);
    const Guarded<int32_t> own(end - begin);
    std::copy(positions.begin() + begin, positions.begin() + end, own.begin());
    LinearTask weights = {};
    kv_b.SetIn(&weights);
    DenseMlaTask task = {};
    task.q = query.inputs() + begin;
    task.out = out.outputs() + begin;
    task.positions = own.data();
    task.rows = end - begin;
    task.cache = cache.view().rows();
    task.nope = shape.nope;
    task.value = shape.value;
    task.kv_b = weights.w;
    task.first_row = first_row;
    task.packed = weights.packed;
    task.scales = weights.scales;
    task.scales_e8m0 = weights.scales_e8m0;
    task.scale = scale;
    task.state = state.data();
    task.scratch = scratch.data();
    table().dense_mla(task);
    EXPECT_TRUE(scratch.Intact() && state.Intact() && out.Intact());
  }
};

// Fewer keys than a page, several pages, rows far apart, a first row beyond the first page.
const std::vector<std::vector<int32_t>> kPositions = {
    {0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
    {60, 61, 62, 63, 64, 65, 66},
    {5, 64, 100, 127, 128, 129},
    {128},
    {70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 140}};

TEST_P(DenseMlaTest, LiesWithinTheBoundAndRowsDoNotMatterToEachOther) {
  Random random(6);
  const Shape shape{24, 20};
  for (const CacheLayout& layout :
       {CacheLayout{CacheType::kF32, 40, 6, 12}, CacheLayout{CacheType::kBF16, 40, 6, 12},
        CacheLayout{CacheType::kFP8, 128, 16, 128}}) {
    for (const test::WeightKind& kind : kWeightKinds) {
      const int64_t first_row = 110;  // its rows lie in two blocks of scales
      const TestWeights kv_b(kind, 160, layout.latent_dim, random, Values::kSymmetric);
      for (const std::vector<int32_t>& positions : kPositions) {
        SCOPED_TRACE(fmt::format("{} cache, {} weights, {} rows to position {}", Name(layout.type),
                                 kind.name, positions.size(), positions.back()));
        const auto rows = static_cast<int64_t>(positions.size());
        const TestCache cache(layout, positions.back() + 1, random);
        const FloatRows query(rows, shape.nope + layout.rope_dim, random, Values::kSymmetric);
        const FloatRows alone(rows, shape.value), together(rows, shape.value);
        for (int64_t r = 0; r < rows; ++r) {
          Run(cache, kv_b, first_row, shape, query, positions, r, r + 1, 0.2F, alone);
        }
        test::ExpectWithin(
            alone.row(rows - 1),
            test::ReferenceDenseMla(table(), query.row(rows - 1), cache.view(), kv_b, first_row,
                                    shape.nope, shape.value, positions.back(), 0.2F));
        test::ExpectWithin(alone.row(0), test::ReferenceDenseMla(
                                             table(), query.row(0), cache.view(), kv_b, first_row,
                                             shape.nope, shape.value, positions[0], 0.2F));
        Run(cache, kv_b, first_row, shape, query, positions, 0, rows, 0.2F, together);
        for (int64_t r = 0; r < rows; ++r) {
          test::ExpectSameBits(together.row(r), alone.row(r), shape.value);
        }
        for (int64_t begin = 1; begin < rows; begin += 3) {
          const FloatRows some(rows, shape.value);
          Run(cache, kv_b, first_row, shape, query, positions, begin, rows, 0.2F, some);
          for (int64_t r = begin; r < rows; ++r) {
            test::ExpectSameBits(some.row(r), alone.row(r), shape.value);
          }
        }
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(DenseMlaTest, RealModelShape) {
  Random random(7);
  const Shape shape{128, 128};
  const CacheLayout layout{CacheType::kFP8, 512, 64, 128};
  const TestWeights kv_b(kWeightKinds[4], 512, 512, random, Values::kSymmetric);
  const TestCache cache(layout, 100, random);
  const std::vector<int32_t> positions = {97, 98, 99};
  const FloatRows query(3, 192, random, Values::kSymmetric), out(3, 128);
  Run(cache, kv_b, 256, shape, query, positions, 0, 3, 0.01F, out);
  test::ExpectWithin(out.row(2), test::ReferenceDenseMla(table(), query.row(2), cache.view(), kv_b,
                                                         256, 128, 128, 99, 0.01F));
}

class TwoFormsTest : public DenseMlaTest {};

// The multi-head form and absorb + sparse_mla + project are the same function (spec 3.4).
TEST_P(TwoFormsTest, AgreeWithEachOther) {
  Random random(8);
  const Shape shape{128, 128};
  constexpr int64_t kFirst = 256;
  constexpr float kScale = 0.02F;
  for (const CacheType type : kCacheTypes) {
    SCOPED_TRACE(Name(type));
    const CacheLayout layout{type, 512, 64, 128};
    const int64_t latent = layout.latent_dim;
    const TestWeights kv_b(kWeightKinds[4], 512, latent, random, Values::kSymmetric);
    const TestCache cache(layout, 150, random);
    const FloatRows query(1, shape.nope + 64, random, Values::kSymmetric);
    const std::vector<int32_t> positions = {149};

    const FloatRows dense(1, shape.value);
    Run(cache, kv_b, kFirst, shape, query, positions, 0, 1, kScale, dense);

    const Guarded<float> absorb_scratch(kAbsorbScratch), linear_scratch(kLinearScratch);
    const Guarded<float> sparse_scratch(SparseMlaScratch(latent, 64));
    LinearTask weights = {};
    kv_b.SetIn(&weights);
    const FloatRows absorbed(1, latent), mixed(1, latent), projected(1, shape.value);
    AbsorbTask absorb = {};
    absorb.q = query.inputs();
    absorb.out = absorbed.outputs();
    absorb.rows = 1;
    absorb.depth = shape.nope;
    absorb.w = weights.w;
    absorb.cols = latent;
    absorb.first_row = kFirst;
    absorb.packed = weights.packed;
    absorb.scales = weights.scales;
    absorb.scales_e8m0 = weights.scales_e8m0;
    absorb.n_end = latent;
    absorb.scratch = absorb_scratch.data();
    table().absorb(absorb);

    std::vector<int32_t> all(150);
    std::iota(all.begin(), all.end(), 0);
    SparseMlaTask sparse = {};
    sparse.query_latent = absorbed.row(0);
    sparse.query_rope = query.row(0) + shape.nope;
    sparse.heads = 1;
    sparse.cache = cache.view().rows();
    sparse.positions = all.data();
    sparse.count = 150;
    sparse.scale = kScale;
    sparse.out = mixed.row(0);
    sparse.scratch = sparse_scratch.data();
    table().sparse_mla(sparse);

    weights.x = mixed.inputs();
    weights.y = projected.outputs();
    weights.rows = 1;
    weights.n_begin = weights.y_origin = kFirst + shape.nope;
    weights.n_end = weights.n_begin + shape.value;
    weights.scratch = linear_scratch.data();
    table().linear(weights);

    // The bound of the absorbed form, carried through its three steps.
    std::vector<Bounded> q_absorbed;
    for (int64_t d = 0; d < latent; ++d) {
      q_absorbed.push_back(test::ReferenceDot(
          shape.nope, test::ChainDepth(shape.nope) + 1, [&](int64_t n) { return query.row(0)[n]; },
          [&](int64_t n) { return kv_b.At(kFirst + n, d); }));
    }
    const std::vector<Bounded> latents = test::ReferenceSparseMla(
        table(), q_absorbed, query.row(0) + shape.nope, cache.view(), all, kScale);
    std::vector<Bounded> expected;
    for (int64_t n = 0; n < shape.value; ++n) {
      const int64_t row = kFirst + shape.nope + n;
      Bounded y = test::ReferenceDot(
          latent, test::DotDepth(table(), latent),
          [&](int64_t d) { return latents[static_cast<size_t>(d)].value; },
          [&](int64_t d) { return kv_b.At(row, d); });
      for (int64_t d = 0; d < latent; ++d) {
        y.bound += std::abs(kv_b.At(row, d)) * latents[static_cast<size_t>(d)].bound;
      }
      expected.push_back(y);
    }
    test::ExpectWithin(projected.row(0), expected);

    const std::vector<Bounded> multi_head = test::ReferenceDenseMla(
        table(), query.row(0), cache.view(), kv_b, kFirst, shape.nope, shape.value, 149, kScale);
    test::ExpectWithin(dense.row(0), multi_head);
    for (size_t n = 0; n < expected.size(); ++n) {
      EXPECT_NEAR(expected[n].value, multi_head[n].value, 1e-10);
      EXPECT_NEAR(projected.row(0)[n], dense.row(0)[n], expected[n].bound + multi_head[n].bound);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, SparseMlaTest, test::kEveryTable, test::TableName);
INSTANTIATE_TEST_SUITE_P(EveryTable, DenseMlaTest, test::kEveryTable, test::TableName);
INSTANTIATE_TEST_SUITE_P(EveryTable, TwoFormsTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
