// The header of a safetensors file: which tensor lies where.
//
//   8 bytes      header length, little-endian
//   header       JSON {"name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [begin, end]},
//                "__metadata__": {string: string}}, padded with spaces
//   data         offsets count from here
//
// A header is accepted when it describes the file exactly: known types, byte counts that equal
// shape × element size, ranges that cover the data without gap or overlap to the last byte, no name
// twice. The format demands all of that, and whatever a hostile or truncated file says, no tensor
// of an accepted header reaches outside the file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace fathom {

inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;  // the format's own limit

inline constexpr size_t kMaxTensorName = 512;

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  uint64_t begin = 0, end = 0;  // bytes, from the start of the file
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their data
};

// `file` is the whole file; only its header is read.
Result<SafetensorsHeader> ParseSafetensors(std::span<const uint8_t> file);

// Tensor names are printed in errors and tables, so they are short and printable ASCII, as all
// published ones are.
Status CheckTensorName(std::string_view name);

// The number of bytes of a tensor, or nothing when it does not fit 63 bits.
std::optional<int64_t> TensorBytes(DType dtype, const Shape& shape);

}  // namespace fathom
