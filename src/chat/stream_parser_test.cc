// When events come, and how the parser behaves at its borders; stream_cases_test.cc has what they
// say, stream_golden_test.cc that the cuts do not matter.
#include "chat/stream_parser.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "chat/dsml.h"
#include "chat/message_builder.h"

namespace fathom::chat {
namespace {

using Cause = StreamParser::Cause;

// The text of all events of one push, calls shown as "[name]" and their ends as "[]".
class Stream {
 public:
  explicit Stream(const StreamOptions& options = {}) : parser_(options) {}

  std::string Text(std::string_view text) {
    std::vector<StreamEvent> events;
    parser_.PushText(text, &events);
    return Show(events);
  }
  std::string Token(std::string_view token) {
    std::vector<StreamEvent> events;
    parser_.PushSpecial(token, &events);
    return Show(events);
  }
  std::string Finish(Cause cause) {
    std::vector<StreamEvent> events;
    parser_.Finish(cause, &events);
    return Show(events);
  }
  bool done() const { return parser_.done(); }

 private:
  static std::string Show(const std::vector<StreamEvent>& events) {
    std::string shown;
    for (const StreamEvent& event : events) {
      switch (event.kind) {
        case EventKind::kToolCall:
          shown += "[" + event.text + "]";
          break;
        case EventKind::kToolCallEnd:
          shown += "[]";
          break;
        case EventKind::kEnd:
          shown += "(" + std::string(Name(event.end.reason)) + ")";
          break;
        default:
          shown += event.text;
      }
    }
    return shown;
  }

  StreamParser parser_;
};

TEST(StreamLatency, ContentComesAtOnce) {
  Stream stream;
  EXPECT_EQ(stream.Text("Hello"), "Hello");
  EXPECT_EQ(stream.Text(" world. 1 "), " world. 1 ");
  EXPECT_EQ(stream.Text("<"), "");  // the DSML token may follow
  EXPECT_EQ(stream.Text(" 2"), "< 2");
  EXPECT_EQ(stream.Text("</"), "");
  EXPECT_EQ(stream.Text("b>"), "</b>");
  EXPECT_EQ(stream.Text(" <function_calls"), " <function_calls");  // not where a block may begin
}

TEST(StreamLatency, OnlyTwoLineBreaksWait) {
  Stream stream;
  EXPECT_EQ(stream.Text("a\n"), "a");
  EXPECT_EQ(stream.Text("\n"), "");
  EXPECT_EQ(stream.Text("\n\n"), "\n\n");
  EXPECT_EQ(stream.Text("b"), "\n\nb");
  EXPECT_EQ(stream.Text("\n\n"), "");
  EXPECT_EQ(stream.Token(kEos), "\n\n(stop)");
}

TEST(StreamLatency, APlainBlockWaitsOnlyWhileItMayBeOne) {
  Stream stream;
  EXPECT_EQ(stream.Text("a\n\n<func"), "a");
  EXPECT_EQ(stream.Text("tion_calls>\n"), "");
  EXPECT_EQ(stream.Text("x"), "\n\n<function_calls>\nx");
  EXPECT_EQ(stream.Text("\n\n<invoke name=\"f"), "");
  EXPECT_EQ(stream.Text("\">\n<parameter name=\"a\" string=\"true\">v"), "[f]{\"a\": \"v");
}

TEST(StreamLatency, ReasoningComesAtOnceAndWholeCharacters) {
  Stream stream({.start_in_reasoning = true});
  EXPECT_EQ(stream.Text("\xe4\xbd"), "");
  EXPECT_EQ(stream.Text("\xa0 <function_calls> \n\n<invoke"), "你 <function_calls> \n\n<invoke");
  EXPECT_EQ(stream.Token(kThinkClose), "");
  EXPECT_EQ(stream.Text("yes"), "yes");
}

TEST(StreamLatency, ACallComesAsItIsWritten) {
  Stream stream;
  EXPECT_EQ(stream.Text("ok\n\n<"), "ok");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("function_calls>\n<"), "");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("invoke name=\"get"), "");
  EXPECT_EQ(stream.Text("_weather\""), "");
  EXPECT_EQ(stream.Text(">"), "[get_weather]");
  EXPECT_EQ(stream.Text("\n<"), "");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("parameter name=\"city\" string=\"true\">"), "{\"city\": \"");
  EXPECT_EQ(stream.Text("Os\"lo"), "Os\\\"lo");
  EXPECT_EQ(stream.Text("\n"), "");  // the last line break of a value that is never closed goes
  EXPECT_EQ(stream.Text("<"), "");
  EXPECT_EQ(stream.Text("b"), "\\n<b");
  EXPECT_EQ(stream.Text("</"), "");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("parameter"), "\"");
  EXPECT_EQ(stream.Text(">\n<"), "");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("parameter name=\"days\" string=\"false\">"), ", \"days\": ");
  EXPECT_EQ(stream.Text("[1, "), "");  // JSON is written when it is known to be JSON
  EXPECT_EQ(stream.Text("2]</"), "");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("parameter>\n</"), "[1, 2]");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("invoke"), "}[]");
  EXPECT_EQ(stream.Text(">\n</"), "");
  EXPECT_EQ(stream.Token(kDsml), "");
  EXPECT_EQ(stream.Text("function_calls>"), "");
  EXPECT_EQ(stream.Token(kEos), "(tool_calls)");
}

