#include "terminal/markdown_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/screen.h"

namespace fathom {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Drawn {
  std::string screen, sent;
};

Drawn Draw(std::string_view text, size_t step, TerminalSize size = {.rows = 100, .columns = 60}) {
  test::Screen screen(static_cast<size_t>(size.rows));
  Drawn drawn;
  MarkdownStream stream({.styles = true,
                         .size = [&] { return size; },
                         .write =
                             [&](std::string_view bytes) {
                               drawn.sent += bytes;
                               screen.Write(bytes);
                             }});
  for (size_t at = 0; at < text.size(); at += step) stream.Add(text.substr(at, step));
  stream.Finish();
  drawn.screen = screen.Text();
  return drawn;
}

constexpr std::string_view kAnswer =
    "Intro with **bold** and a list:\n"
    "- one\n"
    "- two\n"
    "  - nested\n"
    "\n"
    "Title\n"
    "-----\n"
    "| a | b |\n"
    "|---|--:|\n"
    "| longer | 1 |\n"
    "| x | 12345 |\n"
    "\n"
    "```c++\n"
    "int main() {\n"
    "\treturn 0;  // 深\n"
    "}\n"
    "```\n"
    "> quote\n"
    "\n"
    "End.";

constexpr std::string_view kScreen =
    "Intro with bold and a list:\n"
    "• one\n"
    "• two\n"
    "  • nested\n"
    "\n"
    "Title\n"
    "a      │     b\n"
    "───────┼──────\n"
    "longer │     1\n"
    "x      │ 12345\n"
    "\n"
    "── c++ ────────────────────────────────────────────────────\n"
    "int main() {\n"
    "    return 0;  // 深\n"
    "}\n"
    "───────────────────────────────────────────────────────────\n"
    "│ quote\n"
    "\n"
    "End.\n";

TEST(MarkdownStream, TheScreenDoesNotDependOnHowTheTextWasCut) {
  for (size_t step = 1; step <= kAnswer.size(); ++step) {
    ASSERT_EQ(Draw(kAnswer, step).screen, kScreen) << "pieces of " << step;
  }
}

TEST(MarkdownStream, TextShowsBeforeItsBlockIsComplete) {
  test::Screen screen(24);
  MarkdownStream stream({.styles = true,
                         .size = [] { return TerminalSize{}; },
                         .write = [&](std::string_view bytes) { screen.Write(bytes); }});
  stream.Add("Hel");
  EXPECT_EQ(screen.Text(), "Hel\n");
  stream.Add("lo\n- a");
  EXPECT_EQ(screen.Text(), "Hello\n• a\n");
  stream.Add("\n\n```\nco");
  EXPECT_THAT(screen.Text(), HasSubstr("─\nco\n"));
}

TEST(MarkdownStream, PlainTextIsSentOnce) {
  const std::string text = "Nothing here changes once it was said, word by word.";
  EXPECT_EQ(Draw(text, 1).sent, text + "\n");
}

TEST(MarkdownStream, ATableThatFillsTheScreenKeepsItsWidths) {
  std::string table = "|a|b|\n|-|-|\n";
  for (int i = 0; i < 30; ++i) table += "|x|y|\n";
  table += "|wide cell|z|\n";
  const std::string screen = Draw(table, 3, {.rows = 10, .columns = 60}).screen;
  EXPECT_THAT(screen, HasSubstr("a   │ b\n────┼────\nx   │ y\n"));
  EXPECT_THAT(screen, HasSubstr("wid │ z\ne   │ \ncel │ \nl   │ \n")) << screen;
}

TEST(MarkdownStream, HostileTextIsShownInEveryCut) {
  const std::string hostile =
      "# \x1b]52;c;aGk=\x07\n```\x1b[2J\n\x1b]52;c;aGk=\x07\u009b\u202e\n```\n"
      "[x](http://a/\x1b[2J)\n\n|\x1b[2J|\n|-|\n|&#27;[2J|\n\xff\xfe";
  const std::string whole = Draw(hostile, hostile.size()).screen;
  EXPECT_THAT(whole, HasSubstr("\\x1b]52;c;aGk=\\x07\\u009b\\u202e\n"));
  for (size_t step = 1; step < 20; ++step) {
    const Drawn drawn = Draw(hostile, step);
    EXPECT_EQ(drawn.screen, whole);
    EXPECT_THAT(drawn.sent, Not(HasSubstr("\x1b]")));
    EXPECT_THAT(drawn.sent, Not(HasSubstr("\x1b[2J")));
    EXPECT_THAT(drawn.sent, Not(HasSubstr("\u009b")));
  }
}

}  // namespace
}  // namespace fathom
