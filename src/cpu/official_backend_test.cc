// Every rounding point of official numerics against plain loops in double precision that round
// where DeepSeek's code stores a tensor. Sums run in another order there, so a result that lies
// between two bf16 numbers may be its neighbour; all but a few must be the same number.
#include "cpu/official_backend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/test_data.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

using test::CacheView;
using test::Random;
using test::TestCache;
using test::TestWeights;
using test::Values;

double Rounded(double x) { return RoundToBF16(static_cast<float>(x)); }

BufferView ViewOf(std::vector<float>& x, int64_t cols) {
  return {reinterpret_cast<std::byte*>(x.data()), DType::kF32,
          static_cast<int64_t>(x.size()) / cols, cols, cols};
}

std::vector<float> BF16Numbers(Random& random, int64_t n) {
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = RoundToBF16(random.Symmetric());
  return x;
}

// e4m3 times a power of two in blocks of 128 (spec 6.2).
std::vector<double> Quantized(const float* x, int64_t n) {
  std::vector<double> out(static_cast<size_t>(n));
  for (int64_t begin = 0; begin < n; begin += 128) {
    float block[128] = {};
    uint8_t codes[128];
    std::copy_n(x + begin, std::min<int64_t>(128, n - begin), block);
    const float scale = test::ReferenceQuantizeBlock(block, codes);
    for (int64_t i = begin; i < std::min<int64_t>(n, begin + 128); ++i) {
      out[static_cast<size_t>(i)] = double{ToFloat(E4M3{codes[i - begin]})} * scale;
    }
  }
  return out;
}

// Counts neighbours; anything further away fails.
class Comparison {
 public:
  void Add(double got, double want) {
    ++values_;
    if (got == want) return;
    ++neighbours_;
    EXPECT_EQ(got, Rounded(got));
    EXPECT_NEAR(got, want, std::abs(want) * 0x1p-7 + 1e-6);
  }
  ~Comparison() {
    EXPECT_GT(values_, 0);
    EXPECT_LE(neighbours_, values_ / 50);
  }

 private:
  int64_t values_ = 0, neighbours_ = 0;
};

class OfficialTest : public test::KernelTest {
 protected:
  std::unique_ptr<CpuBackend> Make(int threads = 2) const {
    CpuOptions options;
    options.isa = table().name;
    options.threads = threads;
    options.numerics = Numerics::kOfficial;
    return CpuBackend::Create(options).value();
  }
};

TEST_P(OfficialTest, LinearQuantizesInputsOfFp8LayersAlone) {
  Random random(1);
  const auto backend = Make();
  for (const test::WeightKind& kind : test::kWeightKinds) {
    SCOPED_TRACE(kind.name);
    constexpr int64_t kRows = 5, kCols = 320, kOutputs = 70;
    const TestWeights w(kind, kOutputs, kCols, random, Values::kSymmetric);
    std::vector<float> x = BF16Numbers(random, kRows * kCols), out(kRows * kOutputs);
    const std::vector<float> kept = x;
    backend->Linear({ViewOf(x, kCols), w.view(), ViewOf(out, kOutputs)});
    EXPECT_EQ(x, kept);
    Comparison comparison;
    for (int64_t r = 0; r < kRows; ++r) {
      const float* row = x.data() + r * kCols;
      const std::vector<double> in = kind.packed == Packed::kE4M3
                                         ? Quantized(row, kCols)
                                         : std::vector<double>(row, row + kCols);
      for (int64_t n = 0; n < kOutputs; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < kCols; ++k) sum += in[static_cast<size_t>(k)] * w.At(n, k);
        comparison.Add(out[static_cast<size_t>(r * kOutputs + n)], Rounded(sum));
      }
    }
    // Router, index weights and head keep full precision.
    std::vector<float> exact(kRows * kOutputs);
    backend->Linear(
        {ViewOf(x, kCols), w.view(), ViewOf(exact, kOutputs), LinearParams::Accuracy::kExact});
    EXPECT_TRUE(
        std::any_of(exact.begin(), exact.end(), [](float v) { return v != RoundToBF16(v); }));
  }
}

