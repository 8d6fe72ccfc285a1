// A ragged batch through the cache: several sequences on shuffled pages, prefill and decode rows
// together, against the references, on every cache type and thread count.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "cpu/cpu_backend.h"
#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/references.h"
#include "cpu/kernels/test_data.h"

namespace fathom {
namespace {

using test::Bounded;
using test::CacheView;
using test::Guarded;
using test::kCacheTypes;
using test::Random;
using test::TestWeights;
using test::Values;

BufferView ViewOf(std::vector<float>& x, int64_t cols) {
  return {reinterpret_cast<std::byte*>(x.data()), DType::kF32,
          static_cast<int64_t>(x.size()) / cols, cols, cols};
}

// Sequences with `cached` tokens and `fresh` rows in this step each; their pages are shuffled over
// one pool.
class RaggedStep {
 public:
  struct Sequence {
    int64_t cached, fresh;
  };

  RaggedStep(const CacheLayout& layout, const std::vector<Sequence>& sequences, Random& random)
      : layout_(layout) {
    int64_t pages = 0;
    for (const Sequence& sequence : sequences) {
      max_pages_ = std::max(max_pages_, (sequence.cached + sequence.fresh + 63) / 64);
      pages += (sequence.cached + sequence.fresh + 63) / 64;
    }
    std::vector<int32_t> free(static_cast<size_t>(pages));
    std::iota(free.begin(), free.end(), 0);
    for (size_t i = free.size(); i > 1; --i) {
      std::swap(free[i - 1], free[static_cast<size_t>(random.Below(static_cast<int64_t>(i)))]);
    }
    // Beyond a sequence's own pages a table holds what must not be read.
    page_tables_.assign(sequences.size() * static_cast<size_t>(max_pages_), -1000000);
    for (size_t s = 0; s < sequences.size(); ++s) {
      const int64_t tokens = sequences[s].cached + sequences[s].fresh;
      for (int64_t page = 0; page * 64 < tokens; ++page) {
        page_tables_[s * static_cast<size_t>(max_pages_) + static_cast<size_t>(page)] = free.back();
        free.pop_back();
      }
      for (int64_t i = 0; i < sequences[s].fresh; ++i) {
        positions_.push_back(static_cast<int32_t>(sequences[s].cached + i));
        sequences_.push_back(static_cast<int32_t>(s));
      }
      tokens_.push_back(tokens);
    }
    latents_ = std::make_unique<Guarded<std::byte>>(pages * 64 * layout.LatentBytes());
    index_keys_ = std::make_unique<Guarded<std::byte>>(pages * 64 * layout.IndexKeyBytes());
    std::fill(latents_->begin(), latents_->end(), std::byte{0xFF});
    std::fill(index_keys_->begin(), index_keys_->end(), std::byte{0xFF});
    // What earlier steps wrote.
    std::vector<float> kv(static_cast<size_t>(layout.latent_dim + layout.rope_dim));
    std::vector<float> key(static_cast<size_t>(layout.index_dim));
    for (size_t s = 0; s < sequences.size(); ++s) {
      for (int64_t position = 0; position < sequences[s].cached; ++position) {
        for (float& x : kv) x = random.Symmetric();
        for (float& x : key) x = random.Symmetric();
        test::EncodeLatent(layout, kv.data(), LatentRow(s, position));
        test::EncodeIndexKey(layout, key.data(), position % 64, IndexPage(s, position));
      }
    }
  }

  StepRows rows() const {
    return {static_cast<int64_t>(positions_.size()), positions_.data(), sequences_.data(),
            page_tables_.data(), max_pages_};
  }
  LayerCache cache() const { return {layout_, latents_->data(), index_keys_->data()}; }
  CacheView view(size_t s) const {
    return {layout_, tokens_[s], PageTable(s), latents_->data(), index_keys_->data()};
  }
  std::byte* LatentRow(size_t s, int64_t position) const {
    return latents_->data() +
           (PageTable(s)[position / 64] * int64_t{64} + position % 64) * layout_.LatentBytes();
  }
  std::byte* IndexPage(size_t s, int64_t position) const {
    return index_keys_->data() +
           PageTable(s)[position / 64] * int64_t{64} * layout_.IndexKeyBytes();
  }
  const Guarded<std::byte>& latents() const { return *latents_; }
  const Guarded<std::byte>& index_keys() const { return *index_keys_; }

