#include "terminal/styled_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using testing::ElementsAre;

StyledLine Plain(std::string_view text) {
  StyledLine line;
  line.Append(text);
  return line;
}

std::vector<std::string> Wrapped(std::string_view text, int columns) {
  std::vector<std::string> lines;
  for (const StyledLine& line : WrapWords(Plain(text), columns)) {
    EXPECT_LE(line.columns(), columns);
    lines.push_back(line.ToTerminal(false));
  }
  return lines;
}

TEST(StyledLine, StylesBeginAndEndWithTheirText) {
  StyledLine line;
  line.Append("a ");
  line.Append("b", {.bold = true, .underline = true});
  line.Append(" c");
  EXPECT_EQ(line.ToTerminal(true), "a \x1b[1;4mb\x1b[0m c");
  EXPECT_EQ(line.ToTerminal(false), "a b c");
  EXPECT_EQ(line.columns(), 5);
}

TEST(StyledLine, ControlNeverGetsIn) {
  StyledLine line;
  line.Append("\x1b]52;c;aGk=\x07 \u009b2J \u202e\r");
  EXPECT_EQ(line.ToTerminal(true), "\\x1b]52;c;aGk=\\x07 \\u009b2J \\u202e\\x0d");
  EXPECT_EQ(line.columns(), 38);
}

TEST(StyledLine, TabsGoToTheNextStop) {
  EXPECT_EQ(Plain("a\tb\t\tc").ToTerminal(false), "a   b       c");
  EXPECT_EQ(Plain("\t").columns(), kTabColumns);
}

TEST(WrapWords, BreaksBetweenWords) {
  EXPECT_THAT(Wrapped("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrapped("one two three", 6), ElementsAre("one", "two", "three"));
  EXPECT_THAT(Wrapped("one    two", 6), ElementsAre("one", "two"));
  EXPECT_THAT(Wrapped("", 6), ElementsAre(""));
}

TEST(WrapWords, CutsWordsThatAreTooLong) {
  EXPECT_THAT(Wrapped("abcdefgh ij", 3), ElementsAre("abc", "def", "gh", "ij"));
  EXPECT_THAT(Wrapped("x abcdef", 4), ElementsAre("x", "abcd", "ef"));
}

TEST(WrapWords, CountsColumnsAndNotBytes) {
  EXPECT_THAT(Wrapped("深度求索", 5), ElementsAre("深度", "求索"));
  EXPECT_THAT(Wrapped("ééé ééé", 7), ElementsAre("ééé ééé"));
}

TEST(WrapWords, KeepsStylesAcrossTheBreak) {
  StyledLine line;
  line.Append("one two", {.bold = true});
  const std::vector<StyledLine> lines = WrapWords(line, 4);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].ToTerminal(true), "\x1b[1mone\x1b[0m");
  EXPECT_EQ(lines[1].ToTerminal(true), "\x1b[1mtwo\x1b[0m");
}

}  // namespace
}  // namespace fathom
