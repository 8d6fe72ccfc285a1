// Dot products of rows with rows, both along K: the heart of linear layers and of attention scores.
//
// The order of additions is the one kernel_table.h promises. Two things vary: how a step is
// multiplied (Dot: f32 × f32, or bf16 pairs where the table has them) and where the right-hand
// rows come from (Rows: a tile of unpacked floats, or stored weights unpacked in registers).
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

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
  const typename Dot::Element* data;
  int64_t stride;
  inline typename Dot::Operand Full(int c, int64_t k) const {
    return Dot::LoadFull(data + c * stride + k);
  }
  inline typename Dot::Operand Tail(int c, int64_t k, int64_t n) const {
    return Dot::LoadTail(data + c * stride + k, n);
  }
};

// Stored weights, unpacked to f32 as they are read.
template <Packed kPacked>
struct StoredRows {
  const std::byte* data;
  int64_t row_bytes;
  inline Vec Full(int c, int64_t k) const {
    return LoadPacked<kPacked>(data + c * row_bytes + k * kBytesOf<kPacked>);
  }
  inline Vec Tail(int c, int64_t k, int64_t n) const {
    return LoadPackedPart<kPacked>(data + c * row_bytes + k * kBytesOf<kPacked>, n);
  }
};

// sums[r][c] += x[r] · w[c] over one chunk.
//   x        kRows pointers to the chunk's first element
//   w        kColumns rows, elements [0, length)
//   factors  [kColumns][4] scale of each block, or null for 1
template <typename Dot, int kRows, int kColumns, typename Rows>
static inline void DotChunk(const typename Dot::Element* const* x, int64_t k_begin, const Rows& w,
                            int64_t length, const float* factors, float (*sums)[4]) {
  Vec total[kRows][kColumns];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) total[r][c] = Zero();
  }
  for (int64_t begin = 0, block = 0; begin < length; begin += kBlock, ++block) {
    const int64_t end = Least(begin + kBlock, length);
    Vec sum[kRows][kColumns];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) sum[r][c] = Zero();
    }
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
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const Vec factor = Set(factors == nullptr ? 1.0F : factors[c * 4 + block]);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) total[r][c] = Fma(sum[r][c], factor, total[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    if constexpr (kColumns == 4) {
      float lanes[4];
      SumLanes4(total[r][0], total[r][1], total[r][2], total[r][3], lanes);
      for (int c = 0; c < 4; ++c) sums[r][c] += lanes[c];
    } else {
      for (int c = 0; c < kColumns; ++c) sums[r][c] += SumLanes(total[r][c]);
    }
  }
}

// out[r][out_begin + c] = x[r] · w[c] over one chunk, for any number of rows and columns; `add`
// keeps what out holds, for the chunks after the first.
template <typename Dot>
static void DotTile(const typename Dot::Element* const* x, int64_t rows, int64_t k_begin,
                    const typename Dot::Element* w, int64_t w_stride, int64_t columns,
                    int64_t length, const float* factors, bool add, float* const* out,
                    int64_t out_begin) {
  const auto run = [&]<int kRows, int kColumns>(int64_t r, int64_t c) {
    float sums[kRows][4];
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) sums[i][j] = add ? out[r + i][out_begin + c + j] : 0.0F;
    }
    DotChunk<Dot, kRows, kColumns>(x + r, k_begin, TileRows<Dot>{w + c * w_stride, w_stride},
                                   length, factors == nullptr ? nullptr : factors + c * 4, sums);
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) out[r + i][out_begin + c + j] = sums[i][j];
    }
  };
  const auto run_rows = [&]<int kRows>(int64_t r) {
    int64_t c = 0;
    for (; c + 4 <= columns; c += 4) run.template operator()<kRows, 4>(r, c);
    for (; c < columns; ++c) run.template operator()<kRows, 1>(r, c);
  };
  int64_t r = 0;
  for (; r + kDotRows <= rows; r += kDotRows) run_rows.template operator()<kDotRows>(r);
  for (; r < rows; ++r) run_rows.template operator()<1>(r);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