 private:
  const int32_t* PageTable(size_t s) const {
    return page_tables_.data() + s * static_cast<size_t>(max_pages_);
  }

  CacheLayout layout_;
  int64_t max_pages_ = 0;
  std::vector<int32_t> positions_, sequences_, page_tables_;
  std::vector<int64_t> tokens_;
  std::unique_ptr<Guarded<std::byte>> latents_, index_keys_;
};

// A model small enough for the references, with an odd number of everything.
constexpr int64_t kHeads = 3, kNope = 20, kValue = 12, kIndexHeadCount = 2;
constexpr int64_t kRope = 16;
constexpr float kScale = 0.2F, kWeightScale = 0.05F;

// Decode alone; prefill from nothing; a chunk that starts below K and ends beyond; three decodes.
const std::vector<std::vector<RaggedStep::Sequence>> kSteps = {
    {{200, 1}}, {{0, 30}}, {{60, 25}}, {{150, 1}, {10, 1}, {0, 75}, {130, 4}, {69, 1}, {70, 1}}};

class CpuAttentionTest : public test::KernelTest {
 protected:
  int64_t top_k_ = 70;
  int64_t checked_every_ = 1;  // rows that are compared with the slow references

  // Everything a step of one layer leaves behind.
  struct Results {
    std::vector<float> scores, absorbed, mixed, projected, dense;
    std::vector<int32_t> selected, counts;
    std::vector<std::byte> latents, index_keys;
    WorkCounters counters;
  };

  struct Inputs {
    std::vector<float> kv, keys, query, index_query, index_weights;
    std::vector<int32_t> sparse_rows, dense_rows;
  };

  Inputs MakeInputs(const CacheLayout& layout, const StepRows& rows, Random& random) const {
    Inputs in;
    const auto fill = [&](std::vector<float>& x, int64_t cols) {
      x.resize(static_cast<size_t>(rows.count * cols));
      for (float& v : x) v = random.Symmetric();
    };
    fill(in.kv, layout.latent_dim + layout.rope_dim);
    fill(in.keys, layout.index_dim);
    fill(in.query, kHeads * (kNope + kRope));
    fill(in.index_query, kIndexHeadCount * layout.index_dim);
    fill(in.index_weights, kIndexHeadCount);
    for (int32_t r = 0; r < rows.count; ++r) {
      (rows.positions[r] >= top_k_ ? in.sparse_rows : in.dense_rows).push_back(r);
    }
    return in;
  }

