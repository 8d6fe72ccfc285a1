// Numbers of bytes for people: "689.5 GB". Decimal units, as disks and file listings count.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>

namespace fathom {

inline std::string FormatBytes(int64_t bytes) {
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1000;
  int unit = 0;
  // 999.95 would print as 1000.0.
  while (value >= 999.95 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace fathom
