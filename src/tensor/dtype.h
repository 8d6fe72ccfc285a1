// The element types that files and buffers hold, in one table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom {

enum class DType : uint8_t { kF32, kF16, kBF16, kF8E4M3, kF8E8M0, kI32, kI64, kU8, kCount };

struct DTypeInfo {
  DType type;
  std::string_view name;  // as in safetensors headers
  int bytes;
};

inline constexpr std::array<DTypeInfo, static_cast<size_t>(DType::kCount)> kDTypes = {{
    {DType::kF32, "F32", 4},
    {DType::kF16, "F16", 2},
    {DType::kBF16, "BF16", 2},
    {DType::kF8E4M3, "F8_E4M3", 1},
    {DType::kF8E8M0, "F8_E8M0", 1},
    {DType::kI32, "I32", 4},
    {DType::kI64, "I64", 8},
    {DType::kU8, "U8", 1},
}};

constexpr bool DTypeRowsMatchEnum() {
  for (size_t i = 0; i < kDTypes.size(); ++i) {
    if (static_cast<size_t>(kDTypes[i].type) != i) return false;
  }
  return true;
}
static_assert(DTypeRowsMatchEnum(), "kDTypes needs one row per DType, in enum order");

constexpr const DTypeInfo& Info(DType type) { return kDTypes[static_cast<size_t>(type)]; }
constexpr std::string_view Name(DType type) { return Info(type).name; }
constexpr int Bytes(DType type) { return Info(type).bytes; }

// The type with that safetensors name.
constexpr std::optional<DType> ParseDType(std::string_view name) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == name) return info.type;
  }
  return std::nullopt;
}

}  // namespace fathom
