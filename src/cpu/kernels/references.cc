#include "cpu/kernels/references.h"

#include <gtest/gtest.h>

#include <cstring>

namespace fathom::test {

double DotDepth(const KernelTable& table, int64_t cols) {
  const int64_t in_block = std::min<int64_t>(cols, 128) / table.lanes + 1;
  const int64_t chunks = (cols + kChunk - 1) / kChunk;
  const bool rounds_twice = table.lanes == 4;
  return static_cast<double>((in_block + 4) * (rounds_twice ? 2 : 1) + 4 + chunks);
}

Bounded ReferenceLinear(const KernelTable& table, const float* x, const TestWeights& w, int64_t n) {
  Bounded dot = ReferenceDot(
      w.cols(), DotDepth(table, w.cols()), [&](int64_t k) { return x[k]; },
      [&](int64_t k) { return w.At(n, k); });
  if (w.kind().packed == Packed::kE4M3) {
    // A product is first summed without its scale and 2^8 too small.
    double most = 0;
    for (int64_t k = 0; k < w.cols(); k += 128) most = std::max(most, w.ScaleAt(n, k));
    dot.bound += static_cast<double>(w.cols()) * kSmallest * 256 * most;
  }
  return dot;
}

std::vector<Bounded> ReferenceSoftmaxSum(const std::vector<Bounded>& scores, int64_t tile,
                                         int64_t dims,
                                         const std::function<Bounded(int64_t, int64_t)>& value) {
  const auto n = static_cast<int64_t>(scores.size());
  std::vector<Bounded> out(static_cast<size_t>(dims));
  if (n == 0) return out;
  double most = scores[0].value, least = most, error = 0;
  for (const Bounded& score : scores) {
    most = std::max(most, score.value);
    least = std::min(least, score.value);
    error = std::max(error, score.bound);
  }
  std::vector<double> p(scores.size());
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) sum += p[i] = std::exp(scores[i].value - most);

  // Relative error of one exponential: of its argument, of exp itself, and of the factors that
  // shrink what was added before the maximum grew.
  const double tiles = static_cast<double>((n + tile - 1) / tile);
  const double weight_error =
      error + 2 * kUnit * (most - least) + (tiles + 1) * (kExpError + 3 * kUnit);
  // Numerator and denominator carry it, and both are chains.
  const double relative = 2 * weight_error + 2 * ChainDepth(n) * kUnit;
  for (int64_t d = 0; d < dims; ++d) {
    Bounded& total = out[static_cast<size_t>(d)];
    for (int64_t i = 0; i < n; ++i) {
      const Bounded v = value(i, d);
      const double weight = p[static_cast<size_t>(i)] / sum;
      total.value += weight * v.value;
      total.bound += weight * (std::abs(v.value) * relative + v.bound);
    }
    total.bound += 1e-37;  // weights below the smallest normal float are cut off
  }
  return out;
}

std::vector<Bounded> ReferenceSparseMla(const KernelTable& table,
                                        const std::vector<Bounded>& query_latent,
                                        const float* query_rope, const CacheView& cache,
                                        const std::vector<int32_t>& positions, float scale) {
  const int64_t latent = cache.layout.latent_dim, width = latent + cache.layout.rope_dim;
  const auto query = [&](int64_t d) {
    return d < latent ? query_latent[static_cast<size_t>(d)].value : query_rope[d - latent];
  };
  std::vector<Bounded> scores;
  for (const int32_t position : positions) {
    Bounded dot = ReferenceDot(width, DotDepth(table, width), query,
                               [&](int64_t d) { return cache.Latent(position, d); });
    for (int64_t d = 0; d < latent; ++d) {
      dot.bound += query_latent[static_cast<size_t>(d)].bound * std::abs(cache.Latent(position, d));
    }
    // fp8 rows are scaled when they are unpacked, which rounds once if scales are no powers of two.
    scores.push_back({dot.value * scale, (dot.bound + std::abs(dot.value) * kUnit) * scale});
  }
  return ReferenceSoftmaxSum(scores, kSparseTile, latent, [&](int64_t i, int64_t d) {
    return Bounded{cache.Latent(positions[static_cast<size_t>(i)], d), 0};
  });
}

std::vector<Bounded> ReferenceDenseMla(const KernelTable& table, const float* query,
                                       const CacheView& cache, const TestWeights& kv_b,
                                       int64_t first_row, int64_t nope, int64_t value,
                                       int64_t position, float scale) {
  const int64_t latent = cache.layout.latent_dim, rope = cache.layout.rope_dim;
  const auto expand = [&](int64_t key, int64_t n) {
    return ReferenceDot(
        latent, DotDepth(table, latent), [&](int64_t d) { return cache.Latent(key, d); },
        [&](int64_t d) { return kv_b.At(n, d); });
  };
  std::vector<Bounded> scores;
  std::vector<Bounded> values;  // [keys, value]
  for (int64_t key = 0; key <= position; ++key) {
    std::vector<Bounded> k;
    for (int64_t n = 0; n < nope; ++n) k.push_back(expand(key, first_row + n));
    for (int64_t d = 0; d < rope; ++d) k.push_back({cache.Latent(key, latent + d), 0});
    for (int64_t n = 0; n < value; ++n) values.push_back(expand(key, first_row + nope + n));
    const auto width = static_cast<int64_t>(k.size());
    Bounded dot = ReferenceDot(
        width, DotDepth(table, width), [&](int64_t d) { return query[d]; },
        [&](int64_t d) { return k[static_cast<size_t>(d)].value; });
    for (int64_t d = 0; d < width; ++d) {
      dot.bound += std::abs(query[d]) * k[static_cast<size_t>(d)].bound;
    }
    scores.push_back({dot.value * scale, (dot.bound + std::abs(dot.value) * kUnit) * scale});
  }
  return ReferenceSoftmaxSum(scores, kSparseTile, value, [&](int64_t i, int64_t d) {
    return values[static_cast<size_t>(i * value + d)];
  });
}

Bounded ReferenceIndexScore(const float* query, const float* weights, int64_t heads,
                            float weight_scale, const CacheView& cache, int64_t position) {
  const int64_t dim = cache.layout.index_dim;
  Bounded score;
  for (int64_t h = 0; h < heads; ++h) {
    const Bounded dot = ReferenceDot(
        dim, ChainDepth(dim), [&](int64_t d) { return query[h * dim + d]; },
        [&](int64_t d) { return cache.IndexKey(position, d); });
    const double weight = static_cast<double>(weights[h]) * weight_scale;
    const double relu = std::max(0.0, dot.value);
    score.value += weight * relu;
    score.bound += std::abs(weight) * (dot.bound + relu * kUnit * (ChainDepth(heads) + 3));
  }
  return score;
}

void ExpectWithin(const float* actual, const std::vector<Bounded>& expected) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(static_cast<double>(actual[i]) - expected[i].value);
    ASSERT_LE(error, expected[i].bound) << "element " << i << " of " << expected.size() << " is "
                                        << actual[i] << ", expected " << expected[i].value;
  }
}

void ExpectSameBits(const float* actual, const float* expected, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_EQ(std::memcmp(actual + i, expected + i, 4), 0)
        << "element " << i << " of " << n << ": " << actual[i] << " and " << expected[i];
  }
}

}  // namespace fathom::test
