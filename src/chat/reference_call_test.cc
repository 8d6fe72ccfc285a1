// The refusals that come of odd arguments, as Python 3.11 words them.
#include "chat/reference_call.h"

#include <gtest/gtest.h>

#include "json/parse.h"

namespace fathom::chat {
namespace {

std::string EncodeOf(std::string_view arguments) {
  const Outcome<Prompt> outcome = CallEncodeMessages(*json::Parse(arguments));
  return outcome.ok() ? outcome->Joined() : outcome.error().ToStatus().message();
}

std::string EncodeMessagesOf(std::string_view messages) {
  return EncodeOf(fmt::format(R"({{"messages": {}, "thinking_mode": "chat"}})", messages));
}

std::string ParseOf(std::string_view arguments) {
  const Outcome<json::Value> outcome = CallParseMessage(*json::Parse(arguments));
  return outcome.ok() ? "ok" : outcome.error().ToStatus().message();
}

TEST(EncodeCall, ArgumentsThatDoNotFit) {
  EXPECT_EQ(EncodeOf("{}"),
            "TypeError: encode_messages() missing 2 required positional arguments: 'messages' and "
            "'thinking_mode'");
  EXPECT_EQ(EncodeOf(R"({"messages": []})"),
            "TypeError: encode_messages() missing 1 required positional argument: 'thinking_mode'");
  EXPECT_EQ(EncodeOf(R"({"messages": [], "thinking_mode": "chat", "drop_thiking": true})"),
            "TypeError: encode_messages() got an unexpected keyword argument 'drop_thiking'");
  EXPECT_EQ(EncodeOf("[]"),
            "TypeError: encode_messages() argument after ** must be a mapping, not list");
}

TEST(EncodeCall, MessagesAndContextOfOtherKinds) {
  EXPECT_EQ(EncodeMessagesOf(R"({"a": 1})"),
            "TypeError: can only concatenate list (not \"dict\") to list");
  EXPECT_EQ(EncodeMessagesOf("null"),
            "TypeError: can only concatenate list (not \"NoneType\") to list");
  EXPECT_EQ(EncodeMessagesOf("[1.5]"), "AttributeError: 'float' object has no attribute 'get'");
  EXPECT_EQ(EncodeMessagesOf("[true, {\"role\": \"user\"}]"),
            "AttributeError: 'bool' object has no attribute 'get'");
  EXPECT_EQ(EncodeOf(R"({"messages": [], "thinking_mode": "chat", "context": "x"})"),
            "TypeError: can only concatenate str (not \"list\") to str");
  EXPECT_EQ(EncodeOf(R"({"messages": [], "thinking_mode": "chat", "context": {"a": 1}})"),
            "TypeError: unsupported operand type(s) for +: 'dict' and 'list'");
  // What is false in Python is no context at all.
  for (const char* context : {"null", "[]", "{}", "\"\"", "0", "0.0", "false"}) {
    EXPECT_EQ(EncodeOf(fmt::format(R"({{"messages": [], "thinking_mode": "chat", "context": {}}})",
                                   context)),
              "<｜begin▁of▁sentence｜>");
  }
}

TEST(EncodeCall, MembersOfOtherKinds) {
  const auto user = [](std::string_view members) {
    return EncodeMessagesOf(fmt::format(R"([{{"role": "user", {}}}])", members));
  };
  EXPECT_EQ(user(R"("content": "q", "tools": [{"type": "function"}])"), "KeyError: 'function'");
  EXPECT_EQ(user(R"("content": "q", "tools": [[]])"),
            "TypeError: list indices must be integers or slices, not str");
  EXPECT_EQ(user(R"("content": "q", "tools": ["f"])"),
            "TypeError: string indices must be integers, not 'str'");
  EXPECT_EQ(user(R"("content": "q", "tools": {"function": 1})"),
            "TypeError: string indices must be integers, not 'str'");
  EXPECT_EQ(user(R"("content": "q", "tools": 3)"), "TypeError: 'int' object is not iterable");
  EXPECT_EQ(user(R"("content": "q", "tools": [null])"),
            "TypeError: 'NoneType' object is not subscriptable");
  EXPECT_EQ(user(R"("content": "q", "tool_calls": [{"function": {"arguments": ""}}])"),
            "KeyError: 'name'");
  EXPECT_EQ(user(R"("content": ["it's", 1.0, null, {"a": false}])"),
            "<｜begin▁of▁sentence｜><｜User｜>[\"it's\", 1.0, None, {'a': "
            "False}]<｜Assistant｜></think>");
  EXPECT_EQ(EncodeMessagesOf(R"([{"content": "x"}])"), "NotImplementedError: Unknown role: None");
  EXPECT_EQ(EncodeMessagesOf(R"([{"role": "assistant",
                                 "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}])"),
            "TypeError: the JSON object must be str, bytes or bytearray, not dict");
  EXPECT_EQ(EncodeMessagesOf(R"([{"role": "assistant", "tool_calls": 7},
                                {"role": "tool", "content": "x"}])"),
            "TypeError: 'int' object is not iterable");
}

TEST(ParseCall, ArgumentsThatDoNotFit) {
  EXPECT_EQ(ParseOf("{}"),
            "TypeError: parse_message_from_completion_text() missing 2 required positional "
            "arguments: 'text' and 'thinking_mode'");
  EXPECT_EQ(ParseOf(R"({"text": 5, "thinking_mode": "chat"})"),
            "TypeError: object of type 'int' has no len()");
  EXPECT_EQ(ParseOf(R"({"text": [], "thinking_mode": "chat"})"),
            "AttributeError: 'list' object has no attribute 'find'");
  EXPECT_EQ(ParseOf(R"({"text": "a<｜end▁of▁sentence｜>", "thinking_mode": null})"), "ok");
}

std::string ErrorLine(std::string_view type, std::string_view message) {
  return fmt::format(R"({{"error": {{"type": "{}", "message": "{}"}}}})", type, message);
}

TEST(Lines, AnswerWhateverTheyHold) {
  EXPECT_EQ(EncodeLine(R"({"messages": [], "thinking_mode": "chat"})"),
            R"({"prompt": "<｜begin▁of▁sentence｜>"})");
  EXPECT_EQ(EncodeLine(""),
            ErrorLine("JSONDecodeError", "Expecting value: line 1 column 1 (char 0)"));
  EXPECT_EQ(
      EncodeLine("[1]"),
      ErrorLine("TypeError", "encode_messages() argument after ** must be a mapping, not list"));
  EXPECT_EQ(ParseLine(R"({"text": "é", "thinking_mode": "chat"})"),
            ErrorLine("AssertionError", "Invalid summary format"));
  EXPECT_EQ(ParseLine(R"({"text": "é<｜end▁of▁sentence｜>", "thinking_mode": "chat"})"),
            R"({"message": {"role": "assistant", "content": "é", "reasoning_content": "", )"
            R"("tool_calls": []}})");
  // A lone surrogate has no UTF-8 form: refused where Python would carry it on.
  EXPECT_EQ(ParseLine(R"({"text": "\ud800", "thinking_mode": "chat"})"),
            ErrorLine("JSONDecodeError", "lone surrogate escape: line 1 column 11 (char 10)"));
}

}  // namespace
}  // namespace fathom::chat