  Results Run(int threads, const CacheLayout& layout,
              const std::vector<RaggedStep::Sequence>& sequences, uint32_t seed) const {
    Random random(seed);
    const RaggedStep step(layout, sequences, random);
    const StepRows rows = step.rows();
    Inputs in = MakeInputs(layout, rows, random);
    const TestWeights kv_b(test::kWeightKinds[4], kHeads * (kNope + kValue), layout.latent_dim,
                           random, Values::kSymmetric);
    CpuOptions options;
    options.threads = threads;
    options.isa = table().name;
    options.numerics = Numerics::kReference;
    const auto backend = CpuBackend::Create(options).value();

    Results out;
    int64_t longest = 0;
    for (int64_t r = 0; r < rows.count; ++r)
      longest = std::max<int64_t>(longest, rows.positions[r]);
    const int64_t score_cols = (longest / 64 + 1) * 64;
    const auto count = static_cast<size_t>(rows.count);
    out.scores.resize(count * static_cast<size_t>(score_cols));
    out.selected.assign(count * top_k_, 12345);
    out.counts.assign(count, 12345);
    const auto latent = static_cast<size_t>(layout.latent_dim);
    out.absorbed.resize(count * kHeads * latent);
    out.mixed.resize(count * kHeads * latent);
    out.projected.resize(count * kHeads * kValue);
    out.dense.resize(count * kHeads * kValue);

    const BufferView q = ViewOf(in.query, kHeads * (kNope + kRope));
    const LayerCache cache = step.cache();
    backend->WriteLatents({rows, ViewOf(in.kv, layout.latent_dim + layout.rope_dim), cache});
    backend->WriteIndexKeys({rows, ViewOf(in.keys, layout.index_dim), cache});
    // In two calls, as a long prefill does it.
    const int64_t half = rows.count / 2;
    for (const Range part : {Range{0, half}, Range{half, rows.count}}) {
      const BufferView scores = ViewOf(out.scores, score_cols).Rows(part.begin, part.size());
      backend->IndexScores({rows, part.begin, part.end,
                            ViewOf(in.index_query, kIndexHeadCount * layout.index_dim),
                            ViewOf(in.index_weights, kIndexHeadCount), kWeightScale,
                            kIndexHeadCount, top_k_, cache, scores});
      backend->TopK(
          {rows, part.begin, part.end, scores, top_k_, out.selected.data(), out.counts.data()});
    }
    backend->AbsorbQueries({q, kv_b.view(), kHeads, kNope, kRope, kValue,
                            ViewOf(out.absorbed, kHeads * layout.latent_dim)});
    backend->SparseMla({rows, in.sparse_rows, ViewOf(out.absorbed, kHeads * layout.latent_dim), q,
                        kHeads, kNope, kRope, out.selected.data(), out.counts.data(), top_k_,
                        kScale, cache, ViewOf(out.mixed, kHeads * layout.latent_dim)});
    backend->ProjectValues({in.sparse_rows, ViewOf(out.mixed, kHeads * layout.latent_dim),
                            kv_b.view(), kHeads, kNope, kValue,
                            ViewOf(out.projected, kHeads * kValue)});
    backend->DenseMla({rows, in.dense_rows, q, kv_b.view(), kHeads, kNope, kRope, kValue,
                       out.selected.data(), out.counts.data(), top_k_, kScale, cache,
                       ViewOf(out.dense, kHeads * kValue)});
    out.latents.assign(step.latents().begin(), step.latents().end());
    out.index_keys.assign(step.index_keys().begin(), step.index_keys().end());
    out.counters = backend->counters();
    EXPECT_TRUE(step.latents().Intact() && step.index_keys().Intact());

    if (threads == 1) {
      CheckWrites(step, in);
      CheckSelection(step, in, out, score_cols);
      CheckAttention(step, in, kv_b, out);
      CheckCounters(rows, out);
    }
    return out;
  }

  // Rows of this step stand where the page tables say.
  static void CheckWrites(const RaggedStep& step, const Inputs& in) {
    const CacheLayout& layout = step.cache().layout;
    const int64_t width = layout.latent_dim + layout.rope_dim;
    std::vector<std::byte> expected(static_cast<size_t>(layout.LatentBytes()));
    std::vector<std::byte> page(static_cast<size_t>(layout.IndexKeyBytes() * 64));
    for (int64_t r = 0; r < step.rows().count; ++r) {
      const auto s = static_cast<size_t>(step.rows().sequences[r]);
      const int64_t position = step.rows().positions[r];
      test::EncodeLatent(layout, in.kv.data() + r * width, expected.data());
      ASSERT_EQ(std::memcmp(expected.data(), step.LatentRow(s, position), expected.size()), 0) << r;
      test::EncodeIndexKey(layout, in.keys.data() + r * layout.index_dim, position % 64,
                           page.data());
      for (int64_t d = 0; d < layout.index_dim; ++d) {
        ASSERT_EQ(test::DecodeIndexKey(layout, page.data(), position % 64, d),
                  step.view(s).IndexKey(position, d));
      }
    }
  }

