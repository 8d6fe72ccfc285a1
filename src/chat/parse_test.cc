// The quirks of the official parser that spec 7.9 lists; golden_test.cc holds the many cases.
#include "chat/parse.h"

#include <gtest/gtest.h>

#include <string>

namespace fathom::chat {
namespace {

// "content|name arguments|..." or the refusal.
std::string Parsed(const std::string& text) {
  const Outcome<Message> message = ParseCompletion(text, false);
  if (!message.ok()) return message.error().message;
  std::string shown = *message->content;
  for (const ToolCall& call : message->tool_calls) shown += "|" + call.name + " " + call.arguments;
  return shown;
}

std::string Block(const std::string& inside) {
  return "\n\n<｜DSML｜function_calls>\n" + inside +
         "</｜DSML｜function_calls><｜end▁of▁sentence｜>";
}

std::string Invoke(const std::string& inside) {
  return Block("<｜DSML｜invoke name=\"f\">\n" + inside + "</｜DSML｜invoke>\n");
}

TEST(ParseQuirks, OneNewlineMoreIsToleratedWhereTheExpressionEnds) {
  EXPECT_EQ(Parsed(Invoke("")), "|f {}");
  EXPECT_EQ(Parsed(Invoke("\n")), "|f {}");
  EXPECT_EQ(Parsed(Invoke("\n\n")), "Tool name format error");
  EXPECT_EQ(
      Parsed(Invoke("<｜DSML｜parameter name=\"a\" string=\"true\">x<\n/｜DSML｜parameter>\n")),
      "|f {\"a\": \"x\"}");
}

TEST(ParseQuirks, AnyWhiteSpaceMayStandBeforeTheName) {
  EXPECT_EQ(Parsed(Block("<｜DSML｜invoke\u3000\x1c\v name=\"f\">\n</｜DSML｜invoke>\n")), "|f {}");
  EXPECT_EQ(Parsed(Block("<｜DSML｜invoke\u200bname=\"f\">\n</｜DSML｜invoke>\n")),
            "Tool name format error");
  EXPECT_EQ(Parsed(Block("<｜DSML｜invokename=\"\">\n</｜DSML｜invoke>\n")), "| {}");
}

TEST(ParseQuirks, TheFirstPossibleEndOfAKeyIsIt) {
  EXPECT_EQ(Parsed(Invoke("<｜DSML｜parameter name=\"a\" string=\"false\">1\" string=\"true\">v"
                          "</｜DSML｜parameter>\n")),
            "|f {\"a\": 1\" string=\"true\">v}");
  EXPECT_EQ(
      Parsed(Invoke("<｜DSML｜parameter name=\"a\" b\" string=\"true\">v</｜DSML｜parameter>\n")),
      "|f {\"a\\\" b\": \"v\"}");
}

TEST(ParseQuirks, AValueMayHoldMarkup) {
  EXPECT_EQ(Parsed(Invoke("<｜DSML｜parameter name=\"a\" string=\"true\">x</｜DSML｜invoke>\n"
                          "<｜DSML｜parameter name=\"b\" string=\"true\">y</｜DSML｜parameter>\n")),
            "|f {\"a\": \"x</｜DSML｜invoke>\\n<｜DSML｜parameter name=\\\"b\\\" "
            "string=\\\"true\\\">y\"}");
}

TEST(ParseQuirks, SomeTruncationsAreAccepted) {
  EXPECT_EQ(Parsed("c\n\n<｜DSML｜function_calls"), "c");
  EXPECT_EQ(Parsed("\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n"), "|f {}");
  EXPECT_EQ(Parsed("\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n</｜DSML｜invoke"),
            "|f {}");
  EXPECT_EQ(Parsed("\n\n<｜DSML｜function_calls>\n"), "Missing special token");
}

// Stops that never come must not make the parser read the rest again for every call.
TEST(ParseQuirks, ManyCallsTakeLinearTime) {
  std::string inside;
  for (int i = 0; i < 50000; ++i) inside += "<｜DSML｜invoke name=\"f\">\n</｜DSML｜invoke>\n";
  const Outcome<Message> message = ParseCompletion(Block(inside), false);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->tool_calls.size(), 50000u);
}

}  // namespace
}  // namespace fathom::chat
