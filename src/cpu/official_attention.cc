// Both forms of attention as the official code rounds them (spec 3.4): each product of a query and
// a key is a bf16 number, so is their sum in the absorbed form, so is the score times the scale;
// softmax runs in f32 over those numbers and its results are bf16 again.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/official_backend.h"
#include "parallel/partition.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

// scores[i] (bf16) → probabilities (bf16); the sum runs in order.
void Softmax(float* scores, int64_t n) {
  float most = scores[0];
  for (int64_t i = 1; i < n; ++i) most = std::max(most, scores[i]);
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    scores[i] = std::exp(scores[i] - most);
    sum += scores[i];
  }
  for (int64_t i = 0; i < n; ++i) scores[i] = RoundToBF16(scores[i] / sum);
}

LinearTask RowsTimes(const float* matrix, int64_t rows, int64_t cols, float* scratch) {
  LinearTask task = {};
  task.w = reinterpret_cast<const std::byte*>(matrix);
  task.packed = Packed::kF32;
  task.cols = cols;
  task.n_end = rows;
  task.scratch = scratch;
  return task;
}

// Query rows of the multi-head form that take their scores together.
constexpr int64_t kRowsTogether = 16;
constexpr int64_t kTile = 64;  // cache rows expanded at a time

}  // namespace

// The listed rows' selected cache rows are gathered as f32; heads share them.
void OfficialBackend::SparseMla(const SparseMlaParams& p) {
  const int64_t latent = p.cache.layout.latent_dim, rope = p.cache.layout.rope_dim;
  CountAttention(p.rows, p.which, p.counts, false);
  const int64_t groups = CeilDiv(p.heads, kSparseHeads);
  const int64_t gathered = p.topk * (latent + rope), scored = 2 * kSparseHeads * p.topk;
  NeedScratch(kLinearScratch + gathered + scored + latent + rope);
  pool().Run(static_cast<int64_t>(p.which.size()) * groups, [&](int64_t item, int worker) {
    const int64_t row = p.which[static_cast<size_t>(item / groups)];
    const Range heads = Piece(p.heads, kSparseHeads, item % groups);
    const int64_t count = p.counts[row];
    float* scratch = Scratch(worker);
    float* latents = scratch + kLinearScratch;        // [count, latent]
    float* ropes = latents + p.topk * latent;         // [count, rope]
    float* scores = ropes + p.topk * rope;            // [heads, topk]
    float* more = scores + kSparseHeads * p.topk;     // [heads, topk]
    float* cache_row = more + kSparseHeads * p.topk;  // [latent + rope]
    const CacheRows cache = CacheOf(p.cache, p.rows, row);
    for (int64_t i = 0; i < count; ++i) {
      kernels().read_latent(cache, p.selected[row * p.topk + i], cache_row);
      std::copy_n(cache_row, latent, latents + i * latent);
      std::copy_n(cache_row + latent, rope, ropes + i * rope);
    }
    const float *queries[kSparseHeads], *rope_queries[kSparseHeads];
    float *score_rows[kSparseHeads], *more_rows[kSparseHeads];
    for (int64_t h = heads.begin; h < heads.end; ++h) {
      const int64_t i = h - heads.begin;
      queries[i] = p.query_latent.row<float>(row) + h * latent;
      rope_queries[i] = p.q.row<float>(row) + h * (p.nope + p.rope) + p.nope;
      score_rows[i] = scores + i * p.topk;
      more_rows[i] = more + i * p.topk;
    }
    LinearTask task = RowsTimes(latents, count, latent, scratch);
    task.rows = heads.size();
    task.x = queries;
    task.y = score_rows;
    kernels().linear(task);
    task = RowsTimes(ropes, count, rope, scratch);
    task.rows = heads.size();
    task.x = rope_queries;
    task.y = more_rows;
    kernels().linear(task);
    for (int64_t h = heads.begin; h < heads.end; ++h) {
      float* s = score_rows[h - heads.begin];
      const float* m = more_rows[h - heads.begin];
      for (int64_t i = 0; i < count; ++i) {
        s[i] = RoundToBF16(RoundToBF16(RoundToBF16(s[i]) + RoundToBF16(m[i])) * p.scale);
      }
      float* out = p.out.row<float>(row) + h * latent;
      std::fill_n(out, latent, 0.0F);
      if (count == 0) continue;
      Softmax(s, count);
      for (int64_t i = 0; i < count; ++i) {
        kernels().add_scaled(out, latents + i * latent, s[i], latent);
      }
      kernels().round_bf16(out, latent);
    }
  });
}

