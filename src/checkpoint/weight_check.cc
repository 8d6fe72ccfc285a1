#include "checkpoint/weight_check.h"

#include <algorithm>
#include <cstring>

#include "checkpoint/tensor_names.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

// Elements tested before the result is looked at, so that the inner loops have no branch.
constexpr int64_t kRun = 4096;
// Bytes between two reports.
constexpr int64_t kReport = int64_t{8} << 20;

template <typename T>
T LoadAt(const std::byte* data, int64_t i) {
  T value;  // mapped files promise no alignment
  std::memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

// Flag(x) is not zero where the element with bits x is bad. For the floats that is where all
// exponent bits are set (NaN or an infinity): one more in the exponent then carries into the sign.
// An e4m3 has NaN alone, with all bits but the sign set. Written without comparisons, so that the
// compiler turns runs of them into vectors.
template <typename T, T kExponent>
struct FloatBits {
  using Bits = T;
  static constexpr T kOne = kExponent & (~kExponent + 1);  // the lowest exponent bit
  static constexpr T kSign = T{1} << (8 * sizeof(T) - 1);
  static Bits Flag(Bits x) {
    return static_cast<Bits>(static_cast<Bits>((x & kExponent) + kOne) & kSign);
  }
};
using BitsF32 = FloatBits<uint32_t, 0x7F800000>;
using BitsBF16 = FloatBits<uint16_t, 0x7F80>;
using BitsF16 = FloatBits<uint16_t, 0x7C00>;
using BitsE4M3 = FloatBits<uint8_t, 0x7F>;
struct BitsE8M0 {
  using Bits = uint8_t;
  static Bits Flag(Bits x) { return x == 0xFF; }
};
// A scale: neither NaN nor infinite, zero or negative. Positive finite numbers, seen as integers,
// lie between those.
struct BitsScale {
  using Bits = uint32_t;
  static Bits Flag(Bits x) { return x - 1 >= 0x7F800000 - 1; }
};

// The first bad element of [begin, end), or end.
template <typename Type>
int64_t FirstBad(const std::byte* data, int64_t begin, int64_t end) {
  using Bits = typename Type::Bits;
  for (int64_t run = begin; run < end; run += kRun) {
    const int64_t run_end = std::min(run + kRun, end);
    Bits flags = 0;
    for (int64_t i = run; i < run_end; ++i) {
      flags = static_cast<Bits>(flags | Type::Flag(LoadAt<Bits>(data, i)));
    }
    if (flags == 0) continue;
    while (Type::Flag(LoadAt<Bits>(data, run)) == 0) ++run;
    return run;
  }
  return end;
}

using Scan = int64_t (*)(const std::byte*, int64_t, int64_t);

bool IsScale(const StoredTensor& tensor) { return tensor.name.ends_with("_scale_inv"); }

// Null for the integer types, which have no bad values.
Scan ScanFor(const StoredTensor& tensor) {
  switch (tensor.view.dtype) {
    case DType::kF32:
      return IsScale(tensor) ? FirstBad<BitsScale> : FirstBad<BitsF32>;
    case DType::kBF16:
      return FirstBad<BitsBF16>;
    case DType::kF16:
      return FirstBad<BitsF16>;
    case DType::kF8E4M3:
      return FirstBad<BitsE4M3>;
    case DType::kF8E8M0:
      return FirstBad<BitsE8M0>;
    default:
      return nullptr;
  }
}

float ValueAt(const TensorView& view, int64_t i) {
  const auto* data = static_cast<const std::byte*>(view.data);
  switch (view.dtype) {
    case DType::kF32:
      return LoadAt<float>(data, i);
    case DType::kBF16:
      return ToFloat(LoadAt<BF16>(data, i));
    case DType::kF16:
      return ToFloat(LoadAt<F16>(data, i));
    case DType::kF8E4M3:
      return ToFloat(LoadAt<E4M3>(data, i));
    default:
      return ToFloat(LoadAt<E8M0>(data, i));
  }
}

// "[12, 40]": the coordinates of element `i`.
std::string Coordinates(const Shape& shape, int64_t i) {
  std::vector<int64_t> at(static_cast<size_t>(shape.rank()));
  for (int d = shape.rank() - 1; d >= 0; --d) {
    at[static_cast<size_t>(d)] = i % shape[d];
    i /= shape[d];
  }
  return Shape(at).ToString();
}

Status Describe(const TensorSource& source, const StoredTensor& tensor, int64_t i) {
  const float value = ValueAt(tensor.view, i);
  return DataLoss("{}{} is {}{}", source.Place(tensor), Coordinates(tensor.view.shape, i),
                  std::isnan(value) ? "NaN" : fmt::format("{}", value),
                  IsScale(tensor) ? ", expected a positive scale" : "");
}

}  // namespace

Status CheckFinite(const TensorSource& source, const StoredTensor& tensor,
                   const ByteProgress& progress) {
  const Scan scan = ScanFor(tensor);
  const auto* data = static_cast<const std::byte*>(tensor.view.data);
  const int64_t size = Bytes(tensor.view.dtype), count = tensor.view.elements();
  for (int64_t begin = 0; begin < count;) {
    const int64_t end = std::min(begin + kReport / size, count);
    if (scan != nullptr) {
      const int64_t bad = scan(data, begin, end);
      if (bad < end) return Describe(source, tensor, bad);
    }
    begin = end;
    if (progress != nullptr) FATHOM_RETURN_IF_ERROR(progress(begin * size));
  }
  return {};
}

Status CheckSmallTensors(const Checkpoint& checkpoint) {
  const TensorSource& source = checkpoint.tensors;
  const Mtp mtp = checkpoint.has_mtp ? Mtp::kPresent : Mtp::kAbsent;
  for (const TensorSpec& spec : ModelTensors(checkpoint.config, mtp)) {
    const bool matrix = spec.storage == Storage::kMatrix;
    const StoredTensor* tensor = source.Find(matrix ? ScaleName(spec.name) : spec.name);
    if (tensor != nullptr) FATHOM_RETURN_IF_ERROR(CheckFinite(source, *tensor));
  }
  return {};
}

Status CheckAllTensors(const Checkpoint& checkpoint, const ByteProgress& progress) {
  int64_t before = 0;
  for (const StoredTensor& tensor : checkpoint.tensors.tensors()) {
    const auto add = [&](int64_t done) {
      return progress == nullptr ? Status() : progress(before + done);
    };
    FATHOM_RETURN_IF_ERROR(CheckFinite(checkpoint.tensors, tensor, add));
    before += tensor.view.bytes();
  }
  return {};
}

}  // namespace fathom
