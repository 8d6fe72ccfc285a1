#include "terminal/live_lines.h"

#include <gtest/gtest.h>

#include "support/screen.h"

namespace fathom {
namespace {

class LiveLinesTest : public testing::Test {
 protected:
  // Shows the lines and returns what was sent for that.
  std::string Show(const std::vector<std::string>& texts) {
    std::vector<StyledLine> lines;
    for (const std::string& text : texts) lines.emplace_back().Append(text);
    sent_.clear();
    live_.Show(lines, size_);
    return sent_;
  }

  TerminalSize size_ = {.rows = 4, .columns = 20};
  test::Screen screen_{4};
  std::string sent_;
  LiveLines live_{[this](std::string_view bytes) {
                    sent_ += bytes;
                    screen_.Write(bytes);
                  },
                  true};
};

TEST_F(LiveLinesTest, WhatIsNewIsAllThatIsSent) {
  EXPECT_EQ(Show({"ab"}), "ab");
  EXPECT_EQ(Show({"abc"}), "c");
  EXPECT_EQ(Show({"abc", "d"}), "\nd");
  EXPECT_EQ(Show({"abc", "d"}), "");
}

TEST_F(LiveLinesTest, GoesUpToWhatChanged) {
  Show({"one", "two", "three"});
  EXPECT_EQ(Show({"one", "TWO", "three"}), "\x1b[1A\r\x1b[JTWO\nthree");
  EXPECT_EQ(screen_.Text(), "one\nTWO\nthree\n");
}

TEST_F(LiveLinesTest, FewerLinesLeaveNothingBehind) {
  Show({"one", "two", "three"});
  Show({"one"});
  EXPECT_EQ(screen_.Text(), "one\n");
  Show({"one!"});
  EXPECT_EQ(screen_.Text(), "one!\n");
  Show({});
  EXPECT_EQ(screen_.Text(), "\n");
}

TEST_F(LiveLinesTest, WhatWasKeptIsNeverTouched) {
  Show({"a", "b"});
  live_.Keep();
  Show({"c"});
  Show({"d", "e"});
  EXPECT_EQ(screen_.Text(), "a\nb\nd\ne\n");
}

TEST_F(LiveLinesTest, LinesAboveTheScreenStayAsTheyAre) {
  Show({"1", "2", "3", "4", "5", "6"});
  Show({"A", "B", "C", "D", "E", "F"});
  EXPECT_EQ(screen_.Text(), "1\n2\nC\nD\nE\nF\n");
}

TEST(LiveLines, LinesWiderThanTheTerminalTakeSeveralRows) {
  std::string sent;
  LiveLines live([&](std::string_view bytes) { sent = bytes; }, true);
  const auto show = [&](const std::vector<std::string>& texts) {
    std::vector<StyledLine> lines;
    for (const std::string& text : texts) lines.emplace_back().Append(text);
    live.Show(lines, {.rows = 10, .columns = 20});
  };
  show({std::string(30, 'x'), "b"});
  show({"y", "b"});
  EXPECT_EQ(sent, "\x1b[2A\r\x1b[Jy\nb");
}

}  // namespace
}  // namespace fathom
