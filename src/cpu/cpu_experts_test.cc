// The choice of experts against spec 4 word for word, and the experts' work against plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "cpu/cpu_backend.h"
#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/references.h"
#include "cpu/kernels/test_data.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

using test::Bounded;
using test::kUnit;
using test::Random;
using test::TestWeights;
using test::Values;

BufferView ViewOf(std::vector<float>& x, int64_t cols) {
  return {reinterpret_cast<std::byte*>(x.data()), DType::kF32,
          static_cast<int64_t>(x.size()) / cols, cols, cols};
}

struct Routing {
  int64_t experts, groups, open_groups, per_token;
};

class RouteExpertsTest : public test::KernelTest {
 protected:
  // By sorting; scores are the kernel's, so that equal logits are equal here too.
  void Reference(const Routing& shape, const float* logits, const float* bias, bool normalize,
                 float scaling, std::vector<int32_t>* experts, std::vector<double>* weights) const {
    const auto n = static_cast<size_t>(shape.experts);
    const size_t size = n / static_cast<size_t>(shape.groups);
    std::vector<float> scores(n);
    table().sigmoid(logits, shape.experts, scores.data());
    const auto biased = [&](size_t e) { return scores[e] + bias[e]; };
    std::vector<float> group_sums;
    for (size_t g = 0; g < static_cast<size_t>(shape.groups); ++g) {
      std::vector<float> members;
      for (size_t e = g * size; e < (g + 1) * size; ++e) members.push_back(biased(e));
      std::sort(members.rbegin(), members.rend());
      group_sums.push_back(size > 1 ? members[0] + members[1] : members[0]);
    }
    std::vector<size_t> groups(group_sums.size());
    std::iota(groups.begin(), groups.end(), 0);
    std::sort(groups.begin(), groups.end(), [&](size_t a, size_t b) {
      return group_sums[a] != group_sums[b] ? group_sums[a] > group_sums[b] : a < b;
    });
    groups.resize(static_cast<size_t>(shape.open_groups));
    std::sort(groups.begin(), groups.end());
    std::vector<size_t> order;
    for (const size_t g : groups) {
      for (size_t e = g * size; e < (g + 1) * size; ++e) order.push_back(e);
    }
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return biased(a) != biased(b) ? biased(a) > biased(b) : a < b;
    });
    order.resize(static_cast<size_t>(shape.per_token));
    double sum = 0;
    for (const size_t e : order) sum += scores[e];
    experts->clear();
    weights->clear();
    for (const size_t e : order) {
      experts->push_back(static_cast<int32_t>(e));
      weights->push_back(scores[e] / (normalize ? sum : 1.0) * scaling);
    }
  }

  void Check(const Routing& shape, std::vector<float> logits, const std::vector<float>& bias,
             bool normalize, float scaling) const {
    const auto rows = static_cast<int64_t>(logits.size()) / shape.experts;
    for (const int threads : {1, 3}) {
      CpuOptions options;
      options.isa = table().name;
      options.threads = threads;
      std::vector<int32_t> experts(static_cast<size_t>(rows * shape.per_token));
      std::vector<float> weights(experts.size());
      CpuBackend::Create(options).value()->RouteExperts(
          {ViewOf(logits, shape.experts), bias.data(), shape.groups, shape.open_groups,
           shape.per_token, normalize, scaling, experts.data(), weights.data()});
      for (int64_t r = 0; r < rows; ++r) {
        std::vector<int32_t> expected;
        std::vector<double> expected_weights;
        Reference(shape, logits.data() + r * shape.experts, bias.data(), normalize, scaling,
                  &expected, &expected_weights);
        for (int64_t j = 0; j < shape.per_token; ++j) {
          const auto i = static_cast<size_t>(r * shape.per_token + j);
          ASSERT_EQ(experts[i], expected[static_cast<size_t>(j)])
              << "row " << r << ", choice " << j;
          const double weight = expected_weights[static_cast<size_t>(j)];
          ASSERT_NEAR(weights[i], weight, weight * 12 * kUnit);
        }
      }
    }
  }
};

