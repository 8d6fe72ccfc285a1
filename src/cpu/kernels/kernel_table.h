// One function pointer per piece of work that differs by instruction set, with its contract.
//
// The bodies stand in *-inl.h files and are compiled once per instruction set (table_*.cc). They
// run on one thread over one piece of an operation; cpu_backend.cc cuts the work. Everything here
// is plain pointers, because a function template or inline member used inside such a file could be
// compiled with that file's instructions and then be the copy that the linker keeps.
//
// Order of sums. A dot product over K is cut into chunks of 512. Inside a chunk each lane adds its
// products in order (e4m3 elements are multiplied with their scale first, which rounds once unless
// the scale is a power of two); at the end of a chunk the lanes are added in a fixed tree, and
// chunks are added in order. Nothing in this depends on how many rows or columns are computed
// together, so every cut gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fathom {

// Element types of weights and cache rows, as the kernels know them. The NaN codes of e4m3 are read
// as ±480: looking for them would cost every multiplication, and no converter writes them.
enum class Packed : uint8_t { kF32, kF16, kBF16, kE4M3 };

// x[r] · w[n] for rows r and n in [n_begin, n_end).
struct LinearTask {
  const float* const* x;          // [rows] pointers to [cols]
  const uint16_t* const* x_bf16;  // the same in bf16, or null: then products are f32. They are also
                                  // f32 for kE4M3 rows with a scale that is no power of two.
  float* const* y;                // [rows] pointers to rows; output n goes to y[r][n - y_origin]
  int64_t y_origin;
  int64_t rows, cols;
  const std::byte* w;  // [*, cols] of `packed`, row-major
  Packed packed;
  const std::byte* scales;  // kE4M3 alone: [*, ceil(cols / 128)] f32 or e8m0; below 2^120
  bool scales_e8m0;
  int64_t n_begin, n_end;
  float* scratch;  // kLinearScratch floats
};
inline constexpr int64_t kLinearTileRows = 32;  // weights decoded at a time, 64 KiB of f32
inline constexpr int64_t kChunk = 512;
inline constexpr int64_t kLinearRowBlock = 128;  // rows of x copied together, 256 KiB
inline constexpr int64_t kLinearScratch = (kLinearTileRows + kLinearRowBlock) * kChunk + 64;

// out[r][n] = sum over d in order of q[r][d] * w[d][n], for one head's key projection; columns
// [n_begin, n_end), n_begin a multiple of kAbsorbColumns.
struct AbsorbTask {
  const float* const* q;  // [rows] pointers to [depth]
  float* const* out;      // [rows] pointers to [*]
  int64_t rows, depth;    // depth ≤ kAbsorbDepth
  const std::byte* w;     // the whole matrix [*, cols]
  int64_t cols, first_row;
  Packed packed;
  const std::byte* scales;
  bool scales_e8m0;
  int64_t n_begin, n_end;
  float* scratch;  // kAbsorbScratch floats
};
inline constexpr int64_t kAbsorbDepth = 512;
inline constexpr int64_t kAbsorbColumns = 64;
inline constexpr int64_t kAbsorbScratch = kAbsorbDepth * kAbsorbColumns + 64;

// Cache of one layer and one sequence, as a kernel sees it.
struct CacheRows {
  const std::byte* latents;     // [pages, 64, latent_bytes]
  const std::byte* index_keys;  // [pages, 64 * index_bytes]
  const int32_t* page_table;
  int64_t latent_bytes, index_bytes;
  int64_t latent_dim, rope_dim, index_dim;
  uint8_t type;  // CacheType
};

// Attention of `heads` heads of one row over selected positions (ascending).
struct SparseMlaTask {
  const float* query_latent;  // head h at h * latent_stride: [latent_dim]
  const float* query_rope;    // head h at h * rope_stride: [rope_dim]
  int64_t latent_stride, rope_stride;
  int64_t heads;  // ≤ kSparseHeads
  CacheRows cache;
  const int32_t* positions;
  int64_t count;
  float scale;
  float* out;  // head h at h * out_stride: [latent_dim]
  int64_t out_stride;
  float* state;  // null, or head h at h * state_stride: the largest score and the sum of exp
  int64_t state_stride;
  float* scratch;  // SparseMlaScratch(...) floats
};
inline constexpr int64_t kSparseHeads = 16;
inline constexpr int64_t kSparseTile = 64;  // cache rows handled at a time
constexpr int64_t SparseMlaScratch(int64_t latent_dim, int64_t rope_dim) {
  return (kSparseTile + kSparseHeads) * (latent_dim + rope_dim + 16) + kSparseHeads * kSparseTile +
         64;
}

// One head's attention over all positions, out of its attention over parts of them.
struct MergeTask {
  const float* parts;  // part i at i * part_stride: [dim] result, then largest score and sum of exp
  int64_t part_stride, count;  // count ≥ 1
  int64_t dim;
  float* out;
};
// Positions of a selection beyond the first kSparsePart are another part, whatever the threads.
inline constexpr int64_t kSparsePart = 512;

