// The slow, obvious versions of what kernels compute, in double precision, with the bound within
// which a kernel must lie.
//
// Bounds follow the usual analysis: a sum in f32 whose terms each pass through at most d additions
// is off by at most d * 2^-24 * Σ|terms|. Long chains (thousands of terms) use 8 * sqrt(d) for d:
// rounding errors are as good as independent, and eight standard deviations never happen
// (Higham & Mary 2019). Every bound is far below the effect of one wrong element or scale.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "cpu/kernels/test_data.h"

namespace fathom::test {

struct Bounded {
  double value = 0;
  double bound = 0;
};

inline constexpr double kUnit = 0x1p-24;       // half an ulp of f32, relative
inline constexpr double kSmallest = 0x1p-149;  // an f32 below 2^-126 is off by at most this
inline constexpr double kExpError = 3e-7;      // of the kernels' exp, relative; measured in a test

// Rounding steps on the way of one product in DotChunk: its lane's chain inside a block (twice as
// long where an fma rounds twice), the blocks of a chunk, the lanes, the chunks.
double DotDepth(const KernelTable& table, int64_t cols);

// The same for a chain of `n` fused multiply-adds in order.
inline double ChainDepth(int64_t n) {
  return std::min<double>(static_cast<double>(n), 8.0 * std::sqrt(static_cast<double>(n))) * 2 + 2;
}

// Σ a(k) * b(k), each product and sum rounded `depth` times.
template <typename A, typename B>
Bounded ReferenceDot(int64_t n, double depth, A a, B b) {
  double sum = 0, magnitude = 0;
  for (int64_t k = 0; k < n; ++k) {
    const double product = static_cast<double>(a(k)) * static_cast<double>(b(k));
    sum += product;
    magnitude += std::abs(product);
  }
  return {sum, depth * kUnit * magnitude + static_cast<double>(n) * kSmallest};
}

// x · w[n]
Bounded ReferenceLinear(const KernelTable& table, const float* x, const TestWeights& w, int64_t n);

// Σ softmax(scores)_i * value(i, d) for d in [0, dims), with the errors of scores and values
// carried through; `tile` keys are added at a time and shrunk when the maximum grows.
std::vector<Bounded> ReferenceSoftmaxSum(const std::vector<Bounded>& scores, int64_t tile,
                                         int64_t dims,
                                         const std::function<Bounded(int64_t, int64_t)>& value);

// One head of sparse_mla: query [latent_dim] with its error, then the rotary part.
std::vector<Bounded> ReferenceSparseMla(const KernelTable& table,
                                        const std::vector<Bounded>& query_latent,
                                        const float* query_rope, const CacheView& cache,
                                        const std::vector<int32_t>& positions, float scale);

// One head of dense_mla for a row at `position`: kv_b rows first_row … are UK, then UV.
std::vector<Bounded> ReferenceDenseMla(const KernelTable& table, const float* query,
                                       const CacheView& cache, const TestWeights& kv_b,
                                       int64_t first_row, int64_t nope, int64_t value,
                                       int64_t position, float scale);

// The score of one key (spec 3.5).
Bounded ReferenceIndexScore(const float* query, const float* weights, int64_t heads,
                            float weight_scale, const CacheView& cache, int64_t position);

// Fails the calling test at the first of n elements that is outside its bound.
void ExpectWithin(const float* actual, const std::vector<Bounded>& expected);

// Bit for bit.
void ExpectSameBits(const float* actual, const float* expected, int64_t n);

}  // namespace fathom::test
