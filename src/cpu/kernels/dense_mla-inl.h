// The multi-head form for one head: keys and values of a page are expanded from its latents once
// and used by every row that sees them (spec 3.4, naive form).
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/axpy-inl.h"
#include "cpu/kernels/cache_rows-inl.h"
#include "cpu/kernels/linear-inl.h"
#include "cpu/kernels/softmax-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

struct DensePage {
  float* keys;     // [64, nope + rope]
  float* values;   // [64, value]
  float* scores;   // [kSparseHeads, 64]
  float* latents;  // [64, latent_dim + rope_dim]
  float* linear_scratch;
};

static void ExpandPage(const DenseMlaTask& t, int64_t first, int64_t n, const DensePage& page) {
  const int64_t latent = t.cache.latent_dim, rope = t.cache.rope_dim, width = latent + rope;
  const int64_t key_width = t.nope + rope;
  const float* x[kSparseTile];
  float* keys[kSparseTile];
  float* values[kSparseTile];
  for (int64_t i = 0; i < n; ++i) {
    float* row = page.latents + i * width;
    ReadLatent(LatentRow(t.cache, first + i), latent, rope, t.cache.type, row);
    x[i] = row;
    keys[i] = page.keys + i * key_width;
    values[i] = page.values + i * t.value;
    std::memcpy(keys[i] + t.nope, row + latent, static_cast<size_t>(rope) * 4);
  }
  LinearTask linear = {};
  linear.x = x;
  linear.rows = n;
  linear.cols = latent;
  linear.w = t.kv_b;
  linear.packed = t.packed;
  linear.scales = t.scales;
  linear.scales_e8m0 = t.scales_e8m0;
  linear.scratch = page.linear_scratch;
  linear.y = keys;
  linear.n_begin = linear.y_origin = t.first_row;
  linear.n_end = t.first_row + t.nope;
  Linear(linear);
  linear.y = values;
  linear.n_begin = linear.y_origin = t.first_row + t.nope;
  linear.n_end = linear.n_begin + t.value;
  Linear(linear);
}

// Rows [begin, end), at most kSparseHeads, each over the first visible[i] keys of the page.
static void AttendPage(const DenseMlaTask& t, int64_t begin, int64_t end, const int64_t* visible,
                       int64_t n, const DensePage& page) {
  const int64_t rows = end - begin, key_width = t.nope + t.cache.rope_dim;
  float* score_rows[kSparseHeads];
  for (int64_t i = 0; i < rows; ++i) score_rows[i] = page.scores + i * kSparseTile;
  for (int64_t k = 0; k < key_width; k += kChunk) {
    DotTile<F32Dot>(t.q + begin, rows, k, page.keys + k, key_width, n, Least(kChunk, key_width - k),
                    nullptr, k > 0, score_rows, 0);
  }
  for (int64_t i = 0; i < rows; ++i) {
    float* kept = t.state + (begin + i) * 2;
    SoftmaxState state{kept[0], kept[1]};
    const float shrink = SoftmaxTile(score_rows[i], visible[i], t.scale, &state);
    kept[0] = state.most;
    kept[1] = state.sum;
    if (shrink != 1.0F) ScaleRow(t.out[begin + i], shrink, t.value);
    AxpyTile(score_rows + i, 1, page.values, t.value, visible[i], t.value, true, t.out + begin + i,
             0);
  }
}

static void DenseMla(const DenseMlaTask& t) {
  const int64_t width = t.cache.latent_dim + t.cache.rope_dim;
  const int64_t key_width = t.nope + t.cache.rope_dim;
  DensePage page;
  page.keys = t.scratch;
  page.values = page.keys + kSparseTile * key_width;
  page.scores = page.values + kSparseTile * t.value;
  page.latents = page.scores + kSparseHeads * kSparseTile;
  page.linear_scratch = page.latents + kSparseTile * width;
  for (int64_t r = 0; r < t.rows; ++r) {
    t.state[r * 2] = kNoScore;
    t.state[r * 2 + 1] = 0.0F;
    ClearRow(t.out[r], t.value);
  }
  const int64_t last = t.positions[t.rows - 1];
  int64_t from = 0;  // the first row that sees the page
  for (int64_t first = 0; first <= last; first += kSparseTile) {
    while (t.positions[from] < first) ++from;
    const int64_t n = Least(kSparseTile, last + 1 - first);
    ExpandPage(t, first, n, page);
    for (int64_t r = from; r < t.rows; r += kSparseHeads) {
      const int64_t end = Least(r + kSparseHeads, t.rows);
      int64_t visible[kSparseHeads];
      for (int64_t i = r; i < end; ++i) visible[i - r] = Least(n, t.positions[i] + 1 - first);
      AttendPage(t, r, end, visible, n, page);
    }
  }
  for (int64_t r = 0; r < t.rows; ++r) ScaleRow(t.out[r], 1.0F / t.state[r * 2 + 1], t.value);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
