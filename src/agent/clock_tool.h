// Date and time as a tool tells them. The clock is handed in, so that tests know the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace fathom {

// A moment, and how far local time is ahead of UTC at that moment.
struct WallTime {
  int64_t unix_seconds;
  int32_t utc_offset_seconds;
};

using WallClock = std::function<WallTime()>;

// The system's clock and time zone. Any thread.
WallTime SystemWallTime();

// {"date": "2026-11-24", "time": "18:40", "weekday": "Tuesday",
//  "local": "2026-11-24T18:40:05+01:00", "utc": "2026-11-24T17:40:05Z"}
// Date, time and weekday are local. For years 0 to 9999.
std::string DescribeTime(const WallTime& now);

}  // namespace fathom