constexpr Routing kRoutings[] = {
    {256, 8, 4, 8},  // DeepSeek-V3.2
    {12, 4, 2, 4},   // fathom-nano
    {16, 1, 1, 4},   // no groups
    {8, 8, 3, 2},    // groups of one
    {8, 2, 2, 8},    // everything
    {5, 1, 1, 1},
};

TEST_P(RouteExpertsTest, RandomLogits) {
  Random random(1);
  for (const Routing& shape : kRoutings) {
    SCOPED_TRACE(shape.experts);
    std::vector<float> logits(static_cast<size_t>(40 * shape.experts));
    std::vector<float> bias(static_cast<size_t>(shape.experts));
    for (float& x : logits) x = 4.0F * random.Symmetric();
    for (float& x : bias) x = 0.3F * random.Symmetric();
    Check(shape, logits, bias, true, 2.5F);
    Check(shape, logits, bias, false, 1.0F);
  }
}

// Biases so low that every biased score is negative: closed groups must lose against them.
TEST_P(RouteExpertsTest, NegativeBiasedScores) {
  Random random(2);
  for (const Routing& shape : kRoutings) {
    SCOPED_TRACE(shape.experts);
    std::vector<float> logits(static_cast<size_t>(40 * shape.experts));
    std::vector<float> bias(static_cast<size_t>(shape.experts));
    for (float& x : logits) x = 4.0F * random.Symmetric();
    for (float& x : bias) x = -2.0F - random.Uniform();
    Check(shape, logits, bias, true, 2.5F);
  }
}

TEST_P(RouteExpertsTest, TiesGoToTheLowerIndex) {
  Random random(3);
  for (const Routing& shape : kRoutings) {
    SCOPED_TRACE(shape.experts);
    for (const int64_t distinct : {1, 2, 3}) {
      std::vector<float> logits(static_cast<size_t>(40 * shape.experts));
      for (float& x : logits) x = static_cast<float>(random.Below(distinct));
      Check(shape, logits, std::vector<float>(static_cast<size_t>(shape.experts), 0.1F), true,
            2.5F);
    }
  }
}

TEST_P(RouteExpertsTest, ExtremeLogits) {
  const Routing shape = {12, 4, 2, 4};
  std::vector<float> logits(24, -100.0F);  // every sigmoid near the smallest number
  for (size_t i = 12; i < 24; ++i) logits[i] = 100.0F;
  Check(shape, logits, std::vector<float>(12, 0.0F), true, 2.5F);
}

class ExpertsTest : public test::KernelTest {
 protected:
  struct Layer {
    std::vector<TestWeights> matrices;  // gate, up, down of each expert
    std::vector<ExpertWeights> weights;
  };

  static Layer MakeLayer(const test::WeightKind& kind, int64_t experts, int64_t hidden,
                         int64_t inner, Random& random) {
    Layer layer;
    for (int64_t e = 0; e < experts; ++e) {
      layer.matrices.emplace_back(kind, inner, hidden, random, Values::kSymmetric);
      layer.matrices.emplace_back(kind, inner, hidden, random, Values::kSymmetric);
      layer.matrices.emplace_back(kind, hidden, inner, random, Values::kSymmetric);
    }
    for (size_t e = 0; e < static_cast<size_t>(experts); ++e) {
      layer.weights.push_back({layer.matrices[3 * e].view(), layer.matrices[3 * e + 1].view(),
                               layer.matrices[3 * e + 2].view()});
    }
    return layer;
  }

  std::vector<float> Run(const Layer& layer, std::vector<float> x, int64_t hidden,
                         const std::vector<int32_t>& experts, const std::vector<float>& weights,
                         int64_t per_token, int threads, Numerics numerics) const {
    CpuOptions options;
    options.isa = table().name;
    options.threads = threads;
    options.numerics = numerics;
    std::vector<float> out(x.size(), 7.0F);
    CpuBackend::Create(options).value()->Experts({ViewOf(x, hidden), layer.weights, experts.data(),
                                                  weights.data(), per_token, ViewOf(out, hidden)});
    return out;
  }

