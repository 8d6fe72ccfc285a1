#include "agent/clock_tool.h"

#include <fmt/core.h>
#include <time.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "json/value.h"
#include "json/write.h"

namespace fathom {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

struct CivilTime {
  std::string date;     // 2026-11-24
  std::string hours;    // 18:40
  std::string seconds;  // 05
  std::string_view weekday;
};

// A count of seconds since 1970-01-01T00:00 as a calendar shows it.
CivilTime Civil(int64_t seconds) {
  const std::chrono::sys_seconds moment{std::chrono::seconds{seconds}};
  const auto midnight = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day day{midnight};
  const int64_t in_day = (moment - midnight).count();
  return {.date = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                              static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day())),
          .hours = fmt::format("{:02}:{:02}", in_day / 3600, in_day / 60 % 60),
          .seconds = fmt::format("{:02}", in_day % 60),
          .weekday = kWeekdays[std::chrono::weekday{midnight}.c_encoding()]};
}

// "+05:30"
std::string OffsetText(int32_t seconds) {
  const int32_t minutes = std::abs(seconds) / 60;
  return fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace

WallTime SystemWallTime() {
  const time_t now = ::time(nullptr);
  struct tm local = {};
  ::localtime_r(&now, &local);
  return {.unix_seconds = now, .utc_offset_seconds = static_cast<int32_t>(local.tm_gmtoff)};
}

std::string DescribeTime(const WallTime& now) {
  const CivilTime utc = Civil(now.unix_seconds);
  const CivilTime local = Civil(now.unix_seconds + now.utc_offset_seconds);
  const json::Object answer = {
      {"date", local.date},
      {"time", local.hours},
      {"weekday", local.weekday},
      {"local", fmt::format("{}T{}:{}{}", local.date, local.hours, local.seconds,
                            OffsetText(now.utc_offset_seconds))},
      {"utc", fmt::format("{}T{}:{}Z", utc.date, utc.hours, utc.seconds)}};
  return json::Dump(answer, json::Style::kPython);
}

}  // namespace fathom
