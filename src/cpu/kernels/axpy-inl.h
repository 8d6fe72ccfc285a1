// out[r][n] += sum over k in order of a[r][k] * b[k][n]: columns lie along a vector, so there is
// nothing to add across lanes. Index scores, P·V and the absorbed query are of this form.
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

namespace fathom::FATHOM_ISA_NAMESPACE {

template <int kRows, int kVecs, bool kPart>
static inline void AxpyBlock(const float* const* a, const float* b, int64_t b_stride, int64_t depth,
                             bool add, float* const* out, int64_t out_begin, int64_t column,
                             int64_t part) {
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
    const float* row = b + k * b_stride + column;
    Vec x[kVecs];
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      x[v] = kPart ? LoadPart(row, part) : Load(row + v * kLanes);
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

// Columns [0, columns) of b go to columns out_begin … of out. `add` keeps what out holds; otherwise
// it is overwritten.
static void AxpyTile(const float* const* a, int64_t rows, const float* b, int64_t b_stride,
                     int64_t depth, int64_t columns, bool add, float* const* out,
                     int64_t out_begin) {
  const auto run_rows = [&]<int kRows>(int64_t r) {
    int64_t n = 0;
    for (; n + kAxpyVecs * kLanes <= columns; n += kAxpyVecs * kLanes) {
      AxpyBlock<kRows, kAxpyVecs, false>(a + r, b, b_stride, depth, add, out + r, out_begin, n, 0);
    }
    for (; n + kLanes <= columns; n += kLanes) {
      AxpyBlock<kRows, 1, false>(a + r, b, b_stride, depth, add, out + r, out_begin, n, 0);
    }
    if (n < columns) {
      AxpyBlock<kRows, 1, true>(a + r, b, b_stride, depth, add, out + r, out_begin, n, columns - n);
    }
  };
  int64_t r = 0;
  for (; r + kAxpyRows <= rows; r += kAxpyRows) run_rows.template operator()<kAxpyRows>(r);
  for (; r < rows; ++r) run_rows.template operator()<1>(r);
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
