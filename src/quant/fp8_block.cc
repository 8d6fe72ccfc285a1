#include "quant/fp8_block.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fathom {
namespace {

constexpr std::array<float, 256> kE4M3Values = [] {
  std::array<float, 256> values{};
  for (size_t code = 0; code < values.size(); ++code) {
    values[code] = ToFloat(E4M3{static_cast<uint8_t>(code)});
  }
  return values;
}();

template <typename T>
T ElementAt(const std::byte* row, int64_t i) {
  T element;  // mapped files promise no alignment
  std::memcpy(&element, row + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return element;
}

void DequantizeFp8Row(const MatrixView& matrix, int64_t row, float* out) {
  const auto* codes = reinterpret_cast<const uint8_t*>(matrix.row(row));
  for (int64_t begin = 0; begin < matrix.cols; begin += matrix.block) {
    const float scale = matrix.ScaleAt(row / matrix.block, begin / matrix.block);
    const int64_t end = std::min(begin + matrix.block, matrix.cols);
    for (int64_t i = begin; i < end; ++i) out[i] = kE4M3Values[codes[i]] * scale;
  }
}

// The smallest power of two s with amax / s ≤ 448.
float PowerOfTwoScale(float amax) {
  if (amax == 0) return 1;
  int exponent = 0;
  // amax = fraction · 2^exponent, fraction in [0.5, 1), and 448 = 0.875 · 2^9.
  const float fraction = std::frexp(amax, &exponent);
  // Nothing below the smallest normal number: a scale must be a factor that kernels can invert.
  return std::ldexp(1.0F, std::max(exponent - 9 + (fraction > 0.875F ? 1 : 0), -126));
}

}  // namespace

void DequantizeRow(const MatrixView& matrix, int64_t row, float* out) {
  FATHOM_DCHECK(row >= 0 && row < matrix.rows, "row {} of {}", row, matrix.rows);
  const std::byte* elements = matrix.row(row);
  switch (matrix.dtype) {
    case DType::kF32:
      std::memcpy(out, elements, static_cast<size_t>(matrix.row_bytes()));
      return;
    case DType::kF16:
      for (int64_t i = 0; i < matrix.cols; ++i) out[i] = ToFloat(ElementAt<F16>(elements, i));
      return;
    case DType::kBF16:
      for (int64_t i = 0; i < matrix.cols; ++i) out[i] = ToFloat(ElementAt<BF16>(elements, i));
      return;
    case DType::kF8E4M3:
      return DequantizeFp8Row(matrix, row, out);
    default:
      FATHOM_CHECK(false, "no weight matrix holds {}", Name(matrix.dtype));
  }
}

void DequantizeRows(const MatrixView& matrix, int64_t begin, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) DequantizeRow(matrix, begin + i, out + i * matrix.cols);
}

MatrixView Fp8Matrix::view() const {
  return {.data = codes.data(),
          .dtype = DType::kF8E4M3,
          .rows = rows,
          .cols = cols,
          .scales = scales.data()};
}

Fp8Matrix EncodeFp8(const float* weights, int64_t rows, int64_t cols) {
  Fp8Matrix encoded{.rows = rows, .cols = cols, .codes = {}, .scales = {}};
  encoded.codes.resize(static_cast<size_t>(rows * cols));
  for (int64_t row = 0; row < rows; row += kWeightBlock) {
    const int64_t row_end = std::min(row + kWeightBlock, rows);
    for (int64_t col = 0; col < cols; col += kWeightBlock) {
      const int64_t col_end = std::min(col + kWeightBlock, cols);
      float amax = 0;
      for (int64_t r = row; r < row_end; ++r) {
        for (int64_t c = col; c < col_end; ++c)
          amax = std::max(amax, std::abs(weights[r * cols + c]));
      }
      const float scale = PowerOfTwoScale(amax);
      encoded.scales.push_back(scale);
      for (int64_t r = row; r < row_end; ++r) {
        for (int64_t c = col; c < col_end; ++c) {
          encoded.codes[static_cast<size_t>(r * cols + c)] = ToE4M3(weights[r * cols + c] / scale);
        }
      }
    }
  }
  return encoded;
}

}  // namespace fathom
