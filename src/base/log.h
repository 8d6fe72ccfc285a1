// One line a record on standard error, with levels; formatting costs nothing when a level is off.
//
// The library behind it (spdlog) is seen by log.cc alone. Results never go through the log: a
// command's output is standard output, and the log may be switched off without losing any.
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace fathom {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

// Records below `level` are dropped. Starts at kWarning.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view line);

template <typename... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(level)) LogLine(level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  Log(LogLevel::kInfo, format, std::forward<Args>(args)...);
}
template <typename... Args>
void LogWarning(fmt::format_string<Args...> format, Args&&... args) {
  Log(LogLevel::kWarning, format, std::forward<Args>(args)...);
}

}  // namespace fathom
