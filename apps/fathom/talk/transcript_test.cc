#include "talk/transcript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"
#include "json/write.h"

namespace fathom {
namespace {

using testing::HasSubstr;

chat::Message Answer(std::string text) {
  chat::Message message;
  message.role = chat::Role::kAssistant;
  message.content = std::move(text);
  return message;
}

Transcript Example() {
  Transcript transcript;
  transcript.SetSystem("Be brief.");
  transcript.AddQuestion("one");
  transcript.AddAnswer({Answer("first")}, false);
  transcript.AddQuestion("two");
  transcript.AddAnswer({Answer("sec")}, true);
  return transcript;
}

std::string ErrorOf(std::string_view text) {
  const auto value = json::Parse(text);
  EXPECT_TRUE(value.ok()) << text;
  const auto transcript = Transcript::FromJson(*value);
  return transcript.ok() ? "(none)" : transcript.status().message();
}

TEST(Transcript, UndoTakesBackOneQuestionAtATime) {
  Transcript transcript = Example();
  EXPECT_EQ(transcript.questions(), 2U);
  EXPECT_EQ(transcript.Undo(), "two");
  EXPECT_EQ(transcript.messages().size(), 3U);
  EXPECT_EQ(transcript.Undo(), "one");
  EXPECT_EQ(transcript.Undo(), std::nullopt);
  EXPECT_EQ(transcript.system(), "Be brief.");
}

TEST(Transcript, DropAnswerKeepsTheQuestion) {
  Transcript transcript = Example();
  EXPECT_TRUE(transcript.DropAnswer());
  EXPECT_EQ(transcript.messages().back().content, "two");
  transcript.Clear();
  EXPECT_FALSE(transcript.DropAnswer());
}

TEST(Transcript, TheSystemMessageIsTheFirst) {
  Transcript transcript = Example();
  transcript.SetSystem("Be kind.");
  EXPECT_EQ(transcript.messages().size(), 5U);
  EXPECT_EQ(transcript.messages()[0].content, "Be kind.");
  transcript.Clear();
  EXPECT_EQ(transcript.messages().size(), 1U);
  transcript.SetSystem(std::nullopt);
  EXPECT_TRUE(transcript.messages().empty());
  EXPECT_EQ(transcript.system(), std::nullopt);
}

TEST(Transcript, JsonReadsBack) {
  Transcript transcript = Example();
  chat::Message call = Answer("");
  call.reasoning = "I must compute.";
  call.tool_calls = {
      {.id = "call_0_0", .name = "calculator", .arguments = "{\"expression\": \"1\"}"}};
  chat::Message result;
  result.role = chat::Role::kTool;
  result.tool_call_id = "call_0_0";
  result.content = "1";
  transcript.AddQuestion("three");
  transcript.AddAnswer({call, result, Answer("It is 1.")}, false);
  const json::Value value = transcript.ToJson();
  const auto read = Transcript::FromJson(value);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->messages(), transcript.messages());
  EXPECT_EQ(read->ToJson(), value);
  EXPECT_THAT(json::Dump(value, json::Style::kPython),
              HasSubstr("\"content\": \"sec\", \"stopped\": true}"));
}

TEST(Transcript, TakesABareListAndLeavesToolsOut) {
  const auto value = json::Parse(
      R"([{"role": "system", "content": "x", "tools": [{"type": "function", "function": {"name": "f"}}]}, {"role": "user", "content": "hi"}])");
  ASSERT_TRUE(value.ok());
  const auto read = Transcript::FromJson(*value);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_TRUE(read->messages()[0].tools.empty());
  EXPECT_EQ(read->questions(), 1U);
}

TEST(Transcript, RefusesWhatIsNoConversation) {
  EXPECT_EQ(ErrorOf("{}"), "messages: missing");
  EXPECT_EQ(ErrorOf("[]"), "messages: expected at least one message");
  EXPECT_THAT(ErrorOf("{\"messages\": 3}"), HasSubstr("messages"));
  EXPECT_THAT(ErrorOf(R"([{"role": "ghost", "content": "boo"}])"), HasSubstr("messages[0]"));
  EXPECT_THAT(ErrorOf(R"([{"role": "tool", "content": "4"}])"), HasSubstr("messages"));
}

}  // namespace
}  // namespace fathom
