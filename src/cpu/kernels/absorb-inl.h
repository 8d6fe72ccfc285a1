// The key projection moved to the query's side: one head's UKᵀ q (spec 3.4, absorbed form).
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/axpy-inl.h"
#include "cpu/kernels/dot-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

static void Absorb(const AbsorbTask& t) {
  const int64_t blocks_across = (t.cols + kBlock - 1) / kBlock;
  const int64_t bytes = t.packed == Packed::kF32 ? 4 : t.packed == Packed::kE4M3 ? 1 : 2;
  for (int64_t n = t.n_begin; n < t.n_end; n += kAbsorbColumns) {
    const int64_t columns = Least(kAbsorbColumns, t.n_end - n);
    for (int64_t d = 0; d < t.depth; ++d) {
      const int64_t row = t.first_row + d;
      float unit = 1.0F;
      if (t.packed == Packed::kE4M3) {
        const int64_t index = row / kBlock * blocks_across + n / kBlock;
        unit = ScaleOf(t.scales, t.scales_e8m0, index) * kE4M3Unit;
      }
      UnpackRowOf(t.packed, t.w + (row * t.cols + n) * bytes, columns, unit,
                  t.scratch + d * kAbsorbColumns);
    }
    AxpyTile(t.q, t.rows, t.scratch, kAbsorbColumns, t.depth, columns, false, t.out, n);
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
