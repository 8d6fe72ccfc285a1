// y = x · wᵀ over a piece of the outputs.
//
// Many rows: a tile of weights is unpacked once and used by all of them. Few rows: that would cost
// more than the products, so weights are unpacked in registers. Both add in the same order.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/dot-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// Up to this many rows, weights are unpacked in registers.
inline constexpr int64_t kDirectRows = 4;

// The scales of rows [n, n + count) for the blocks of one chunk: factors[row][block].
static inline void LoadFactors(const LinearTask& t, int64_t n, int64_t count, int64_t k_begin,
                               int64_t length, float* factors) {
  const int64_t blocks_across = (t.cols + kBlock - 1) / kBlock;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t block = 0; block * kBlock < length; ++block) {
      const int64_t index = (n + i) / kBlock * blocks_across + k_begin / kBlock + block;
      factors[i * 4 + block] = ScaleOf(t.scales, t.scales_e8m0, index) * kE4M3Unit;
    }
  }
}

// How a task's rows are multiplied: f32 …
template <Packed kPacked>
struct F32Linear {
  using Dot = F32Dot;
  using Stored = StoredRows<kPacked>;
  static inline const float* const* X(const LinearTask& t) { return t.x; }
  static inline void UnpackTo(const std::byte* w, int64_t n, float* tile) {
    UnpackRow<kPacked>(w, n, 1.0F, tile);
  }
};

// … or bf16 pairs.
#if defined(FATHOM_BF16_DOT)
struct BF16Dot {
  using Element = uint16_t;
  using Operand = __m512bh;
  static constexpr int64_t kStep = 32;
  static inline Operand LoadFull(const uint16_t* p) { return (Operand)_mm512_loadu_si512(p); }
  static inline Operand LoadTail(const uint16_t* p, int64_t n) {
    return (Operand)_mm512_maskz_loadu_epi16(static_cast<__mmask32>((uint64_t{1} << n) - 1), p);
  }
  static inline Vec MultiplyAdd(Operand a, Operand b, Vec sum) {
    return {_mm512_dpbf16_ps(sum.v, a, b)};
  }
};

// e4m3 and bf16 weights are exact in bf16; no others come here.
template <Packed kPacked>
struct StoredBF16Rows {
  const std::byte* data;
  int64_t row_bytes;
  inline __m512bh Full(int c, int64_t k) const {
    const std::byte* p = data + c * row_bytes + k * kBytesOf<kPacked>;
    if constexpr (kPacked == Packed::kBF16) {
      return BF16Dot::LoadFull(reinterpret_cast<const uint16_t*>(p));
    } else {
      const Vec low = LoadPacked<kPacked>(p), high = LoadPacked<kPacked>(p + kLanes);
      return _mm512_cvtne2ps_pbh(high.v, low.v);
    }
  }
  inline __m512bh Tail(int c, int64_t k, int64_t n) const {
    alignas(64) std::byte buffer[64] = {};
    std::memcpy(buffer, data + c * row_bytes + k * kBytesOf<kPacked>,
                static_cast<size_t>(n * kBytesOf<kPacked>));
    return StoredBF16Rows{buffer, 0}.Full(0, 0);
  }
};

template <Packed kPacked>
struct BF16Linear {
  using Dot = BF16Dot;
  using Stored = StoredBF16Rows<kPacked>;
  static inline const uint16_t* const* X(const LinearTask& t) { return t.x_bf16; }
  static inline void UnpackTo(const std::byte* w, int64_t n, uint16_t* tile) {
    const Stored rows{w, 0};
    int64_t k = 0;
    for (; k + 32 <= n; k += 32) _mm512_storeu_si512(tile + k, (__m512i)rows.Full(0, k));
    if (k < n) _mm512_storeu_si512(tile + k, (__m512i)rows.Tail(0, k, n - k));
  }
};
#endif

