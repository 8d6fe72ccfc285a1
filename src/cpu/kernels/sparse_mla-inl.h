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

// Asks for the rows of the next tile, two at a time between pieces of this tile's arithmetic: all
// of them at once would wait for each other, since a core can wait for few lines of memory.
class RowPrefetch {
 public:
  RowPrefetch(const SparseMlaTask& t, int64_t begin)
      : task_(t), next_(Least(begin, t.count)), end_(Least(begin + kSparseTile, t.count)) {}

  inline void Some() {
    for (int i = 0; i < 2 && next_ < end_; ++i, ++next_) {
      const std::byte* row = LatentRow(task_.cache, task_.positions[next_]);
      for (int64_t offset = 0; offset < task_.cache.latent_bytes; offset += 64) {
        Prefetch(row + offset);
      }
    }
  }

 private:
  const SparseMlaTask& task_;
  int64_t next_, end_;
};

inline constexpr int64_t kScorePiece = 4, kValuePiece = 32;
inline constexpr int64_t kFirstRows = 2;  // of the first tile nothing was asked for before

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
    RowPrefetch first(t, begin == 0 ? kFirstRows : t.count);
    for (int64_t i = 0; i < n; ++i) {
      first.Some();
      ReadLatent(LatentRow(t.cache, t.positions[begin + i]), latent, t.cache.rope_dim, t.cache.type,
                 tile + i * width);
    }
    RowPrefetch next(t, begin + kSparseTile);
    for (int64_t c = 0; c < n; c += kScorePiece) {
      next.Some();
      DotTile<F32Dot>(queries, t.heads, 0, tile + c * width, width, Least(kScorePiece, n - c),
                      width, false, score_rows, c);
    }
    for (int64_t h = 0; h < t.heads; ++h) {
      const float shrink = SoftmaxTile(score_rows[h], n, t.scale, &states[h]);
      if (shrink != 1.0F) ScaleRow(outs[h], shrink, latent);
    }
    for (int64_t c = 0; c < latent; c += kValuePiece) {
      next.Some();
      Axpy(score_rows, t.heads, FloatColumns{tile + c, width}, n, Least(kValuePiece, latent - c),
           true, outs, c);
    }
  }
  for (int64_t h = 0; h < t.heads; ++h) {
    if (t.count > 0) ScaleRow(outs[h], 1.0F / states[h].sum, latent);
    if (t.state == nullptr) continue;
    t.state[h * t.state_stride] = states[h].most;
    t.state[h * t.state_stride + 1] = states[h].sum;
  }
}

// The part with the largest score weighs its sum of exp, the others theirs times exp(difference).
static void MergeParts(const MergeTask& t) {
  const auto part = [&](int64_t i) { return t.parts + i * t.part_stride; };
  float most = part(0)[t.dim];
  for (int64_t i = 1; i < t.count; ++i) most = part(i)[t.dim] > most ? part(i)[t.dim] : most;
  const auto weight = [&](int64_t i) {
    float lanes[kLanes];
    Store(Exp(Set(part(i)[t.dim] - most)), lanes);
    return lanes[0] * part(i)[t.dim + 1];
  };
  float sum = 0.0F;
  for (int64_t i = 0; i < t.count; ++i) sum += weight(i);
  ClearRow(t.out, t.dim);
  for (int64_t i = 0; i < t.count; ++i) AddScaledRow(t.out, part(i), weight(i) / sum, t.dim);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