  // One row; `input_unit` is the relative error with which inputs of a matrix are rounded.
  std::vector<Bounded> Reference(const Layer& layer, const float* x, int64_t hidden, int64_t inner,
                                 const int32_t* experts, const float* weights, int64_t per_token,
                                 double input_unit) const {
    std::vector<Bounded> out(static_cast<size_t>(hidden));
    const double in_depth = test::DotDepth(table(), hidden) + 8 + input_unit / kUnit;
    const double out_depth = test::DotDepth(table(), inner) + 8 + input_unit / kUnit;
    for (int64_t j = 0; j < per_token; ++j) {
      const auto e = static_cast<size_t>(3 * experts[j]);
      std::vector<Bounded> products;
      for (int64_t n = 0; n < inner; ++n) {
        const auto input = [&](int64_t k) { return x[k]; };
        const Bounded g = test::ReferenceDot(hidden, in_depth, input,
                                             [&](int64_t k) { return layer.matrices[e].At(n, k); });
        const Bounded u = test::ReferenceDot(
            hidden, in_depth, input, [&](int64_t k) { return layer.matrices[e + 1].At(n, k); });
        const double silu = g.value / (1.0 + std::exp(-g.value));
        // |silu'| ≤ 1.1
        products.push_back(
            {silu * u.value, 1.1 * g.bound * (std::abs(u.value) + u.bound) +
                                 std::abs(silu) * u.bound +
                                 std::abs(silu * u.value) * (test::kExpError + 3 * kUnit)});
      }
      for (int64_t d = 0; d < hidden; ++d) {
        Bounded y = test::ReferenceDot(
            inner, out_depth, [&](int64_t n) { return products[static_cast<size_t>(n)].value; },
            [&](int64_t n) { return layer.matrices[e + 2].At(d, n); });
        for (int64_t n = 0; n < inner; ++n) {
          y.bound += std::abs(layer.matrices[e + 2].At(d, n)) *
                     products[static_cast<size_t>(n)].bound * (1 + input_unit);
        }
        Bounded& total = out[static_cast<size_t>(d)];
        total.value += weights[j] * y.value;
        total.bound += std::abs(weights[j]) * (y.bound + std::abs(y.value) * kUnit * 10);
      }
    }
    return out;
  }
};

