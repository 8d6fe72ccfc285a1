// What a MatrixView means: the exact scalar decoder of stored weights, and an encoder for e4m3 in
// 128×128 tiles.
//
// Every kernel that reads weights is tested against DequantizeRow. It converts each element exactly
// and multiplies by its tile's scale in f32, one rounding; with the power-of-two scales of the
// published checkpoints not even that one happens.
#pragma once

#include <cstdint>
#include <vector>

#include "quant/matrix_view.h"

namespace fathom {

// Row `row` as f32: out [cols].
void DequantizeRow(const MatrixView& matrix, int64_t row, float* out);

// Rows [begin, begin + count): out [count, cols].
void DequantizeRows(const MatrixView& matrix, int64_t begin, int64_t count, float* out);

// An encoded matrix that owns its bytes.
struct Fp8Matrix {
  int64_t rows = 0, cols = 0;
  std::vector<E4M3> codes;    // [rows, cols]
  std::vector<float> scales;  // [ceil(rows / 128), ceil(cols / 128)], powers of two

  MatrixView view() const;
};

// The nearest e4m3 matrix under power-of-two scales: a tile's scale is the smallest power of two
// that brings its largest magnitude within ±448, and 1 for a tile of zeros. `weights` [rows, cols]
// are finite.
Fp8Matrix EncodeFp8(const float* weights, int64_t rows, int64_t cols);

}  // namespace fathom
