#include "agent/clock_tool.h"

#include <gtest/gtest.h>
#include <time.h>

#include <cmath>

namespace fathom {
namespace {

TEST(ClockTool, TellsLocalTimeAndUtc) {
  EXPECT_EQ(DescribeTime({.unix_seconds = 1795628405, .utc_offset_seconds = 3600}),
            R"({"date": "2026-11-25", "time": "18:40", "weekday": "Wednesday", )"
            R"("local": "2026-11-25T18:40:05+01:00", "utc": "2026-11-25T17:40:05Z"})");
}

TEST(ClockTool, LocalDateMayBeAnother) {
  // 1 March 2024 in UTC is still 29 February in New York, and Friday is still Thursday.
  EXPECT_EQ(DescribeTime({.unix_seconds = 1709254861, .utc_offset_seconds = -5 * 3600}),
            R"({"date": "2024-02-29", "time": "20:01", "weekday": "Thursday", )"
            R"("local": "2024-02-29T20:01:01-05:00", "utc": "2024-03-01T01:01:01Z"})");
}

TEST(ClockTool, OffsetsOfMinutesAndTimesBefore1970) {
  EXPECT_EQ(DescribeTime({.unix_seconds = -1, .utc_offset_seconds = 20700}),
            R"({"date": "1970-01-01", "time": "05:44", "weekday": "Thursday", )"
            R"("local": "1970-01-01T05:44:59+05:45", "utc": "1969-12-31T23:59:59Z"})");
  EXPECT_EQ(DescribeTime({.unix_seconds = 0, .utc_offset_seconds = -1800}),
            R"({"date": "1969-12-31", "time": "23:30", "weekday": "Wednesday", )"
            R"("local": "1969-12-31T23:30:00-00:30", "utc": "1970-01-01T00:00:00Z"})");
}

TEST(ClockTool, TheSystemClockRunsWithTheSystem) {
  const time_t before = ::time(nullptr);
  const WallTime now = SystemWallTime();
  EXPECT_GE(now.unix_seconds, before);
  EXPECT_LE(now.unix_seconds, ::time(nullptr));
  EXPECT_LE(std::abs(now.utc_offset_seconds), 15 * 3600);
}

}  // namespace
}  // namespace fathom