TEST(StreamParser, NothingComesAfterTheEnd) {
  Stream stream;
  EXPECT_FALSE(stream.done());
  EXPECT_EQ(stream.Token(kEos), "(stop)");
  EXPECT_TRUE(stream.done());
  EXPECT_EQ(stream.Text("more"), "");
  EXPECT_EQ(stream.Token(kEos), "");
  EXPECT_EQ(stream.Finish(Cause::kLength), "");
}

TEST(StreamParser, ALimitEndsTheStreamAtOnce) {
  Stream stream({.limits = {.max_calls = 1, .max_argument_bytes = 100, .max_name_bytes = 10}});
  stream.Text("\n\n<");
  stream.Token(kDsml);
  EXPECT_EQ(stream.Text("invoke name=\"f\">\n</"), "[f]");
  stream.Token(kDsml);
  EXPECT_EQ(stream.Text("invoke>\n<"), "{}[]");
  stream.Token(kDsml);
  EXPECT_FALSE(stream.done());
  EXPECT_EQ(stream.Text("invoke"), "(limit)");
  EXPECT_TRUE(stream.done());
}

TEST(StreamParser, WhatIsNotUtf8BecomesAReplacementCharacter) {
  Stream stream;
  EXPECT_EQ(stream.Text("a\xff"), "a\xef\xbf\xbd");
  EXPECT_EQ(stream.Text("\xe4"), "");
  EXPECT_EQ(stream.Text("("), "\xef\xbf\xbd(");
  EXPECT_EQ(stream.Text("\xe4\xbd"), "");
  EXPECT_EQ(stream.Token(kEos), "\xef\xbf\xbd(stop)");
}

TEST(StreamParser, RepairsHaveDistinctNames) {
  std::set<std::string_view> names;
  for (const RepairInfo& row : kRepairs) {
    EXPECT_FALSE(row.what.empty());
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
  RepairSet repairs;
  EXPECT_TRUE(repairs.empty());
  repairs.Add(Repair::kStraySpecial);
  repairs.Add(Repair::kBareInvoke);
  EXPECT_TRUE(repairs.Has(Repair::kBareInvoke));
  EXPECT_FALSE(repairs.Has(Repair::kSpacing));
  EXPECT_EQ(repairs.Names(), (std::vector<std::string_view>{"bare_invoke", "stray_special"}));
}

// Values full of what might be markup, never closed: taken up once at the end, not once for each.
TEST(StreamParser, AMegabyteOfSuspectsTakesLinearTime) {
  StreamParser parser(StreamOptions{.limits = {.max_calls = 1 << 20}});
  std::vector<StreamEvent> events;
  const auto open = [&](std::string_view name) {
    parser.PushText("<", &events);
    parser.PushSpecial(kDsml, &events);
    parser.PushText(name, &events);
  };
  constexpr int kCalls = 8000;
  parser.PushText("\n\n", &events);
  open("function_calls>\n");
  for (int i = 0; i < kCalls; ++i) {
    open("invoke name=\"f\">\n");
    open("parameter name=\"a\" string=\"true\">x\n");
  }
  EXPECT_EQ(events.size(), 2u);  // the first call's name and the beginning of its value
  parser.PushSpecial(kEos, &events);
  EXPECT_EQ(events.back().end.complete_calls, kCalls);
}

TEST(StreamParser, LongTextsTakeLinearTime) {
  StreamParser parser(StreamOptions{});
  std::vector<StreamEvent> events;
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "\n\n<function_calls>  <";
  parser.PushText(text, &events);
  for (const char c : text.substr(0, 200000)) parser.PushText(std::string_view(&c, 1), &events);
  parser.Finish(Cause::kEndOfText, &events);
  MessageBuilder builder;
  for (const StreamEvent& event : events) builder.Add(event);
  EXPECT_EQ(*builder.message().content, text + text.substr(0, 200000));
}

TEST(MessageBuilder, LeavesOutWhatNeverEnded) {
  StreamParser parser(StreamOptions{.start_in_reasoning = true});
  std::vector<StreamEvent> events;
  parser.PushText("why", &events);
  parser.PushSpecial(kThinkClose, &events);
  parser.PushText("c\n\n<", &events);
  parser.PushSpecial(kDsml, &events);
  parser.PushText("invoke name=\"f\">\n{\"a\": 1}</", &events);
  parser.PushSpecial(kDsml, &events);
  parser.PushText("invoke>\n<", &events);
  parser.PushSpecial(kDsml, &events);
  parser.PushText("invoke name=\"g\">\n", &events);
  parser.Finish(Cause::kLength, &events);
  MessageBuilder builder;
  for (const StreamEvent& event : events) builder.Add(event);
  const Message expected{.role = Role::kAssistant,
                         .content = "c",
                         .reasoning = "why",
                         .tool_calls = {{.id = "", .name = "f", .arguments = "{\"a\": 1}"}}};
  EXPECT_EQ(builder.message(), expected);
}

}  // namespace
}  // namespace fathom::chat