// Attention of one head for rows that see every position up to their own.
struct DenseMlaTask {
  const float* const* q;     // [rows] pointers to [nope + rope]
  float* const* out;         // [rows] pointers to [value]
  const int32_t* positions;  // [rows], ascending
  int64_t rows;
  CacheRows cache;
  int64_t nope, value;
  const std::byte* kv_b;  // [*, latent_dim]
  int64_t first_row;      // of this head: `nope` rows UK, then `value` rows UV
  Packed packed;
  const std::byte* scales;
  bool scales_e8m0;
  float scale;
  float* state;    // [rows, 2]  running maximum and sum
  float* scratch;  // DenseMlaScratch(...) floats
};
constexpr int64_t DenseMlaScratch(int64_t latent_dim, int64_t rope_dim, int64_t nope,
                                  int64_t value) {
  return kSparseTile * (latent_dim + rope_dim + nope + rope_dim + value + 48) +
         kSparseHeads * kSparseTile + kLinearScratch + 64;
}

// Index scores of rows of one sequence over the keys of some pages (spec 3.5).
struct IndexScoresTask {
  const float* const* query;    // [rows] pointers to [heads * index_dim]
  const float* const* weights;  // [rows] pointers to [heads]
  float weight_scale;
  int64_t rows;  // ≤ kIndexRows
  int64_t heads;
  CacheRows cache;
  int64_t page_begin, page_end;  // in the sequence's page table
  float* const* scores;          // [rows] pointers to [64 * page_end]
  float* scratch;                // IndexScoresScratch(index_dim) floats
};
inline constexpr int64_t kIndexRows = 8;    // rows that share one unpacked page
inline constexpr int64_t kIndexHeads = 64;  // heads multiplied at a time
constexpr int64_t IndexScoresScratch(int64_t index_dim) {
  return 80 * index_dim + kIndexRows * kIndexHeads * 64 + 64;
}

// Positions of the k largest of scores[0 … count), ascending, ties to the lower position; NaN
// counts as the largest. Needs 0 < k < count. `scratch` holds kTopKScratch counters.
struct TopKTask {
  const float* scores;
  int64_t count, k;
  int32_t* selected;  // [k]
  uint32_t* scratch;
};
inline constexpr int64_t kTopKScratch = 8256;

struct KernelTable {
  const char* name;   // "avx2"
  const char* needs;  // what the processor must have, for messages
  int lanes;          // f32 in a vector
  bool bf16_dot;      // whether LinearTask::x_bf16 may be used

  void (*linear)(const LinearTask&);
  void (*absorb)(const AbsorbTask&);
  void (*sparse_mla)(const SparseMlaTask&);
  void (*merge_parts)(const MergeTask&);
  void (*dense_mla)(const DenseMlaTask&);
  void (*index_scores)(const IndexScoresTask&);
  void (*top_k)(const TopKTask&);

  // out[i] = x[i] * weight[i] / sqrt(mean(x²) + eps); out may be x.
  void (*rms_norm)(const float* x, const float* weight, float eps, int64_t n, float* out);
  // residual += delta, then as rms_norm.
  void (*add_rms_norm)(const float* delta, float* residual, const float* weight, float eps,
                       int64_t n, float* out);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps, int64_t n,
                     float* out);
  void (*swiglu)(const float* gate, const float* up, int64_t n, float* out);
  void (*add)(float* x, const float* y, int64_t n);
  // out += weight * x
  void (*add_scaled)(float* out, const float* x, float weight, int64_t n);
  void (*sigmoid)(const float* x, int64_t n, float* out);
  // cos_sin: dim / 2 cosines, then dim / 2 sines.
  void (*rope_interleaved)(float* x, const float* cos_sin, int64_t dim);
  void (*rope_half)(float* x, const float* cos_sin, int64_t dim);
  void (*hadamard)(float* x, int64_t dim);
  void (*unpack)(const std::byte* from, Packed packed, int64_t n, float* out);
  void (*pack_bf16)(const float* x, int64_t n, uint16_t* out);
  // x ← the nearest bf16 number.
  void (*round_bf16)(float* x, int64_t n);
  // x ← e4m3 times a power-of-two scale, in blocks of 128 (spec 6.2); the last block may be
  // shorter.
  void (*act_quant)(float* x, int64_t n);
  // latent_dim + rope_dim values of one cached token.
  void (*read_latent)(const CacheRows& cache, int32_t position, float* out);
  // One row into its place in the cache; see backend/cache_layout.h.
  void (*write_latent)(const float* kv, int64_t latent_dim, int64_t rope_dim, uint8_t type,
                       std::byte* row);
  void (*write_index_key)(const float* key, int64_t index_dim, uint8_t type, int64_t slot,
                          std::byte* page);
};

}  // namespace fathom
