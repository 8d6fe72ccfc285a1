// Parameters of the operations in backend/backend.h.
//
// Letters: T rows (tokens) of this step, S sequences, D hidden_size, H attention heads, R
// kv_lora_rank (the latent), P qk_rope_head_dim, N qk_nope_head_dim, V v_head_dim, I index heads,
// J index_head_dim, K index_topk, E routed experts, k experts per token.
// Activations are BufferViews in the backend's activation type; small vectors of weights are f32.
#pragma once

#include <cstdint>
#include <span>

#include "backend/buffer.h"
#include "backend/cache_layout.h"
#include "quant/matrix_view.h"

namespace fathom {

// Who the rows of a step are. Rows of one sequence stand together, positions ascending.
struct StepRows {
  int64_t count = 0;                     // T
  const int32_t* positions = nullptr;    // [T]  position in the row's own sequence
  const int32_t* sequences = nullptr;    // [T]  which line of page_tables is the row's
  const int32_t* page_tables = nullptr;  // [S, max_pages]  page of positions 64 p … 64 p + 63
  int64_t max_pages = 0;

  const int32_t* PageTable(int64_t row) const { return page_tables + sequences[row] * max_pages; }
};

// The cache of one layer: all pages, those of every sequence among them.
struct LayerCache {
  CacheLayout layout;
  std::byte* latents = nullptr;     // [pages, 64, layout.LatentBytes()]
  std::byte* index_keys = nullptr;  // [pages, 64 * layout.IndexKeyBytes()]
};

struct EmbedParams {
  const int32_t* ids;  // [T], each below table.rows
  MatrixView table;    // [vocab, D]
  BufferView out;      // [T, D]
};

struct RmsNormParams {
  BufferView x;         // [T, n]
  const float* weight;  // [n]
  float eps;
  BufferView out;  // [T, n]; may be x
};

// residual += delta; out = norm(residual). One operation, because the official code normalises the
// sum before the residual is rounded (spec 3.1).
struct AddRmsNormParams {
  BufferView delta;     // [T, n]
  BufferView residual;  // [T, n], in and out
  const float* weight;  // [n]
  float eps;
  BufferView out;  // [T, n]; none of the others
};

// Mean subtracted, biased variance (spec 3.1).
struct LayerNormParams {
  BufferView x;         // [T, n]
  const float* weight;  // [n]
  const float* bias;    // [n]
  float eps;
  BufferView out;  // [T, n]; may be x
};

// out = x · wᵀ
struct LinearParams {
  enum class Accuracy {
    kModel,  // as the numeric mode does linear layers
    kExact,  // full-precision activations in every mode: router, index weights, head (spec 3.1)
  };
  BufferView x;    // [T, w.cols]
  MatrixView w;    // [out.cols, x.cols]
  BufferView out;  // [T, w.rows]; not x
  Accuracy accuracy = Accuracy::kModel;
};

enum class RopeOrder {
  kInterleaved,  // pairs (2i, 2i+1): MLA
  kHalf,         // pairs (i, i + P/2): indexer
};

// Rotates `heads` vectors of P elements per row, in place; vector h starts at column
// h * head_stride of x.
struct RopeParams {
  BufferView x;  // [T, (heads - 1) * head_stride + P]
  int64_t heads;
  int64_t head_stride;
  int64_t dim;         // P
  BufferView cos_sin;  // [T, P]  P/2 cosines, then P/2 sines, of the row's position
  RopeOrder order;
};

// x ← H x / sqrt(dim) for every vector of dim elements (a power of two): the natural-order Walsh
// matrix, its own inverse (spec 3.5).
struct HadamardParams {
  BufferView x;  // [T, n * dim]
  int64_t dim;
};

struct WriteLatentsParams {
  StepRows rows;
  BufferView kv;  // [T, R + P]  normed latent, rotated key
  LayerCache cache;
};

struct WriteIndexKeysParams {
  StepRows rows;
  BufferView keys;  // [T, J]
  LayerCache cache;
};

// scores[t, c] = sum over heads of weight[t, i] * relu(query[t, i] · key[c]) for every cached
// c ≤ position[t] of the row's sequence (spec 3.5). Rows whose position lies below `topk` select
// every key anyway: their scores are not computed.
struct IndexScoresParams {
  StepRows rows;       // the whole step
  int64_t begin, end;  // the rows of this call
  BufferView query;    // [T, I * J]
  BufferView weights;  // [T, I]
  float weight_scale;  // I^-0.5 * J^-0.5
  int64_t heads;       // I
  int64_t topk;        // K
  LayerCache cache;
  BufferView scores;  // f32 [end - begin, ≥ largest position + 1]
};

// The K best positions of every row, ascending; ties go to the lower position.
struct TopKParams {
  StepRows rows;
  int64_t begin, end;
  BufferView scores;  // as IndexScores left them
  int64_t topk;
  int32_t* selected;  // [T, K]  rows begin … end - 1 are written; -1 where fewer than K exist
  int32_t* counts;    // [T]     how many exist: min(K, position + 1)
};

// out[t, h] = UK_hᵀ q_nope[t, h]: moves the key projection to the query's side (spec 3.4).
struct AbsorbQueriesParams {
  BufferView q;     // [T, H * (N + P)]  per head N, then P
  MatrixView kv_b;  // [H * (N + V), R]  per head N rows UK, then V rows UV
  int64_t heads, nope, rope, value;
  BufferView out;  // [T, H * R]
};

// Attention of every listed row over the cache rows it selected, and no others:
// score = (query_latent · c + q_rope · k_rope) * scale, out = softmax(score) · c. A row without a
// selected position gives 0.
struct SparseMlaParams {
  StepRows rows;
  std::span<const int32_t> which;  // the rows that take this form
  BufferView query_latent;         // [T, H * R]
  BufferView q;                    // [T, H * (N + P)]  its rotary parts are used
  int64_t heads, nope, rope;
  const int32_t* selected;  // [T, K]
  const int32_t* counts;    // [T]
  int64_t topk;
  float scale;
  LayerCache cache;
  BufferView out;  // [T, H * R]
};

// out[t, h] = UV_h x[t, h] for the listed rows.
struct ProjectValuesParams {
  std::span<const int32_t> which;
  BufferView x;  // [T, H * R]
  MatrixView kv_b;
  int64_t heads, nope, value;
  BufferView out;  // [T, H * V]
};

// The multi-head form: keys and values are expanded from the latents, once per call. For rows whose
// selection is every key up to their own; official numerics take any selection, as a mask.
struct DenseMlaParams {
  StepRows rows;
  std::span<const int32_t> which;
  BufferView q;  // [T, H * (N + P)]
  MatrixView kv_b;
  int64_t heads, nope, rope, value;
  const int32_t* selected;  // [T, K]
  const int32_t* counts;    // [T]
  int64_t topk;
  float scale;
  LayerCache cache;
  BufferView out;  // [T, H * V]
};

// Chooses experts (spec 4): sigmoid scores, bias for the choice alone, best groups by the sum of
// their two best, then the best experts of those groups; ties go to the lower index.
struct RouteExpertsParams {
  BufferView logits;  // [T, E]
  const float* bias;  // [E]
  int64_t groups, open_groups, per_token;
  bool normalize;
  float scaling;
  int32_t* experts;  // [T, k]
  float* weights;    // [T, k]
};

struct ExpertWeights {
  MatrixView gate, up;  // [moe_intermediate, D]
  MatrixView down;      // [D, moe_intermediate]
};

// out[t] = sum over j of weights[t, j] * expert(experts[t, j])(x[t]), added in the order of j.
struct ExpertsParams {
  BufferView x;                               // [T, D]
  std::span<const ExpertWeights> weights_of;  // [E]
  const int32_t* experts;                     // [T, k]
  const float* weights;                       // [T, k]
  int64_t per_token;
  BufferView out;  // [T, D]
};

// out = silu(gate) * up
struct SwiGluParams {
  BufferView gate, up;  // [T, n]
  BufferView out;       // [T, n]; may be gate or up
};

// x += y
struct AddParams {
  BufferView x, y;  // [T, n]
};

// out[i] = x[index[i]]
struct GatherRowsParams {
  BufferView x;
  std::span<const int32_t> index;
  BufferView out;
};

}  // namespace fathom