template <typename Form, Packed kPacked, int kRows, int kColumns>
static inline void DirectColumns(const LinearTask& t, int64_t n) {
  const int64_t row_bytes = t.cols * kBytesOf<kPacked>;
  float sums[kRows][4] = {};
  float factors[kColumns * 4];
  for (int64_t k_begin = 0; k_begin < t.cols; k_begin += kChunk) {
    const int64_t length = Least(kChunk, t.cols - k_begin);
    if (kPacked == Packed::kE4M3) LoadFactors(t, n, kColumns, k_begin, length, factors);
    const typename Form::Stored rows{t.w + n * row_bytes + k_begin * kBytesOf<kPacked>, row_bytes};
    DotChunk<typename Form::Dot, kRows, kColumns>(
        Form::X(t), k_begin, rows, length, kPacked == Packed::kE4M3 ? factors : nullptr, sums);
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) t.y[r][n - t.y_origin + c] = sums[r][c];
  }
}

template <typename Form, Packed kPacked>
static void LinearDirect(const LinearTask& t) {
  const auto run = [&]<int kRows>() {
    int64_t n = t.n_begin;
    for (; n + 4 <= t.n_end; n += 4) DirectColumns<Form, kPacked, kRows, 4>(t, n);
    for (; n < t.n_end; ++n) DirectColumns<Form, kPacked, kRows, 1>(t, n);
  };
  static_assert(kDirectRows == 4);
  if (t.rows == 1) return run.template operator()<1>();
  if (t.rows == 2) return run.template operator()<2>();
  if (t.rows == 3) return run.template operator()<3>();
  run.template operator()<4>();
}

template <typename Form, Packed kPacked>
static void LinearTiled(const LinearTask& t) {
  using Element = typename Form::Dot::Element;
  auto* tile = reinterpret_cast<Element*>(t.scratch);
  const int64_t row_bytes = t.cols * kBytesOf<kPacked>;
  float factors[kLinearTileRows * 4];
  for (int64_t n = t.n_begin; n < t.n_end; n += kLinearTileRows) {
    const int64_t columns = Least(kLinearTileRows, t.n_end - n);
    for (int64_t k_begin = 0; k_begin < t.cols; k_begin += kChunk) {
      const int64_t length = Least(kChunk, t.cols - k_begin);
      if (kPacked == Packed::kE4M3) LoadFactors(t, n, columns, k_begin, length, factors);
      for (int64_t c = 0; c < columns; ++c) {
        Form::UnpackTo(t.w + (n + c) * row_bytes + k_begin * kBytesOf<kPacked>, length,
                       tile + c * kChunk);
      }
      DotTile<typename Form::Dot>(Form::X(t), t.rows, k_begin, tile, kChunk, columns, length,
                                  kPacked == Packed::kE4M3 ? factors : nullptr, k_begin > 0, t.y,
                                  n - t.y_origin);
    }
  }
}

template <typename Form, Packed kPacked>
static void LinearOf(const LinearTask& t) {
  if (t.rows <= kDirectRows) return LinearDirect<Form, kPacked>(t);
  LinearTiled<Form, kPacked>(t);
}

static void Linear(const LinearTask& t) {
  if (t.rows == 0) return;
#if defined(FATHOM_BF16_DOT)
  if (t.x_bf16 != nullptr) {
    if (t.packed == Packed::kBF16) return LinearOf<BF16Linear<Packed::kBF16>, Packed::kBF16>(t);
    return LinearOf<BF16Linear<Packed::kE4M3>, Packed::kE4M3>(t);
  }
#endif
  switch (t.packed) {
    case Packed::kF32:
      return LinearOf<F32Linear<Packed::kF32>, Packed::kF32>(t);
    case Packed::kF16:
      return LinearOf<F32Linear<Packed::kF16>, Packed::kF16>(t);
    case Packed::kBF16:
      return LinearOf<F32Linear<Packed::kBF16>, Packed::kBF16>(t);
    case Packed::kE4M3:
      return LinearOf<F32Linear<Packed::kE4M3>, Packed::kE4M3>(t);
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
