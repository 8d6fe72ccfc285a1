// y = x · wᵀ over a piece of the outputs.
//
// Many rows: a tile of weights is unpacked once and used by all of them. Few rows: that would cost
// more than the products, so weights are unpacked in registers. Both multiply the same numbers in
// the same order.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/dot-inl.h"
#if defined(FATHOM_BF16_DOT)
#include "cpu/kernels/bf16_dot-inl.h"
#endif

namespace fathom::FATHOM_ISA_NAMESPACE {

// How a task's rows are multiplied: f32 (here) or bf16 pairs (bf16_dot-inl.h).
template <Packed kPackedType>
struct F32Form {
  static constexpr Packed kPacked = kPackedType;
  using Dot = F32Dot;
  template <int kColumns>
  using Stored = StoredRows<kPacked, kColumns>;
  static inline const float* const* X(const LinearTask& t) { return t.x; }
  // `n` elements of one row, all of one scale.
  static inline void Unpack(const std::byte* w, int64_t n, float factor, float* tile) {
    UnpackRow<kPacked>(w, n, factor, tile);
  }
};

// The factors of rows [n, n + count) for the blocks of one chunk: factors[row][block].
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

template <typename Form, int kRows, int kColumns>
static inline void DirectColumns(const LinearTask& t, int64_t n) {
  constexpr Packed kPacked = Form::kPacked;
  const int64_t row_bytes = t.cols * kBytesOf<kPacked>;
  float sums[kRows][4] = {};
  float factors[kColumns * 4];
  for (int64_t k_begin = 0; k_begin < t.cols; k_begin += kChunk) {
    const int64_t length = Least(kChunk, t.cols - k_begin);
    if (kPacked == Packed::kE4M3) LoadFactors(t, n, kColumns, k_begin, length, factors);
    const typename Form::template Stored<kColumns> rows{
        t.w + n * row_bytes + k_begin * kBytesOf<kPacked>, row_bytes, factors};
    DotChunk<typename Form::Dot, kRows, kColumns>(Form::X(t), k_begin, rows, length, sums);
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) t.y[r][n - t.y_origin + c] = sums[r][c];
  }
}

template <typename Form>
static void LinearDirect(const LinearTask& t) {
  ForRowGroups<kDirectRows>(t.rows, [&]<int kRows>(int64_t) {
    constexpr int kColumns = kDirectColumns<kRows>;
    int64_t n = t.n_begin;
    for (; n + kColumns <= t.n_end; n += kColumns) DirectColumns<Form, kRows, kColumns>(t, n);
    for (; n < t.n_end; ++n) DirectColumns<Form, kRows, 1>(t, n);
  });
}

// Columns [n, n + columns) of one chunk → a tile with rows of kChunk elements.
template <typename Form>
static void UnpackTile(const LinearTask& t, int64_t n, int64_t columns, int64_t k_begin,
                       int64_t length, typename Form::Dot::Element* tile) {
  constexpr Packed kPacked = Form::kPacked;
  constexpr int64_t kSpan = kPacked == Packed::kE4M3 ? kBlock : kChunk;
  float factors[kLinearTileRows * 4];
  if (kPacked == Packed::kE4M3) LoadFactors(t, n, columns, k_begin, length, factors);
  for (int64_t c = 0; c < columns; ++c) {
    const std::byte* w = t.w + ((n + c) * t.cols + k_begin) * kBytesOf<kPacked>;
    for (int64_t k = 0; k < length; k += kSpan) {
      const float factor = kPacked == Packed::kE4M3 ? factors[c * 4 + k / kBlock] : 1.0F;
      Form::Unpack(w + k * kBytesOf<kPacked>, Least(kSpan, length - k), factor,
                   tile + c * kChunk + k);
    }
  }
}

// The chunk's part of a block of rows is copied together first: rows of a model lie a multiple of
// 4 KiB apart, so that equal places of many rows would fight for the same few lines of a cache.
template <typename Form>
static void LinearTiled(const LinearTask& t) {
  using Element = typename Form::Dot::Element;
  auto* tile = reinterpret_cast<Element*>(t.scratch);  // [kLinearTileRows, kChunk]
  Element* copy = tile + kLinearTileRows * kChunk;     // [kLinearRowBlock, kChunk]
  const Element* x[kLinearRowBlock];
  for (int64_t r = 0; r < t.rows; r += kLinearRowBlock) {
    const int64_t rows = Least(kLinearRowBlock, t.rows - r);
    for (int64_t k_begin = 0; k_begin < t.cols; k_begin += kChunk) {
      const int64_t length = Least(kChunk, t.cols - k_begin);
      for (int64_t i = 0; i < rows; ++i) {
        x[i] = copy + i * kChunk;
        std::memcpy(copy + i * kChunk, Form::X(t)[r + i] + k_begin,
                    static_cast<size_t>(length) * sizeof(Element));
      }
      for (int64_t n = t.n_begin; n < t.n_end; n += kLinearTileRows) {
        const int64_t columns = Least(kLinearTileRows, t.n_end - n);
        UnpackTile<Form>(t, n, columns, k_begin, length, tile);
        DotTile<typename Form::Dot>(x, rows, 0, tile, kChunk, columns, length, k_begin > 0, t.y + r,
                                    n - t.y_origin);
      }
    }
  }
}

template <typename Form>
static void LinearOf(const LinearTask& t) {
  if (t.rows <= kDirectRows) return LinearDirect<Form>(t);
  LinearTiled<Form>(t);
}

static void LinearF32(const LinearTask& t) {
  switch (t.packed) {
    case Packed::kF32:
      return LinearOf<F32Form<Packed::kF32>>(t);
    case Packed::kF16:
      return LinearOf<F32Form<Packed::kF16>>(t);
    case Packed::kBF16:
      return LinearOf<F32Form<Packed::kBF16>>(t);
    case Packed::kE4M3:
      return LinearOf<F32Form<Packed::kE4M3>>(t);
  }
}

#if defined(FATHOM_BF16_DOT)
// e4m3 weights with their scales are exact in bf16 where scales are powers of two; outputs whose
// scales are not are multiplied in f32.
static void LinearBF16(const LinearTask& t) {
  if (t.packed == Packed::kBF16) return LinearOf<BF16Form<Packed::kBF16>>(t);
  LinearTask part = t;
  while (part.n_begin < t.n_end) {
    const bool exact = ScalesFitBF16(t, part.n_begin / kBlock);
    part.n_end = part.n_begin;
    do {
      part.n_end = Least(t.n_end, (part.n_end / kBlock + 1) * kBlock);
    } while (part.n_end < t.n_end && ScalesFitBF16(t, part.n_end / kBlock) == exact);
    if (exact) {
      LinearOf<BF16Form<Packed::kE4M3>>(part);
    } else {
      LinearF32(part);
    }
    part.n_begin = part.n_end;
  }
}
#endif

static void Linear(const LinearTask& t) {
  if (t.rows == 0 || t.n_begin == t.n_end) return;
#if defined(FATHOM_BF16_DOT)
  if (t.x_bf16 != nullptr) return LinearBF16(t);
#endif
  LinearF32(t);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
