// Markdown as it stands on the screen: tree and layout together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "terminal/markdown_layout.h"
#include "terminal/markdown_tree.h"

namespace fathom {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Render(std::string_view text, int columns, bool styles = true,
                   bool print_styles = false) {
  std::string out;
  const MarkdownBlock tree = ParseMarkdown(text, {.styles = styles});
  for (const StyledLine& line : LayOutMarkdown(tree, columns, {}).lines) {
    out += line.ToTerminal(print_styles) + "\n";
  }
  return out;
}

TEST(Markdown, ParagraphsWrapAndKeepTheirLineBreaks) {
  EXPECT_EQ(Render("one two three\nfour", 10), "one two\nthree\nfour\n");
  EXPECT_EQ(Render("one\n\ntwo", 10), "one\n\ntwo\n");
}

TEST(Markdown, StylesOfText) {
  EXPECT_EQ(Render("a **b** *c* `d` ~~e~~", 80, true, true),
            "a \x1b[1mb\x1b[0m \x1b[3mc\x1b[0m \x1b[36md\x1b[0m \x1b[9me\x1b[0m\n");
  EXPECT_EQ(Render("***a** b*", 80, true, true), "\x1b[1;3ma\x1b[0m\x1b[3m b\x1b[0m\n");
}

TEST(Markdown, WithoutStylesTheMarksStay) {
  EXPECT_EQ(Render("## Title\n\na **b** *c* `d`", 80, false), "## Title\na **b** *c* `d`\n");
}

TEST(Markdown, Headings) {
  EXPECT_EQ(Render("# One", 80, true, true), "\x1b[1;4mOne\x1b[0m\n");
  EXPECT_EQ(Render("## Two", 80, true, true), "\x1b[1mTwo\x1b[0m\n");
  EXPECT_EQ(Render("## **a** b", 80, true, true), "\x1b[1ma b\x1b[0m\n") << "bold to its end";
}

TEST(Markdown, ListsNestAndWrapBesideTheirMarkers) {
  EXPECT_EQ(Render("- one two three\n- b\n  1. c\n  2. d\n", 12),
            "• one two\n  three\n• b\n  1. c\n  2. d\n");
  EXPECT_EQ(Render("9. a\n10. b", 20), "9.  a\n10. b\n");
  EXPECT_EQ(Render("- [x] done\n- [ ] open", 20), "[x] done\n[ ] open\n");
  EXPECT_EQ(Render("- a\n\n  b\n- c", 20), "• a\n  \n  b\n• c\n");
}

TEST(Markdown, QuotesHaveABar) {
  EXPECT_EQ(Render("> one two\n> > three", 20), "│ one two\n│ │ three\n");
}

TEST(Markdown, CodeStandsBetweenRulesAndIsNeverWrapped) {
  EXPECT_EQ(Render("```py\nfor a in b:\n    print(a)  # long\n```", 12),
            "── py ──────\nfor a in b:\n    print(a)  # long\n────────────\n");
  EXPECT_EQ(Render("- a\n  ```\n  x\n  ```", 14), "• a\n  ────────────\n  x\n  ────────────\n");
}

TEST(Markdown, TablesAreAligned) {
  EXPECT_EQ(Render("| name | n |\n|:--|--:|\n| a | 5 |\n| 深度 | 1234 |", 40),
            "name │    n\n─────┼─────\na    │    5\n深度 │ 1234\n");
  EXPECT_EQ(Render("|a|b|c|\n|-|:-:|-|\n|1|2|3|", 40),
            "a   │  b  │ c\n────┼─────┼────\n1   │  2  │ 3\n");
}

TEST(Markdown, WideTablesWrapWithinTheirCells) {
  EXPECT_EQ(Render("|k|text|\n|-|-|\n|a|one two three|\n|b|x|", 13),
            "k   │ text\n────┼────────\na   │ one two\n    │ three\nb   │ x\n");
}

TEST(Markdown, TablesKeepWidthsThatWereFixed) {
  const MarkdownBlock table = ParseMarkdown("|a|b|\n|-|-|\n|longer|x|", {});
  const MarkdownLines laid = LayOutMarkdown(table, 40, {{4, 3}});
  EXPECT_EQ(laid.lines[2].ToTerminal(false), "long │ x");
  EXPECT_EQ(laid.lines[3].ToTerminal(false), "er   │ ");
}

TEST(Markdown, LinksShowWhereTheyLead) {
  EXPECT_EQ(Render("[here](http://a.b/?x=1&amp;y=2)", 80), "here (http://a.b/?x=1&y=2)\n");
  EXPECT_EQ(Render("https://a.b/c and <http://d.e>", 80), "https://a.b/c and http://d.e\n");
  EXPECT_EQ(Render("![alt](pic.png)", 80), "[image: alt] (pic.png)\n");
}

TEST(Markdown, NothingThatWasSaidDisappears) {
  EXPECT_EQ(Render("see [1]\n\n[1]: http://a.b", 80), "see [1]\n\n[1]: http://a.b\n");
  EXPECT_EQ(Render("<div onclick=\"x\">a</div>", 80), "<div onclick=\"x\">a</div>\n");
  EXPECT_EQ(Render("\\(x^2\\) and \\[y\\]", 80), "\\(x^2\\) and \\[y\\]\n");
  EXPECT_EQ(Render("a &amp; b &lt; &unknown; &#65;&#x42; &#0;&#xD800;", 80),
            "a & b < &unknown; AB \\x00&#xD800;\n");
}

TEST(Markdown, DeepNestingAndHugeTablesComeAsWritten) {
  const std::string deep(100, '>');
  EXPECT_EQ(Render(deep + " x", 200), deep + " x\n");
  std::string wide;
  for (int i = 0; i < 70; ++i) wide += "|a";
  std::string table = wide + "|\n";
  for (int i = 0; i < 70; ++i) table += "|-";
  table += "|\n";
  for (int i = 0; i < 70; ++i) table += "|\n";
  EXPECT_THAT(Render(table, 200), HasSubstr("|a|a"));
}

// Each is a way to smuggle an escape sequence (here: into the clipboard, OSC 52) past the renderer.
class HostileMarkdown : public testing::TestWithParam<const char*> {};

TEST_P(HostileMarkdown, IsShownAndNotSent) {
  for (const bool styles : {false, true}) {
    const std::string out = Render(GetParam(), 80, styles, styles);
    EXPECT_THAT(out, HasSubstr("\\x1b]52;c;")) << out;
    EXPECT_THAT(out, Not(HasSubstr("\x1b]")));
    EXPECT_THAT(out, Not(HasSubstr("\x07")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    EveryPlace, HostileMarkdown,
    testing::Values("\x1b]52;c;aGk=\x07", "```\n\x1b]52;c;aGk=\x07\n```",
                    "```\x1b]52;c;aGk=\x07\ncode\n```", "`\x1b]52;c;aGk=\x07`",
                    "# \x1b]52;c;aGk=\x07", "[x](http://a/\x1b]52;c;aGk=\x07)",
                    "[x](<http://a/ \x1b]52;c;aGk=\x07>)", "![\x1b]52;c;aGk=\x07](y)",
                    "|a|\n|-|\n|\x1b]52;c;aGk=\x07|", "|\x1b]52;c;aGk=\x07|\n|-|\n|b|",
                    "- \x1b]52;c;aGk=\x07", "> \x1b]52;c;aGk=\x07", "&#27;]52;c;aGk=&#7;",
                    "[x](http://a/&#27;]52;c;aGk=&#7;)", "**\x1b]52;c;aGk=\x07**",
                    "<a href=\"\x1b]52;c;aGk=\x07\">", "    \x1b]52;c;aGk=\x07",
                    "```&#27;]52;c;aGk=\ncode\n```", "[a]: http://x/\x1b]52;c;aGk=\x07"));

TEST(Markdown, DirectionAndC1AreShown) {
  EXPECT_EQ(Render("`\u202e` \u009b2J &#x202e; &#155;", 80), "\\u202e \\u009b2J \\u202e \\u009b\n");
}

}  // namespace
}  // namespace fathom
