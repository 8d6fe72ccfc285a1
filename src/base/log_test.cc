#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fathom {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { SetLogLevel(LogLevel::kWarning); }
};

TEST_F(LogTest, WritesOneLineARecordWithItsLevel) {
  CaptureStderr();
  LogWarning("{} of {} layers", 3, 61);
  EXPECT_THAT(GetCapturedStderr(), testing::MatchesRegex("[0-9:.]+ warning: 3 of 61 layers\n"));
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));  // the level it starts at
  CaptureStderr();
  LogInfo("not shown");
  SetLogLevel(LogLevel::kInfo);
  LogInfo("shown");
  SetLogLevel(LogLevel::kOff);
  LogWarning("not shown either");
  Log(LogLevel::kError, "nor this");
  EXPECT_THAT(GetCapturedStderr(), testing::MatchesRegex("[0-9:.]+ info: shown\n"));
}

// Text that came from outside may hold braces; it is no format.
TEST_F(LogTest, AReadyLineIsWrittenAsItIs) {
  CaptureStderr();
  LogLine(LogLevel::kError, "found {} and {0");
  EXPECT_THAT(GetCapturedStderr(), testing::HasSubstr("error: found {} and {0\n"));
}

}  // namespace
}  // namespace fathom
