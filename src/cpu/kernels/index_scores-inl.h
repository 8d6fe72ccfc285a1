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

static void IndexScores(const IndexScoresTask& t) {
  const int64_t dim = t.cache.index_dim;
  float* tile = t.scratch;          // [dim, 64]
  float* row = tile + kPage * dim;  // [dim]
  float* products = row + dim;      // [rows, heads, 64]
  const float* queries[kIndexRows * kIndexHeads];
  float* outs[kIndexRows * kIndexHeads];
  for (int64_t page = t.page_begin; page < t.page_end; ++page) {
    const float* keys = ReadIndexPage(t.cache, page, tile, row);
    for (int64_t head = 0; head < t.heads; head += kIndexHeads) {
      const int64_t heads = Least(kIndexHeads, t.heads - head);
      for (int64_t r = 0; r < t.rows; ++r) {
        for (int64_t h = 0; h < heads; ++h) {
          queries[r * heads + h] = t.query[r] + (head + h) * dim;
          outs[r * heads + h] = products + (r * heads + h) * kPage;
        }
      }
      AxpyTile(queries, t.rows * heads, keys, kPage, dim, kPage, false, outs, 0);
      for (int64_t r = 0; r < t.rows; ++r) {
        AddHeads(products + r * heads * kPage, t.weights[r] + head, t.weight_scale, heads, head > 0,
                 t.scores[r] + page * kPage);
      }
    }
    if (t.cache.type == kCacheFP8) {
      const auto* scales = reinterpret_cast<const float*>(IndexPage(t.cache, page) + kPage * dim);
      for (int64_t r = 0; r < t.rows; ++r) {
        float* scores = t.scores[r] + page * kPage;
        for (int64_t i = 0; i < kPage; i += kLanes) {
          Store(Mul(Load(scores + i), Load(scales + i)), scores + i);
        }
      }
    }
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
