// Absorbed attention of a few heads of one row over the cache rows it selected, 64 at a time: the
// rows are gathered and unpacked once for all heads, and no other row is touched. Tiles are cut by
// the order of the selection, so a row's result depends on nothing but itself.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/axpy-inl.h"
#include "cpu/kernels/cache_rows-inl.h"
#include "cpu/kernels/dot-inl.h"
#include "cpu/kernels/softmax-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// Asks for the rows of the tile after the next tile's arithmetic begins.
static inline void PrefetchRows(const SparseMlaTask& t, int64_t begin) {
  const int64_t end = Least(begin + kSparseTile, t.count);
  for (int64_t i = begin; i < end; ++i) {
    const std::byte* row = LatentRow(t.cache, t.positions[i]);
    for (int64_t offset = 0; offset < t.cache.latent_bytes; offset += 64) Prefetch(row + offset);
  }
}

static void SparseMla(const SparseMlaTask& t) {
  const int64_t latent = t.cache.latent_dim, width = latent + t.cache.rope_dim;
  float* query = t.scratch;                           // [heads, width]
  float* scores = query + kSparseHeads * width;       // [heads, kSparseTile]
  float* tile = scores + kSparseHeads * kSparseTile;  // [kSparseTile, width]
  const float* queries[kSparseHeads];
  float* score_rows[kSparseHeads];
  float* outs[kSparseHeads];
  SoftmaxState states[kSparseHeads];
  for (int64_t h = 0; h < t.heads; ++h) {
    float* q = query + h * width;
    std::memcpy(q, t.query_latent + h * t.latent_stride, static_cast<size_t>(latent) * 4);
    std::memcpy(q + latent, t.query_rope + h * t.rope_stride,
                static_cast<size_t>(t.cache.rope_dim) * 4);
    queries[h] = q;
    score_rows[h] = scores + h * kSparseTile;
    outs[h] = t.out + h * t.out_stride;
    ClearRow(outs[h], latent);
  }
  for (int64_t begin = 0; begin < t.count; begin += kSparseTile) {
    const int64_t n = Least(kSparseTile, t.count - begin);
    for (int64_t i = 0; i < n; ++i) {
      ReadLatent(LatentRow(t.cache, t.positions[begin + i]), latent, t.cache.rope_dim, t.cache.type,
                 tile + i * width);
    }
    PrefetchRows(t, begin + kSparseTile);
    for (int64_t k = 0; k < width; k += kChunk) {
      DotTile<F32Dot>(queries, t.heads, k, tile + k, width, n, Least(kChunk, width - k), nullptr,
                      k > 0, score_rows, 0);
    }
    for (int64_t h = 0; h < t.heads; ++h) {
      const float shrink = SoftmaxTile(score_rows[h], n, t.scale, &states[h]);
      if (shrink != 1.0F) ScaleRow(outs[h], shrink, latent);
    }
    AxpyTile(score_rows, t.heads, tile, width, n, latent, true, outs, 0);
  }
  for (int64_t h = 0; h < t.heads; ++h) {
    if (t.count > 0) ScaleRow(outs[h], 1.0F / states[h].sum, latent);
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