TEST_P(OfficialTest, TheSumIsNormedBeforeItIsRounded) {
  Random random(2);
  const auto backend = Make();
  constexpr int64_t kRows = 3, kCols = 200;
  std::vector<float> delta = BF16Numbers(random, kRows * kCols);
  std::vector<float> residual = BF16Numbers(random, kRows * kCols), out(kRows * kCols);
  const std::vector<float> before = residual, weight = BF16Numbers(random, kCols);
  backend->AddRmsNorm(
      {ViewOf(delta, kCols), ViewOf(residual, kCols), weight.data(), 1e-6F, ViewOf(out, kCols)});
  Comparison comparison;
  for (size_t r = 0; r < kRows; ++r) {
    double squares = 0;
    const auto sum = [&](size_t i) { return before[r * kCols + i] + delta[r * kCols + i]; };
    for (size_t i = 0; i < kCols; ++i) squares += double{sum(i)} * sum(i);
    const double norm = 1 / std::sqrt(squares / kCols + 1e-6);
    for (size_t i = 0; i < kCols; ++i) {
      comparison.Add(out[r * kCols + i], Rounded(sum(i) * norm * weight[i]));
      EXPECT_EQ(residual[r * kCols + i], RoundToBF16(sum(i)));
    }
  }
}

TEST_P(OfficialTest, IndexVectorsAreQuantizedAfterTheTransform) {
  Random random(3);
  const auto backend = Make();
  constexpr int64_t kRows = 4, kDim = 128;
  std::vector<float> x = BF16Numbers(random, kRows * 2 * kDim);
  const std::vector<float> before = x;
  backend->Hadamard({ViewOf(x, 2 * kDim), kDim});
  Comparison comparison;
  for (size_t v = 0; v < kRows * 2; ++v) {
    float turned[kDim];
    for (size_t i = 0; i < kDim; ++i) {
      double sum = 0;
      for (size_t j = 0; j < kDim; ++j) {
        sum += (__builtin_popcountll(i & j) % 2 == 1 ? -1.0 : 1.0) * before[v * kDim + j];
      }
      turned[i] = static_cast<float>(Rounded(sum / std::sqrt(static_cast<double>(kDim))));
    }
    const std::vector<double> want = Quantized(turned, kDim);
    // One value that rounds the other way moves one code, never the scale of the block here.
    for (size_t i = 0; i < kDim; ++i) {
      if (x[v * kDim + i] == want[i]) {
        comparison.Add(want[i], want[i]);
      } else {
        EXPECT_NEAR(x[v * kDim + i], want[i], std::abs(want[i]) / 7);
      }
    }
  }
}

// Scores, their sum, the scaled score and the probability are bf16 numbers each.
std::vector<double> Probabilities(const std::vector<double>& products,
                                  const std::vector<double>& rope_products, float scale) {
  std::vector<double> p(products.size());
  for (size_t i = 0; i < p.size(); ++i) {
    const double sum = rope_products.empty()
                           ? Rounded(products[i])
                           : Rounded(Rounded(products[i]) + Rounded(rope_products[i]));
    p[i] = Rounded(sum * scale);
  }
  const double most = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& v : p) sum += v = std::exp(v - most);
  for (double& v : p) v = Rounded(v / sum);
  return p;
}

constexpr int64_t kHeads = 3, kNope = 24, kRope = 16, kValue = 20, kLatent = 128, kTopK = 40;
constexpr float kScale = 0.2F;

TEST_P(OfficialTest, AbsorbedAttentionRoundsEveryProduct) {
  Random random(4);
  const auto backend = Make();
  const CacheLayout layout{CacheType::kFP8, kLatent, kRope, 128};
  const TestCache cache(layout, 90, random);
  std::vector<float> latent_queries = BF16Numbers(random, kHeads * kLatent);
  std::vector<float> q = BF16Numbers(random, kHeads * (kNope + kRope)), out(kHeads * kLatent);
  std::vector<int32_t> selected;
  for (int32_t i = 0; i < kTopK; ++i) selected.push_back(2 * i + i % 2);
  const int32_t position = 89, sequence = 0, count = kTopK;
  const CacheView view = cache.view();
  const StepRows rows = {1, &position, &sequence, view.page_table, 2};
  const std::vector<int32_t> which = {0};
  backend->SparseMla(
      {rows,
       which,
       ViewOf(latent_queries, kHeads * kLatent),
       ViewOf(q, kHeads * (kNope + kRope)),
       kHeads,
       kNope,
       kRope,
       selected.data(),
       &count,
       kTopK,
       kScale,
       {layout, const_cast<std::byte*>(view.latents), const_cast<std::byte*>(view.index_keys)},
       ViewOf(out, kHeads * kLatent)});
  EXPECT_EQ(backend->counters().latent_rows_read, kTopK);
  EXPECT_EQ(backend->counters().sparse_rows, 1);
  Comparison comparison;
  for (int64_t h = 0; h < kHeads; ++h) {
    std::vector<double> products, rope_products;
    for (const int32_t c : selected) {
      double a = 0, b = 0;
      for (int64_t d = 0; d < kLatent; ++d) {
        a += double{latent_queries[static_cast<size_t>(h * kLatent + d)]} * view.Latent(c, d);
      }
      for (int64_t d = 0; d < kRope; ++d) {
        b += double{q[static_cast<size_t>(h * (kNope + kRope) + kNope + d)]} *
             view.Latent(c, kLatent + d);
      }
      products.push_back(a);
      rope_products.push_back(b);
    }
    const std::vector<double> p = Probabilities(products, rope_products, kScale);
    for (int64_t d = 0; d < kLatent; ++d) {
      double sum = 0;
      for (size_t i = 0; i < p.size(); ++i) sum += p[i] * view.Latent(selected[i], d);
      comparison.Add(out[static_cast<size_t>(h * kLatent + d)], Rounded(sum));
    }
  }
}

