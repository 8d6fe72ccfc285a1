// A weight matrix as a checkpoint stores it, borrowed and never copied: y = W x with W [rows,
// cols], rows = outputs (N), cols = inputs (K), row-major.
//
// F32, F16 and BF16 matrices are their elements. F8_E4M3 matrices come with one scale per tile of
// block × block elements, tiles aligned to row 0 and column 0 and partial at the edges; the weight
// is element × scale of its tile ("weight_scale_inv" in the files, a factor despite its name;
// spec 2.1, 6.4). The decoder that defines what a view means is quant/fp8_block.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "tensor/dtype.h"
#include "tensor/float_formats.h"

namespace fathom {

inline constexpr int kWeightBlock = 128;

struct MatrixView {
  const void* data = nullptr;  // [rows, cols] of dtype; no alignment is promised
  DType dtype = DType::kF32;   // kF32, kF16, kBF16 or kF8E4M3
  int64_t rows = 0, cols = 0;
  const void* scales = nullptr;     // kF8E4M3 only: [row_blocks(), col_blocks()] of scale_dtype
  DType scale_dtype = DType::kF32;  // kF32 or kF8E8M0
  int block = kWeightBlock;

  bool empty() const { return data == nullptr; }
  bool scaled() const { return dtype == DType::kF8E4M3; }
  int64_t row_blocks() const { return (rows + block - 1) / block; }
  int64_t col_blocks() const { return (cols + block - 1) / block; }
  int64_t row_bytes() const { return cols * Bytes(dtype); }

  // What a pass over the matrix reads.
  int64_t bytes() const {
    return rows * row_bytes() + (scaled() ? row_blocks() * col_blocks() * Bytes(scale_dtype) : 0);
  }

  const std::byte* row(int64_t r) const {
    return static_cast<const std::byte*>(data) + r * row_bytes();
  }

  // The factor of tile (row_block, col_block); needs scaled().
  float ScaleAt(int64_t row_block, int64_t col_block) const {
    const int64_t at = row_block * col_blocks() + col_block;
    if (scale_dtype == DType::kF8E8M0)
      return ToFloat(E8M0{static_cast<const uint8_t*>(scales)[at]});
    float scale;
    std::memcpy(&scale, static_cast<const std::byte*>(scales) + at * int64_t{4}, 4);
    return scale;
  }

  // Rows [begin, begin + count) as a matrix of its own. A scaled matrix is cut between tiles.
  MatrixView RowSlice(int64_t begin, int64_t count) const {
    FATHOM_DCHECK(begin >= 0 && count >= 0 && begin + count <= rows, "rows {}+{} of {}", begin,
                  count, rows);
    MatrixView slice = *this;
    slice.data = row(begin);
    slice.rows = count;
    if (scaled()) {
      FATHOM_CHECK(begin % block == 0, "row {} lies inside a tile of {}", begin, block);
      slice.scales =
          static_cast<const std::byte*>(scales) + begin / block * col_blocks() * Bytes(scale_dtype);
    }
    return slice;
  }
};

}  // namespace fathom
