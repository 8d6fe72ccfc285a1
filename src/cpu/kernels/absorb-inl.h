// The key projection moved to the query's side: one head's UKᵀ q (spec 3.4, absorbed form).
// Compiled once per instruction set: a vec_*.h stands before it.
#pragma once

#include "cpu/kernels/axpy-inl.h"

namespace fathom::FATHOM_ISA_NAMESPACE {

// Few rows take the weights from where they are stored, many from a tile of floats.
template <Packed kPacked>
static void AbsorbOf(const AbsorbTask& t) {
  const int64_t blocks_across = (t.cols + kBlock - 1) / kBlock;
  const int64_t row_bytes = t.cols * kBytesOf<kPacked>;
  float units[kAbsorbDepth];
  for (int64_t n = t.n_begin; n < t.n_end; n += kAbsorbColumns) {
    const int64_t columns = Least(kAbsorbColumns, t.n_end - n);
    const std::byte* w = t.w + t.first_row * row_bytes + n * kBytesOf<kPacked>;
    for (int64_t d = 0; d < t.depth && kPacked == Packed::kE4M3; ++d) {
      const int64_t index = (t.first_row + d) / kBlock * blocks_across + n / kBlock;
      units[d] = ScaleOf(t.scales, t.scales_e8m0, index) * kE4M3Unit;
    }
    if (t.rows <= kAxpyRows) {
      Axpy(t.q, t.rows, StoredColumns<kPacked>{w, row_bytes, units}, t.depth, columns, false, t.out,
           n);
      continue;
    }
    for (int64_t d = 0; d < t.depth; ++d) {
      UnpackRow<kPacked>(w + d * row_bytes, columns, kPacked == Packed::kE4M3 ? units[d] : 1.0F,
                         t.scratch + d * kAbsorbColumns);
    }
    Axpy(t.q, t.rows, FloatColumns{t.scratch, kAbsorbColumns}, t.depth, columns, false, t.out, n);
  }
}

static void Absorb(const AbsorbTask& t) {
  switch (t.packed) {
    case Packed::kF32:
      return AbsorbOf<Packed::kF32>(t);
    case Packed::kF16:
      return AbsorbOf<Packed::kF16>(t);
    case Packed::kBF16:
      return AbsorbOf<Packed::kBF16>(t);
    case Packed::kE4M3:
      return AbsorbOf<Packed::kE4M3>(t);
  }
}

}  // namespace fathom::FATHOM_ISA_NAMESPACE