  void CheckSelection(const RaggedStep& step, const Inputs& in, const Results& out,
                      int64_t score_cols) const {
    const CacheLayout& layout = step.cache().layout;
    for (int64_t r = 0; r < step.rows().count; ++r) {
      SCOPED_TRACE(fmt::format("row {}", r));
      const int64_t held = step.rows().positions[r] + 1;
      const int32_t* selected = out.selected.data() + r * top_k_;
      ASSERT_EQ(out.counts[static_cast<size_t>(r)], std::min(held, top_k_));
      if (held <= top_k_) {
        for (int64_t i = 0; i < top_k_; ++i) ASSERT_EQ(selected[i], i < held ? i : -1);
        continue;
      }
      const float* scores = out.scores.data() + r * score_cols;
      std::vector<Bounded> expected;
      for (int64_t c = 0; c < held; ++c) {
        expected.push_back(test::ReferenceIndexScore(
            in.index_query.data() + r * kIndexHeadCount * layout.index_dim,
            in.index_weights.data() + r * kIndexHeadCount, kIndexHeadCount, kWeightScale,
            step.view(static_cast<size_t>(step.rows().sequences[r])), c));
      }
      test::ExpectWithin(scores, expected);
      std::vector<int32_t> order(static_cast<size_t>(held));
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
      });
      order.resize(top_k_);
      std::sort(order.begin(), order.end());
      ASSERT_TRUE(std::equal(order.begin(), order.end(), selected));
    }
  }

  void CheckAttention(const RaggedStep& step, const Inputs& in, const TestWeights& kv_b,
                      const Results& out) const {
    const CacheLayout& layout = step.cache().layout;
    const int64_t latent = layout.latent_dim;
    const auto query = [&](int64_t r, int64_t h) {
      return in.query.data() + (r * kHeads + h) * (kNope + kRope);
    };
    for (int64_t r = 0; r < step.rows().count; r += checked_every_) {
      for (int64_t h = 0; h < kHeads; ++h) {
        SCOPED_TRACE(fmt::format("row {}, head {}", r, h));
        const int64_t first = h * (kNope + kValue);
        const auto s = static_cast<size_t>(step.rows().sequences[r]);
        const float* absorbed = out.absorbed.data() + (r * kHeads + h) * latent;
        std::vector<Bounded> exact_absorbed, given;
        for (int64_t d = 0; d < latent; ++d) {
          exact_absorbed.push_back(test::ReferenceDot(
              kNope, test::ChainDepth(kNope) + 1, [&](int64_t n) { return query(r, h)[n]; },
              [&](int64_t n) { return kv_b.At(first + n, d); }));
          given.push_back({absorbed[d], 0});
        }
        test::ExpectWithin(absorbed, exact_absorbed);
        if (step.rows().positions[r] < top_k_) {
          test::ExpectWithin(
              out.dense.data() + (r * kHeads + h) * kValue,
              test::ReferenceDenseMla(table(), query(r, h), step.view(s), kv_b, first, kNope,
                                      kValue, step.rows().positions[r], kScale));
          continue;
        }
        const int32_t* selected = out.selected.data() + r * top_k_;
        const float* mixed = out.mixed.data() + (r * kHeads + h) * latent;
        test::ExpectWithin(
            mixed, test::ReferenceSparseMla(table(), given, query(r, h) + kNope, step.view(s),
                                            {selected, selected + top_k_}, kScale));
        std::vector<Bounded> projected;
        for (int64_t n = 0; n < kValue; ++n) {
          projected.push_back(test::ReferenceLinear(table(), mixed, kv_b, first + kNope + n));
        }
        test::ExpectWithin(out.projected.data() + (r * kHeads + h) * kValue, projected);
      }
    }
  }

  void CheckCounters(const StepRows& rows, const Results& out) const {
    WorkCounters expected;
    for (int64_t r = 0; r < rows.count; ++r) {
      const int64_t held = rows.positions[r] + 1;
      const bool sparse = held > top_k_;
      expected.latent_rows_held += held;
      expected.latent_rows_read += std::min(held, top_k_);
      expected.index_keys_read += sparse ? held : 0;
      ++(sparse ? expected.sparse_rows : expected.dense_rows);
    }
    EXPECT_EQ(out.counters.latent_rows_held, expected.latent_rows_held);
    EXPECT_EQ(out.counters.latent_rows_read, expected.latent_rows_read);
    EXPECT_EQ(out.counters.index_keys_read, expected.index_keys_read);
    EXPECT_EQ(out.counters.sparse_rows, expected.sparse_rows);
    EXPECT_EQ(out.counters.dense_rows, expected.dense_rows);
  }

