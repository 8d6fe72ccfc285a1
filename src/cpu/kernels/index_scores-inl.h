// Index scores of a few rows of one sequence, a page of keys at a time (spec 3.5): a page is
// unpacked once for all rows and heads; scores run along its 64 keys, heads are added in order.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/axpy-inl.h"
#include "cpu/kernels/cache_rows-inl.h"
#include "cpu/kernels/dot-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// scores[0 … 64) (+)= sum over `heads` of weight * relu(products of that head).
static inline void AddHeads(const float* products, const float* weights, float weight_scale,
                            int64_t heads, bool add, float* scores) {
  static_assert(kPage % kLanes == 0);
  for (int64_t i = 0; i < kPage; i += kLanes) {
    Vec sum = add ? Load(scores + i) : Zero();
    for (int64_t h = 0; h < heads; ++h) {
      const Vec relu = Max(Load(products + h * kPage + i), Zero());
      sum = Fma(Set(weights[h] * weight_scale), relu, sum);
    }
    Store(sum, scores + i);
  }
}

// products[q][key] = query q · key, for the 64 keys of a page, which lie along the vector: f32 and
// bf16 keys are stored so, fp8 keys are turned first. Those come out × 2^-8 and wait for their
// scales. Few queries take the keys as they are stored, many from a tile of floats.
template <Packed kPacked>
static inline void MultiplyKeys(const std::byte* keys, int64_t dim, const float* const* queries,
                                int64_t count, float* const* products, float* tile) {
  if (kPacked == Packed::kF32 || count <= kAxpyRows) {
    const StoredColumns<kPacked, false> columns{keys, kPage * kBytesOf<kPacked>};
    return Axpy(queries, count, columns, dim, kPage, false, products, 0);
  }
  UnpackRow<kPacked>(keys, dim * kPage, 1.0F, tile);
  Axpy(queries, count, FloatColumns{tile, kPage}, dim, kPage, false, products, 0);
}

static void MultiplyPage(const CacheRows& cache, int64_t page, const float* const* queries,
                         int64_t count, float* const* products, float* tile) {
  const int64_t dim = cache.index_dim;
  const std::byte* keys = IndexPage(cache, page);
  if (cache.type == kCacheF32) {
    return MultiplyKeys<Packed::kF32>(keys, dim, queries, count, products, tile);
  }
  if (cache.type == kCacheBF16) {
    return MultiplyKeys<Packed::kBF16>(keys, dim, queries, count, products, tile);
  }
  auto* turned = reinterpret_cast<uint8_t*>(tile + dim * kPage);  // [dim][64]
  for (int64_t d = 0; d < dim; d += 16) {
    for (int64_t key = 0; key < kPage; key += 16) {
      Transpose16x16(reinterpret_cast<const uint8_t*>(keys) + key * dim + d, dim,
                     turned + d * kPage + key, kPage);
    }
  }
  MultiplyKeys<Packed::kE4M3>(reinterpret_cast<const std::byte*>(turned), dim, queries, count,
                              products, tile);
}

static void IndexScores(const IndexScoresTask& t) {
  const int64_t dim = t.cache.index_dim;
  float* tile = t.scratch;                                 // [dim, 64], then as many bytes
  float* products = tile + kPage * dim + kPage * dim / 4;  // [rows, heads, 64]
  const float* queries[kIndexRows * kIndexHeads];
  float* outs[kIndexRows * kIndexHeads];
  for (int64_t page = t.page_begin; page < t.page_end; ++page) {
    for (int64_t head = 0; head < t.heads; head += kIndexHeads) {
      const int64_t heads = Least(kIndexHeads, t.heads - head);
      for (int64_t r = 0; r < t.rows; ++r) {
        for (int64_t h = 0; h < heads; ++h) {
          queries[r * heads + h] = t.query[r] + (head + h) * dim;
          outs[r * heads + h] = products + (r * heads + h) * kPage;
        }
      }
      MultiplyPage(t.cache, page, queries, t.rows * heads, outs, tile);
      for (int64_t r = 0; r < t.rows; ++r) {
        AddHeads(products + r * heads * kPage, t.weights[r] + head, t.weight_scale, heads, head > 0,
                 t.scores[r] + page * kPage);
      }
    }
    if (t.cache.type != kCacheFP8) continue;
    const auto* scales =
        reinterpret_cast<const float*>(IndexPage(t.cache, page) + kPage * t.cache.index_dim);
    for (int64_t r = 0; r < t.rows; ++r) {
      float* scores = t.scores[r] + page * kPage;
      for (int64_t i = 0; i < kPage; i += kLanes) {
        const Vec scale = Mul(Load(scales + i), Set(kE4M3Unit));
        Store(Mul(Load(scores + i), scale), scores + i);
      }
    }
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
