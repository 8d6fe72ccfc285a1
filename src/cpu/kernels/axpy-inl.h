// out[r][n] += sum over k in order of a[r][k] * b[k][n]: columns lie along a vector, so there is
// nothing to add across lanes. Index scores, P·V and the absorbed query are of this form.
//
// Where b comes from varies (Rows): a tile of floats, or stored elements unpacked in registers,
// which is better while only few rows use them.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/dot-inl.h"
#include "cpu/kernels/unpack-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// [depth, columns] floats.
struct FloatColumns {
  const float* data;
  int64_t stride;
  inline Vec Whole(int64_t k, int64_t column) const { return Load(data + k * stride + column); }
  inline Vec Part(int64_t k, int64_t column, int64_t n) const {
    return LoadPart(data + k * stride + column, n);
  }
};

// [depth, columns] stored elements. With kScaled, e4m3 rows are multiplied with units[k], exactly
// as UnpackRow does it; without, they stay × 2^-8.
template <Packed kPacked, bool kScaled = kPacked == Packed::kE4M3>
struct StoredColumns {
  static constexpr int64_t kBytes = kBytesOf<kPacked>;
  const std::byte* data;
  int64_t row_bytes;
  const float* units = nullptr;
  inline Vec Whole(int64_t k, int64_t column) const {
    const Vec x = LoadPacked<kPacked>(data + k * row_bytes + column * kBytes);
    return kScaled ? Mul(x, Set(units[k])) : x;
  }
  inline Vec Part(int64_t k, int64_t column, int64_t n) const {
    const Vec x = LoadPackedPart<kPacked>(data + k * row_bytes + column * kBytes, n);
    return kScaled ? Mul(x, Set(units[k])) : x;
  }
};

// Columns [column, column + kVecs * kLanes), or with kPart the `part` < kLanes last ones.
template <int kRows, int kVecs, bool kPart, typename Rows>
static inline void AxpyBlock(const float* const* a, const Rows& b, int64_t depth, bool add,
                             float* const* out, int64_t out_begin, int64_t column, int64_t part) {
  Vec sum[kRows][kVecs];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      const float* p = out[r] + out_begin + column + v * kLanes;
      sum[r][v] = !add ? Zero() : kPart ? LoadPart(p, part) : Load(p);
    }
  }
  for (int64_t k = 0; k < depth; ++k) {
    Vec x[kVecs];
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      x[v] = kPart ? b.Part(k, column, part) : b.Whole(k, column + v * kLanes);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vec factor = Set(a[r][k]);
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) sum[r][v] = Fma(factor, x[v], sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      float* p = out[r] + out_begin + column + v * kLanes;
      if (kPart) {
        StorePart(sum[r][v], p, part);
      } else {
        Store(sum[r][v], p);
      }
    }
  }
}

// Columns [column, columns): kVecs vectors at a time, the rest with half as many, and so on.
template <int kRows, int kVecs, typename Rows>
static inline void AxpyColumns(const float* const* a, const Rows& b, int64_t depth, int64_t column,
                               int64_t columns, bool add, float* const* out, int64_t out_begin) {
  for (; column + kVecs * kLanes <= columns; column += kVecs * kLanes) {
    AxpyBlock<kRows, kVecs, false>(a, b, depth, add, out, out_begin, column, 0);
  }
  if constexpr (kVecs > 1) {
    AxpyColumns<kRows, kVecs / 2>(a, b, depth, column, columns, add, out, out_begin);
  } else if (column < columns) {
    AxpyBlock<kRows, 1, true>(a, b, depth, add, out, out_begin, column, columns - column);
  }
}

// Vectors that go with kRows rows: so many that all sums together hide an fma's latency.
template <int kRows>
inline constexpr int kAxpyVecs = kRows * 8 <= kAxpySums   ? 8
                                 : kRows * 4 <= kAxpySums ? 4
                                                          : 2;

// Columns [0, columns) of b go to columns out_begin … of out. `add` keeps what out holds; otherwise
// it is overwritten.
template <typename Rows>
static void Axpy(const float* const* a, int64_t rows, const Rows& b, int64_t depth, int64_t columns,
                 bool add, float* const* out, int64_t out_begin) {
  ForRowGroups<kAxpyRows>(rows, [&]<int kRows>(int64_t r) {
    AxpyColumns<kRows, kAxpyVecs<kRows>>(a + r, b, depth, 0, columns, add, out + r, out_begin);
  });
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
