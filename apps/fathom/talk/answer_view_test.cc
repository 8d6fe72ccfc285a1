#include "talk/answer_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using chat::EventKind;
using testing::HasSubstr;
using testing::Not;

class AnswerViewTest : public testing::Test {
 protected:
  // What is printed for these events.
  std::string Print(const std::vector<chat::StreamEvent>& events, bool live = false,
                    bool show_thinking = true) {
    std::string out;
    AnswerView view = Make(&out, live, show_thinking);
    for (const chat::StreamEvent& event : events) view.OnEvent(event);
    view.OnEvent(Event(EventKind::kEnd));
    return out;
  }

  static AnswerView Make(std::string* out, bool live, bool show_thinking) {
    AnswerViewOptions options;
    options.style = TerminalStyle(live);
    options.live = live;
    options.show_thinking = show_thinking;
    options.count_tokens = [](const std::string& text) {
      return static_cast<int64_t>(text.size());
    };
    options.size = [] { return TerminalSize{.rows = 24, .columns = 60}; };
    options.write = [out](std::string_view bytes) { *out += bytes; };
    return AnswerView(std::move(options));
  }

  static chat::StreamEvent Event(EventKind kind, std::string text = "") {
    chat::StreamEvent event;
    event.kind = kind;
    event.text = std::move(text);
    return event;
  }
};

TEST_F(AnswerViewTest, PlainTextWithoutATerminal) {
  EXPECT_EQ(Print({Event(EventKind::kReasoning, "hm"), Event(EventKind::kContent, "**a"),
                   Event(EventKind::kContent, "**\n")}),
            "hm\n**a**\n");
  EXPECT_EQ(Print({Event(EventKind::kContent, "a\x1b[2J")}), "a\\x1b[2J\n");
}

TEST_F(AnswerViewTest, ReasoningIsDimAndContentIsMarkdown) {
  EXPECT_EQ(Print({Event(EventKind::kReasoning, "hm"), Event(EventKind::kContent, "## a\n")}, true),
            "\x1b[2mhm\x1b[0m\n\x1b[1ma\x1b[0m\n");
}

TEST_F(AnswerViewTest, HiddenReasoningIsOneLine) {
  const std::vector<chat::StreamEvent> events = {Event(EventKind::kReasoning, "secret"),
                                                 Event(EventKind::kReasoning, "s"),
                                                 Event(EventKind::kContent, "a")};
  EXPECT_EQ(Print(events, false, false), "thought for 7 tokens\na\n");
  const std::string live = Print(events, true, false);
  EXPECT_THAT(live, HasSubstr("\r\x1b[K\x1b[2mthinking …\x1b[0m\r\x1b[K\x1b[2mthought for 7"));
  EXPECT_THAT(live, Not(HasSubstr("secret")));
}

TEST_F(AnswerViewTest, ToolCallsAreShortBlocks) {
  EXPECT_EQ(
      Print({Event(EventKind::kContent, "Let me see."), Event(EventKind::kToolCall, "calculator"),
             Event(EventKind::kToolArguments, "{\"expression\": "),
             Event(EventKind::kToolArguments, "\"1\\n\"}"), Event(EventKind::kToolCallEnd)}),
      "Let me see.\n→ calculator {\"expression\": \"1\\n\"}\n");
  EXPECT_EQ(Print({Event(EventKind::kToolCall, "f\x1b[2J"), Event(EventKind::kToolArguments, "{")}),
            "→ f\\x1b[2J { (cut off)\n");
  const std::string longer = Print({Event(EventKind::kToolCall, "f"),
                                    Event(EventKind::kToolArguments, std::string(500, 'x')),
                                    Event(EventKind::kToolCallEnd)});
  EXPECT_THAT(longer, HasSubstr("x …\n"));
  EXPECT_LE(longer.size(), 70U);
}

TEST_F(AnswerViewTest, TheBarIsGoneBeforeTheAnswer) {
  std::string out;
  AnswerView view = Make(&out, true, true);
  view.OnProgress({.prompt_tokens = 400, .computed_tokens = 100});
  EXPECT_EQ(out, "") << "a short prompt needs none";
  view.OnProgress({.prompt_tokens = 4000, .computed_tokens = 512});
  EXPECT_THAT(out, HasSubstr("reading 512 of 4,000 tokens"));
  out.clear();
  view.OnEvent(Event(EventKind::kContent, "a"));
  EXPECT_EQ(out, "\r\x1b[Ka");
}

TEST(ResultLines, ShowsTheFirstLines) {
  EXPECT_EQ(ResultLines("17834", 40), "← 17834\n");
  EXPECT_EQ(ResultLines("", 40), "← \n");
  EXPECT_EQ(ResultLines("a\nb\n", 40), "← a\n  b\n");
  EXPECT_EQ(ResultLines("1\n2\n3\n4\n5\n6\n7\n8", 40),
            "← 1\n  2\n  3\n  4\n  5\n  6\n  … 2 more lines\n");
  EXPECT_EQ(ResultLines("1\n2\n3\n4\n5\n6\n7\n", 40),
            "← 1\n  2\n  3\n  4\n  5\n  6\n  … 1 more line\n");
  EXPECT_EQ(ResultLines("\x1b]0;t\x07", 40), "← \\x1b]0;t\\x07\n");
  EXPECT_EQ(ResultLines("one two three", 12), "← one two …\n");
}

TEST(PromptBar, FitsItsLine) {
  EXPECT_EQ(PromptBar(2000, 4000, 80),
            "reading 2,000 of 4,000 tokens [###############               ]");
  EXPECT_EQ(PromptBar(2000, 4000, 40), "reading 2,000 of 4,000 tokens");
  EXPECT_EQ(PromptBar(2000, 4000, 7), "reading");
  EXPECT_EQ(PromptBar(0, 0, 80), "reading 0 of 0 tokens");
}

}  // namespace
}  // namespace fathom