  // Rows of one kind alone are written; the rest keeps its zeros.
  static void ExpectSame(const Results& a, const Results& b) {
    const auto same = [](const std::vector<float>& x, const std::vector<float>& y) {
      test::ExpectSameBits(x.data(), y.data(), static_cast<int64_t>(x.size()));
    };
    EXPECT_TRUE(a.latents == b.latents && a.index_keys == b.index_keys);
    EXPECT_TRUE(a.selected == b.selected && a.counts == b.counts);
    same(a.absorbed, b.absorbed);
    same(a.mixed, b.mixed);
    same(a.projected, b.projected);
    same(a.dense, b.dense);
  }
};

TEST_P(CpuAttentionTest, RaggedBatches) {
  for (const CacheType type : kCacheTypes) {
    const CacheLayout layout{type, 128, kRope, 128};
    for (size_t i = 0; i < kSteps.size(); ++i) {
      SCOPED_TRACE(fmt::format("{} cache, step {}", Name(type), i));
      const Results one = Run(1, layout, kSteps[i], 100 + static_cast<uint32_t>(i));
      for (const int threads : {2, 3, 8}) {
        SCOPED_TRACE(fmt::format("{} threads", threads));
        ExpectSame(Run(threads, layout, kSteps[i], 100 + static_cast<uint32_t>(i)), one);
      }
      if (HasFatalFailure()) return;
    }
  }
}

// Selections beyond kSparsePart are merged from parts; so many rows that not all parts are held at
// once.
TEST_P(CpuAttentionTest, SelectionsInParts) {
  top_k_ = 2 * kSparsePart + 76;
  checked_every_ = 32;
  const CacheLayout layout{CacheType::kBF16, 128, kRope, 128};
  for (const std::vector<RaggedStep::Sequence>& sequences :
       std::vector<std::vector<RaggedStep::Sequence>>{{{1300, 1}}, {{1050, 260}, {1500, 1}}}) {
    const Results one = Run(1, layout, sequences, 7);
    ExpectSame(Run(3, layout, sequences, 7), one);
    if (HasFatalFailure()) return;
  }
}

TEST_P(CpuAttentionTest, CountersStartAnew) {
  CpuOptions options;
  options.isa = table().name;
  options.threads = 2;
  const auto backend = CpuBackend::Create(options).value();
  EXPECT_EQ(backend->counters().latent_rows_held, 0);
  Random random(9);
  const CacheLayout layout{CacheType::kF32, 16, 8, 8};
  const RaggedStep step(layout, {{10, 2}}, random);
  const TestWeights kv_b(test::kWeightKinds[0], 8, 16, random, Values::kSymmetric);
  std::vector<float> query(2 * 12, 1.0F), out(2 * 4);
  const std::vector<int32_t> which = {1};
  const std::vector<int32_t> selected(2 * 12, 0), counts = {11, 12};
  backend->DenseMla({step.rows(), which, ViewOf(query, 12), kv_b.view(), 1, 4, 8, 4,
                     selected.data(), counts.data(), 12, 1.0F, step.cache(), ViewOf(out, 4)});
  EXPECT_EQ(backend->counters().latent_rows_held, 12);
  EXPECT_EQ(backend->counters().dense_rows, 1);
  EXPECT_EQ(out[0], 0.0F);  // the row that was not listed
  backend->ResetCounters();
  EXPECT_EQ(backend->counters().latent_rows_held, 0);
  EXPECT_EQ(backend->counters().dense_rows, 0);
}

INSTANTIATE_TEST_SUITE_P(EveryTable, CpuAttentionTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