TEST_P(OfficialTest, PromptAttentionSeesTheSelectionAlone) {
  Random random(5);
  const auto backend = Make();
  const CacheLayout layout{CacheType::kFP8, kLatent, kRope, 128};
  const TestCache cache(layout, 90, random);
  const TestWeights kv_b(test::kWeightKinds[2], kHeads * (kNope + kValue), kLatent, random,
                         Values::kSymmetric);
  constexpr int64_t kRows = 20;  // more than are scored together
  std::vector<float> q = BF16Numbers(random, kRows * kHeads * (kNope + kRope));
  std::vector<float> out(kRows * kHeads * kValue);
  std::vector<int32_t> positions, sequences(kRows, 0), which, selected, counts;
  for (int32_t r = 0; r < kRows; ++r) {
    positions.push_back(30 + 3 * r);
    which.push_back(r);
    const int32_t held = positions.back() + 1;
    counts.push_back(std::min<int32_t>(held, kTopK));
    selected.resize(selected.size() + kTopK, -1);
    // Distinct, ascending: every k-th of those held.
    for (int32_t i = 0; i < counts.back(); ++i) {
      selected[static_cast<size_t>(r * kTopK + i)] = i * held / counts.back();
    }
  }
  const CacheView view = cache.view();
  const StepRows rows = {kRows, positions.data(), sequences.data(), view.page_table, 2};
  backend->DenseMla(
      {rows,
       which,
       ViewOf(q, kHeads * (kNope + kRope)),
       kv_b.view(),
       kHeads,
       kNope,
       kRope,
       kValue,
       selected.data(),
       counts.data(),
       kTopK,
       kScale,
       {layout, const_cast<std::byte*>(view.latents), const_cast<std::byte*>(view.index_keys)},
       ViewOf(out, kHeads * kValue)});
  EXPECT_EQ(backend->counters().dense_rows, kRows);
  Comparison comparison;
  const auto expanded = [&](int64_t n, int64_t position) {
    double sum = 0;
    for (int64_t d = 0; d < kLatent; ++d) sum += kv_b.At(n, d) * view.Latent(position, d);
    return Rounded(sum);
  };
  for (int64_t r = 0; r < kRows; r += 3) {
    for (int64_t h = 0; h < kHeads; ++h) {
      const int64_t first = h * (kNope + kValue);
      const float* query = q.data() + (r * kHeads + h) * (kNope + kRope);
      const int32_t* chosen = selected.data() + r * kTopK;
      const auto count = counts[static_cast<size_t>(r)];
      std::vector<double> products;
      for (int32_t i = 0; i < count; ++i) {
        double sum = 0;
        for (int64_t d = 0; d < kNope; ++d) sum += query[d] * expanded(first + d, chosen[i]);
        for (int64_t d = 0; d < kRope; ++d) {
          sum += query[kNope + d] * view.Latent(chosen[i], kLatent + d);
        }
        products.push_back(sum);
      }
      const std::vector<double> p = Probabilities(products, {}, kScale);
      for (int64_t n = 0; n < kValue; ++n) {
        double sum = 0;
        for (int32_t i = 0; i < count; ++i) {
          sum += p[static_cast<size_t>(i)] * expanded(first + kNope + n, chosen[i]);
        }
        comparison.Add(out[static_cast<size_t>((r * kHeads + h) * kValue + n)], Rounded(sum));
      }
    }
  }
}