void OfficialBackend::Expand(const DenseMlaParams& p, int64_t row, int64_t head, int64_t length,
                             const Expanded& out, int worker) {
  const int64_t latent = p.cache.layout.latent_dim, rope = p.cache.layout.rope_dim;
  const int64_t key_width = p.nope + rope;
  float* scratch = Scratch(worker);
  float* rows = scratch + kLinearScratch;  // [kTile, latent + rope]
  const CacheRows cache = CacheOf(p.cache, p.rows, row);
  for (int64_t first = 0; first < length; first += kTile) {
    const int64_t n = std::min(kTile, length - first);
    const float* x[kTile];
    float *keys[kTile], *values[kTile];
    for (int64_t i = 0; i < n; ++i) {
      float* cached = rows + i * (latent + rope);
      kernels().read_latent(cache, static_cast<int32_t>(first + i), cached);
      x[i] = cached;
      keys[i] = out.keys + (first + i) * key_width;
      values[i] = out.values + (first + i) * p.value;
      std::copy_n(cached + latent, rope, keys[i] + p.nope);
    }
    const int64_t begin = head * (p.nope + p.value);
    LinearPiece(p.kv_b, {x, nullptr, keys, n, begin, begin + p.nope, begin}, worker);
    LinearPiece(p.kv_b,
                {x, nullptr, values, n, begin + p.nope, begin + p.nope + p.value, begin + p.nope},
                worker);
    for (int64_t i = 0; i < n; ++i) {
      kernels().round_bf16(keys[i], p.nope);
      kernels().round_bf16(values[i], p.value);
    }
  }
}

// Keys and values of all positions are expanded, as in the official prompt pass, which computes
// every score and masks those that were not selected; here they are left out of the softmax.
void OfficialBackend::DenseMla(const DenseMlaParams& p) {
  const int64_t rope = p.cache.layout.rope_dim, key_width = p.nope + rope;
  CountAttention(p.rows, p.which, nullptr, true);
  const std::vector<Range> runs = SequenceRuns(p.rows, p.which);
  int64_t longest = 0;
  for (const int32_t row : p.which) {
    longest = std::max<int64_t>(longest, p.rows.positions[row] + 1);
  }
  NeedScratch(kLinearScratch + kTile * (p.cache.layout.latent_dim + rope) +
              longest * (key_width + p.value) + kRowsTogether * longest + p.topk);
  pool().Run(static_cast<int64_t>(runs.size()) * p.heads, [&](int64_t item, int worker) {
    const Range run = runs[static_cast<size_t>(item / p.heads)];
    const int64_t head = item % p.heads;
    const auto row_of = [&](int64_t i) { return p.which[static_cast<size_t>(i)]; };
    const int64_t length = p.rows.positions[row_of(run.end - 1)] + 1;
    float* scratch = Scratch(worker);
    Expanded expanded;
    expanded.keys = scratch + kLinearScratch + kTile * (p.cache.layout.latent_dim + rope);
    expanded.values = expanded.keys + longest * key_width;
    float* scores = expanded.values + longest * p.value;  // [kRowsTogether, longest]
    float* chosen = scores + kRowsTogether * longest;     // [topk]
    Expand(p, row_of(run.begin), head, length, expanded, worker);
    for (int64_t begin = run.begin; begin < run.end; begin += kRowsTogether) {
      const int64_t end = std::min(run.end, begin + kRowsTogether);
      const float* queries[kRowsTogether];
      float* score_rows[kRowsTogether];
      for (int64_t i = begin; i < end; ++i) {
        queries[i - begin] = p.q.row<float>(row_of(i)) + head * key_width;
        score_rows[i - begin] = scores + (i - begin) * longest;
      }
      LinearTask task =
          RowsTimes(expanded.keys, p.rows.positions[row_of(end - 1)] + 1, key_width, scratch);
      task.rows = end - begin;
      task.x = queries;
      task.y = score_rows;
      kernels().linear(task);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = row_of(i), count = p.counts[row];
        const int32_t* selected = p.selected + row * p.topk;
        for (int64_t c = 0; c < count; ++c) {
          chosen[c] = RoundToBF16(RoundToBF16(score_rows[i - begin][selected[c]]) * p.scale);
        }
        Softmax(chosen, count);
        float* out = p.out.row<float>(row) + head * p.value;
        std::fill_n(out, p.value, 0.0F);
        for (int64_t c = 0; c < count; ++c) {
          kernels().add_scaled(out, expanded.values + selected[c] * p.value, chosen[c], p.value);
        }
        kernels().round_bf16(out, p.value);
      }
    }
  });
}

}  // namespace fathom
