// Large numbers for people: "689.5 GB", "685,396,921,376"; and sizes as people write them.
#pragma once

#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "base/status.h"

namespace fathom {

// In decimal units, as disks and file listings count.
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

// "8GB", "1.5 GB", "512 MiB", "1000000": decimal units, or with "i" binary ones; bytes without one.
inline Result<int64_t> ParseBytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  double scale = 1;
  const size_t power = std::string_view("kMGTP").find(unit.empty() ? '?' : unit.front());
  const bool has_prefix = power != std::string_view::npos;
  const std::string_view rest = has_prefix ? unit.substr(1) : unit;
  const bool known = rest == "B" || (rest == "iB" && has_prefix) || unit.empty();
  for (size_t i = 0; has_prefix && i <= power; ++i) scale *= rest == "iB" ? 1024 : 1000;
  if (error != std::errc() || !known || !(number >= 0) || number * scale > 9e18) {
    return InvalidArgument("expected a size such as 8GB or 512MiB, found \"{}\"", text);
  }
  return static_cast<int64_t>(number * scale);
}

// With a comma between groups of three digits.
inline std::string FormatCount(int64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool after_digit = i > 0 && digits[i - 1] != '-';
    if (after_digit && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace fathom