// kv_b is read in bf16 by the absorbed form, whatever its scales are.
TEST_P(OfficialTest, AbsorbedWeightsAreBF16Numbers) {
  Random random(6);
  const auto backend = Make();
  const TestWeights kv_b(test::kWeightKinds[3], kHeads * (kNope + kValue), kLatent, random,
                         Values::kSymmetric);
  std::vector<float> q = BF16Numbers(random, kHeads * (kNope + kRope)), out(kHeads * kLatent);
  for (int run = 0; run < 2; ++run) {  // the copy of the first call serves the second
    Comparison comparison;
    backend->AbsorbQueries({ViewOf(q, kHeads * (kNope + kRope)), kv_b.view(), kHeads, kNope, kRope,
                            kValue, ViewOf(out, kHeads * kLatent)});
    for (int64_t h = 0; h < kHeads; ++h) {
      for (int64_t d = 0; d < kLatent; ++d) {
        double sum = 0;
        for (int64_t n = 0; n < kNope; ++n) {
          sum += q[static_cast<size_t>(h * (kNope + kRope) + n)] *
                 Rounded(kv_b.At(h * (kNope + kValue) + n, d));
        }
        comparison.Add(out[static_cast<size_t>(h * kLatent + d)], Rounded(sum));
      }
    }
  }
}

TEST_P(OfficialTest, ExpertsRoundBetweenTheirLayers) {
  Random random(7);
  const auto backend = Make();
  constexpr int64_t kRows = 4, kHidden = 128, kInner = 64, kExperts = 3, kPerToken = 2;
  std::vector<TestWeights> weights;
  for (int64_t i = 0; i < kExperts * 3; ++i) {
    const bool down = i % 3 == 2;
    weights.emplace_back(test::kWeightKinds[4], down ? kHidden : kInner, down ? kInner : kHidden,
                         random, Values::kSymmetric);
  }
  std::vector<ExpertWeights> views;
  for (size_t e = 0; e < kExperts; ++e) {
    views.push_back({weights[e * 3].view(), weights[e * 3 + 1].view(), weights[e * 3 + 2].view()});
  }
  std::vector<float> x = BF16Numbers(random, kRows * kHidden), out(kRows * kHidden);
  const std::vector<int32_t> chosen = {0, 1, 2, 0, 1, 2, 0, 2};
  std::vector<float> shares(kRows * kPerToken);
  for (float& s : shares) s = random.Uniform();
  backend->Experts(
      {ViewOf(x, kHidden), views, chosen.data(), shares.data(), kPerToken, ViewOf(out, kHidden)});
  int64_t near = 0;
  for (int64_t r = 0; r < kRows; ++r) {
    std::vector<double> sum(kHidden);
    for (int64_t j = 0; j < kPerToken; ++j) {
      const auto at = static_cast<size_t>(r * kPerToken + j);
      const auto e = static_cast<size_t>(chosen[at]) * 3;
      const std::vector<double> in = Quantized(x.data() + r * kHidden, kHidden);
      std::vector<float> inner(kInner);
      for (int64_t n = 0; n < kInner; ++n) {
        double gate = 0, up = 0;
        for (int64_t k = 0; k < kHidden; ++k) {
          gate += in[static_cast<size_t>(k)] * weights[e].At(n, k);
          up += in[static_cast<size_t>(k)] * weights[e + 1].At(n, k);
        }
        gate = Rounded(gate);
        inner[static_cast<size_t>(n)] =
            static_cast<float>(Rounded(gate / (1 + std::exp(-gate)) * Rounded(up)));
      }
      const std::vector<double> products = Quantized(inner.data(), kInner);
      for (int64_t n = 0; n < kHidden; ++n) {
        double down = 0;
        for (int64_t k = 0; k < kInner; ++k) {
          down += products[static_cast<size_t>(k)] * weights[e + 2].At(n, k);
        }
        sum[static_cast<size_t>(n)] += shares[at] * Rounded(down);
      }
    }
    for (int64_t n = 0; n < kHidden; ++n) {
      near += std::abs(out[static_cast<size_t>(r * kHidden + n)] - sum[static_cast<size_t>(n)]) <
              1e-5 * (1 + std::abs(sum[static_cast<size_t>(n)]));
    }
  }
  // A neighbour in one inner value can move a row a little; most rows have none.
  EXPECT_GE(near, kRows * kHidden * 9 / 10);
}

INSTANTIATE_TEST_SUITE_P(EveryTable, OfficialTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
