// Dot products of rows with rows, both along K: the heart of linear layers and of attention scores.
//
// The order of additions is the one kernel_table.h promises. Two things vary: how a step is
// multiplied (Dot: f32 × f32, or bf16 pairs where the table has them) and where the right-hand
// rows come from (Rows: a tile of unpacked floats, or stored weights unpacked in registers).
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include <utility>

#include "cpu/kernels/unpack-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

inline constexpr int64_t kBlock = 128;  // elements that share a scale

static inline int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }

// f32 with f32.
struct F32Dot {
  using Element = float;
  using Operand = Vec;
  static constexpr int64_t kStep = kLanes;
  static inline Operand LoadFull(const float* p) { return Load(p); }
  static inline Operand LoadTail(const float* p, int64_t n) { return LoadPart(p, n); }
  static inline Vec MultiplyAdd(Operand a, Operand b, Vec sum) { return Fma(a, b, sum); }
};

// Rows of a tile in the element type of Dot.
template <typename Dot>
struct TileRows {
  static constexpr int64_t kSpan = kChunk;  // elements after which Enter is called
  const typename Dot::Element* data;
  int64_t stride;
  inline void Enter(int64_t) {}
  inline typename Dot::Operand Full(int c, int64_t k) const {
    return Dot::LoadFull(data + c * stride + k);
  }
  inline typename Dot::Operand Tail(int c, int64_t k, int64_t n) const {
    return Dot::LoadTail(data + c * stride + k, n);
  }
};

// Stored rows, unpacked to f32 as they are read. e4m3 elements are multiplied with the factor of
// their block, exactly as UnpackTile does it.
template <Packed kPacked, int kColumns>
struct StoredRows {
  static constexpr int64_t kSpan = kBlock;
  static constexpr int64_t kBytes = kBytesOf<kPacked>;
  static constexpr bool kScaled = kPacked == Packed::kE4M3;
  const std::byte* data;
  int64_t row_bytes;
  const float* factors;  // kScaled: [kColumns][4] of the chunk's blocks
  Vec factor[kScaled ? kColumns : 1] = {};

  inline void Enter(int64_t k) {
    // The same place of the rows that come next: the processor's own prefetching stops at the end
    // of a row and of a page.
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const std::byte* next = data + (c + kColumns) * row_bytes + k * kBytes;
      for (int64_t i = 0; i < kBlock * kBytes; i += 64) Prefetch(next + i);
    }
    if constexpr (kScaled) {
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) factor[c] = Set(factors[c * 4 + k / kBlock]);
    }
  }
  inline Vec Full(int c, int64_t k) const {
    const Vec w = LoadPacked<kPacked>(data + c * row_bytes + k * kBytes);
    return kScaled ? Mul(w, factor[c]) : w;
  }
  inline Vec Tail(int c, int64_t k, int64_t n) const {
    const Vec w = LoadPackedPart<kPacked>(data + c * row_bytes + k * kBytes, n);
    return kScaled ? Mul(w, factor[c]) : w;
  }
};

// Columns that go with kRows rows unpacked in registers, up to kDirectRows.
template <int kRows>
inline constexpr int kDirectColumns = kRows * 4 <= kDirectSums ? 4 : 2;

// sums[r][c] += x[r] · w[c] over one chunk.
//   x   kRows pointers; the chunk begins at k_begin
//   w   kColumns rows, elements [0, length) of the chunk
template <typename Dot, int kRows, int kColumns, typename Rows>
static inline void DotChunk(const typename Dot::Element* const* x, int64_t k_begin, Rows w,
                            int64_t length, float (*sums)[4]) {
  Vec sum[kRows][kColumns];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) sum[r][c] = Zero();
  }
  for (int64_t begin = 0; begin < length; begin += Rows::kSpan) {
    const int64_t end = Least(begin + Rows::kSpan, length);
    w.Enter(begin);
    int64_t k = begin;
    for (; k + Dot::kStep <= end; k += Dot::kStep) {
      typename Dot::Operand a[kRows];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) a[r] = Dot::LoadFull(x[r] + k_begin + k);
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        const auto b = w.Full(c, k);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) sum[r][c] = Dot::MultiplyAdd(a[r], b, sum[r][c]);
      }
    }
    if (k < end) {
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        const auto b = w.Tail(c, k, end - k);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          sum[r][c] = Dot::MultiplyAdd(Dot::LoadTail(x[r] + k_begin + k, end - k), b, sum[r][c]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    if constexpr (kColumns == 4) {
      float lanes[4];
      SumLanes4(sum[r][0], sum[r][1], sum[r][2], sum[r][3], lanes);
      for (int c = 0; c < 4; ++c) sums[r][c] += lanes[c];
    } else {
      for (int c = 0; c < kColumns; ++c) sums[r][c] += SumLanes(sum[r][c]);
    }
  }
}

// Calls f.operator()<count>(first) for the rows [0, rows) in groups as even as possible, none
// larger than kMost: full groups and then a small rest would leave the multipliers waiting in the
// rest.
template <int kMost, typename F>
static inline void ForRowGroups(int64_t rows, const F& f) {
  const auto call = [&]<int... kCounts>(std::integer_sequence<int, kCounts...>, int64_t count,
                                        int64_t first) {
    ((count == kCounts + 1 ? f.template operator()<kCounts + 1>(first) : void()), ...);
  };
  for (int64_t first = 0; first < rows;) {
    const int64_t groups = (rows - first + kMost - 1) / kMost;
    const int64_t count = (rows - first + groups - 1) / groups;
    call(std::make_integer_sequence<int, kMost>(), count, first);
    first += count;
  }
}

// A tile's rows and columns are walked in blocks: 64 rows of x (128 KiB) stay in the second cache
// while all columns pass, 8 columns (16 KiB) in the first while those rows pass.
inline constexpr int64_t kTileRowBlock = 64, kTileColumnBlock = 8;

// out[r][out_begin + c] = x[r] · w[c] over one chunk, for any number of rows and columns; `add`
// keeps what out holds, for the chunks after the first.
template <typename Dot>
static void DotTile(const typename Dot::Element* const* x, int64_t rows, int64_t k_begin,
                    const typename Dot::Element* w, int64_t w_stride, int64_t columns,
                    int64_t length, bool add, float* const* out, int64_t out_begin) {
  const auto run = [&]<int kRows, int kColumns>(int64_t r, int64_t c) {
    float sums[kRows][4];
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) sums[i][j] = add ? out[r + i][out_begin + c + j] : 0.0F;
    }
    DotChunk<Dot, kRows, kColumns>(x + r, k_begin, TileRows<Dot>{w + c * w_stride, w_stride},
                                   length, sums);
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) out[r + i][out_begin + c + j] = sums[i][j];
    }
  };
  for (int64_t r_begin = 0; r_begin < rows; r_begin += kTileRowBlock) {
    for (int64_t c_begin = 0; c_begin < columns; c_begin += kTileColumnBlock) {
      const int64_t c_end = Least(c_begin + kTileColumnBlock, columns);
      ForRowGroups<kDotRows>(Least(kTileRowBlock, rows - r_begin), [&]<int kRows>(int64_t r) {
        int64_t c = c_begin;
        for (; c + 4 <= c_end; c += 4) run.template operator()<kRows, 4>(r_begin + r, c);
        for (; c < c_end; ++c) run.template operator()<kRows, 1>(r_begin + r, c);
      });
    }
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
