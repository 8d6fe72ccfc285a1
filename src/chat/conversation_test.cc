#include "chat/conversation.h"

#include <gtest/gtest.h>

#include "json/parse.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

using json::Value;

Value Json(std::string_view text) {
  Result<Value> value = json::Parse(text);
  EXPECT_TRUE(value.ok()) << text << ": " << value.status().message();
  return value.ok() ? *value : Value();
}

std::string ErrorOf(std::string_view message) {
  const Result<Message> read = MessageFromJson(Json(message), "messages[2]");
  return read.ok() ? "ok" : read.status().message();
}

TEST(Message, ReadsWhatClientsSend) {
  const Result<Message> message = MessageFromJson(Json(R"({
    "role": "assistant",
    "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
    "reasoning": "why",
    "tool_calls": [{"id": "c1", "type": "function",
                    "function": {"name": "f", "arguments": {"x": 1.0, "y": "z"}}}]
  })"),
                                                  "messages[0]");
  ASSERT_TRUE(message.ok()) << message.status().message();
  EXPECT_EQ(message->content, "ab");
  EXPECT_EQ(message->reasoning, "why");
  ASSERT_EQ(message->tool_calls.size(), 1u);
  EXPECT_EQ(message->tool_calls[0],
            (ToolCall{.id = "c1", .name = "f", .arguments = R"({"x": 1.0, "y": "z"})"}));
}

TEST(Message, TheOfficialNameOfReasoningWins) {
  const Result<Message> message = MessageFromJson(
      Json(R"({"role": "assistant", "reasoning": "a", "reasoning_content": "b"})"), "m");
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->reasoning, "b");
  EXPECT_EQ(message->content, std::nullopt);
}

TEST(Message, ErrorsNameThePlace) {
  EXPECT_EQ(ErrorOf("3"), "messages[2]: expected object, found number");
  EXPECT_EQ(ErrorOf("{}"), "messages[2].role: missing");
  EXPECT_EQ(ErrorOf(R"({"role": "function"})"),
            "messages[2].role: 'function' is no role (system, developer, user, assistant or tool "
            "expected)");
  EXPECT_EQ(ErrorOf(R"({"role": "user", "content": null})"),
            "messages[2].content: a user message needs content");
  EXPECT_EQ(ErrorOf(R"({"role": "tool"})"), "messages[2].content: a tool message needs content");
  EXPECT_EQ(ErrorOf(R"({"role": "developer", "content": ""})"),
            "messages[2].content: a developer message can't be empty");
  EXPECT_EQ(ErrorOf(R"({"role": "user", "content": 5})"),
            "messages[2].content: expected string or list of text parts, found number");
  EXPECT_EQ(ErrorOf(R"({"role": "user", "content": [{"type": "image_url"}]})"),
            "messages[2].content[0]: a part of type 'image_url', but the model reads only text");
  EXPECT_EQ(ErrorOf(R"({"role": "assistant", "tool_calls": [{}]})"),
            "messages[2].tool_calls[0].function: missing");
  EXPECT_EQ(ErrorOf(R"({"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]})"),
            "messages[2].tool_calls[0].function.arguments: missing");
  EXPECT_EQ(ErrorOf(R"({"role": "assistant",
                        "tool_calls": [{"function": {"name": "f", "arguments": "{\"a\" 1}"}}]})"),
            "messages[2].tool_calls[0].function.arguments: byte 5: expecting ':' delimiter");
  EXPECT_EQ(ErrorOf(R"({"role": "assistant",
                        "tool_calls": [{"function": {"name": "f", "arguments": "[]"}}]})"),
            "messages[2].tool_calls[0].function.arguments: expected text of a JSON object, found "
            "array");
  EXPECT_EQ(ErrorOf(R"({"role": "system", "content": "", "tools": [{"function": {"name": ""}}]})"),
            "messages[2].tools[0].function.name: empty");
}

TEST(Tools, KeepFieldsWeDoNotKnow) {
  const Value tools = Json(R"([{"type": "function", "strict": true, "x": [1.50],
                                "function": {"name": "f", "strict": false}}])");
  const Result<std::vector<ToolDefinition>> read = ToolsFromJson(tools, "tools");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)[0].name(), "f");
  const Message system{.role = Role::kSystem, .content = "", .tools = *read};
  EXPECT_EQ(*ToJson(system).Find("tools"), tools);
}

TEST(Tools, AreAttachedToTheFirstSystemMessage) {
  const std::vector<ToolDefinition> tools = {{Json(R"({"function": {"name": "f"}})")}};
  std::vector<Message> messages = {{.role = Role::kSystem, .content = "s"},
                                   {.role = Role::kUser, .content = "u"}};
  AttachTools(tools, Value("format"), &messages);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].tools, tools);
  EXPECT_EQ(messages[0].response_format, Value("format"));
}

TEST(Tools, MakeASystemMessageWhereThereIsNone) {
  const std::vector<ToolDefinition> tools = {{Json(R"({"function": {"name": "f"}})")}};
  std::vector<Message> messages = {{.role = Role::kUser, .content = "u"}};
  AttachTools({}, Value(), &messages);
  EXPECT_EQ(messages.size(), 1u);
  AttachTools(tools, Value(), &messages);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].role, Role::kSystem);
  EXPECT_EQ(messages[0].content, "");
  EXPECT_EQ(messages[0].tools, tools);
}

}  // namespace
}  // namespace fathom::chat