TEST_P(ExpertsTest, LieWithinTheBoundAndGroupingChangesNoBit) {
  Random random(4);
  constexpr int64_t kExperts = 6, kPerToken = 3;
  for (const test::WeightKind& kind : test::kWeightKinds) {
    for (const auto& [hidden, inner] : {std::pair<int64_t, int64_t>{40, 24}, {150, 133}}) {
      const Layer layer = MakeLayer(kind, kExperts, hidden, inner, random);
      for (const int64_t rows : {1, 2, 9, 70}) {
        SCOPED_TRACE(fmt::format("{}, {} -> {}, {} rows", kind.name, hidden, inner, rows));
        std::vector<float> x(static_cast<size_t>(rows * hidden));
        for (float& v : x) v = random.Symmetric();
        std::vector<int32_t> experts;
        std::vector<float> weights;
        for (int64_t r = 0; r < rows; ++r) {
          // Different experts of a row; expert 5 is never asked.
          const int64_t first = random.Below(5);
          for (int64_t j = 0; j < kPerToken; ++j) {
            experts.push_back(static_cast<int32_t>((first + j * 2) % 5));
            weights.push_back(random.Uniform());
          }
        }
        for (const Numerics numerics : {Numerics::kReference, Numerics::kFast}) {
          const std::vector<float> out =
              Run(layer, x, hidden, experts, weights, kPerToken, 1, numerics);
          const bool rounds = numerics == Numerics::kFast && table().bf16_dot &&
                              (kind.packed == Packed::kBF16 || kind.packed == Packed::kE4M3);
          for (const int64_t r : {int64_t{0}, rows - 1}) {
            test::ExpectWithin(
                out.data() + r * hidden,
                Reference(layer, x.data() + r * hidden, hidden, inner,
                          experts.data() + r * kPerToken, weights.data() + r * kPerToken, kPerToken,
                          rounds ? 0x1p-9 : 0.0));
            // Alone.
            const auto row = [&](auto& v, int64_t n) {
              return std::remove_cvref_t<decltype(v)>(v.begin() + r * n, v.begin() + (r + 1) * n);
            };
            const std::vector<float> alone =
                Run(layer, row(x, hidden), hidden, row(experts, kPerToken), row(weights, kPerToken),
                    kPerToken, 2, numerics);
            test::ExpectSameBits(alone.data(), out.data() + r * hidden, hidden);
          }
          for (const int threads : {2, 3, 8}) {
            const std::vector<float> again =
                Run(layer, x, hidden, experts, weights, kPerToken, threads, numerics);
            test::ExpectSameBits(again.data(), out.data(), rows * hidden);
          }
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// So many rows that outputs are summed in blocks, the last of them partial.
TEST_P(ExpertsTest, BlocksOfOutputsChangeNoBit) {
  Random random(5);
  constexpr int64_t kHidden = 700, kInner = 100, kExperts = 4, kPerToken = 3, kRows = 600;
  for (const test::WeightKind& kind : test::kWeightKinds) {
    SCOPED_TRACE(kind.name);
    const Layer layer = MakeLayer(kind, kExperts, kHidden, kInner, random);
    std::vector<float> x(static_cast<size_t>(kRows * kHidden));
    for (float& v : x) v = random.Symmetric();
    std::vector<int32_t> experts;
    std::vector<float> weights;
    for (int64_t r = 0; r < kRows; ++r) {
      const int64_t first = random.Below(kExperts);
      for (int64_t j = 0; j < kPerToken; ++j) {
        experts.push_back(static_cast<int32_t>((first + j) % kExperts));
        weights.push_back(random.Uniform());
      }
    }
    const std::vector<float> out =
        Run(layer, x, kHidden, experts, weights, kPerToken, 2, Numerics::kFast);
    for (const int64_t r : {int64_t{0}, int64_t{77}, kRows - 1}) {
      const std::vector<float> alone =
          Run(layer, {x.begin() + r * kHidden, x.begin() + (r + 1) * kHidden}, kHidden,
              {experts.begin() + r * kPerToken, experts.begin() + (r + 1) * kPerToken},
              {weights.begin() + r * kPerToken, weights.begin() + (r + 1) * kPerToken}, kPerToken,
              1, Numerics::kFast);
      test::ExpectSameBits(alone.data(), out.data() + r * kHidden, kHidden);
    }
  }
}

// A plan that is too small is no plan, one that is far too large refuses what would run. 499 rows
// are the most whose outputs are computed at once.
TEST(Workspace, IsWhatExpertsTakeAtMost) {
  constexpr int64_t kHidden = 700, kInner = 128, kPerToken = 3;
  const std::vector<float> zeros(static_cast<size_t>(kHidden * kInner));
  const MatrixView in = {
      .data = zeros.data(), .dtype = DType::kF32, .rows = kInner, .cols = kHidden};
  const MatrixView back = {
      .data = zeros.data(), .dtype = DType::kF32, .rows = kHidden, .cols = kInner};
  const std::vector<ExpertWeights> weights_of(kPerToken, {in, in, back});
  int64_t most = 0;
  for (const int64_t rows : {1, 499, 500, 600}) {
    std::vector<float> x(static_cast<size_t>(rows * kHidden)), out = x;
    std::vector<int32_t> experts;
    for (int64_t i = 0; i < rows * kPerToken; ++i) {
      experts.push_back(static_cast<int32_t>(i % kPerToken));
    }
    const std::vector<float> weights(experts.size(), 1.0F);
    const auto backend = CpuBackend::Create(CpuOptions()).value();
    backend->Experts({ViewOf(x, kHidden), weights_of, experts.data(), weights.data(), kPerToken,
                      ViewOf(out, kHidden)});
    EXPECT_GT(backend->held_bytes(), 0);
    most = std::max(most, backend->held_bytes());
  }
  const int64_t planned = CpuBackend::WorkspaceBytes({.tokens = 600,
                                                      .hidden_size = kHidden,
                                                      .experts_per_token = kPerToken,
                                                      .expert_inner = kInner});
  EXPECT_LE(most, planned);
  EXPECT_GE(most, planned / 10 * 9);
}

INSTANTIATE_TEST_SUITE_P(EveryTable, RouteExpertsTest, test::kEveryTable, test::TableName);
INSTANTIATE_TEST_SUITE_P(EveryTable, ExpertsTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
