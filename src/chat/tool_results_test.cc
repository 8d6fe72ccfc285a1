#include "chat/tool_results.h"

#include <gtest/gtest.h>

namespace fathom::chat {
namespace {

Message Calls(std::vector<std::string> ids) {
  Message message{.role = Role::kAssistant};
  for (std::string& id : ids) {
    message.tool_calls.push_back({.id = std::move(id), .name = "f", .arguments = "{}"});
  }
  return message;
}

Message ResultOf(std::string id, std::string content) {
  return {.role = Role::kTool, .content = std::move(content), .tool_call_id = std::move(id)};
}

// The contents in their order, or the error.
std::string Ordered(std::vector<Message> messages) {
  const Status status = OrderToolResults(&messages);
  if (!status.ok()) return status.message();
  std::string order;
  for (const Message& message : messages) {
    if (message.role == Role::kTool) order += *message.content;
  }
  return order;
}

TEST(ToolResults, AreSortedByTheirCalls) {
  EXPECT_EQ(
      Ordered({Calls({"a", "b", "c"}), ResultOf("c", "3"), ResultOf("a", "1"), ResultOf("b", "2")}),
      "123");
}

TEST(ToolResults, EachRunIsSortedOnItsOwn) {
  EXPECT_EQ(Ordered({Calls({"a", "b"}), ResultOf("b", "2"), ResultOf("a", "1"), Calls({"b", "a"}),
                     ResultOf("a", "4"), ResultOf("b", "3")}),
            "1234");
}

TEST(ToolResults, WithoutIdsKeepTheirPlace) {
  EXPECT_EQ(Ordered({Calls({"a", "b"}), ResultOf("", "x"), ResultOf("", "y")}), "xy");
}

TEST(ToolResults, OfCallsThatShareAnIdComeInTurn) {
  EXPECT_EQ(
      Ordered({Calls({"c", "d", "c"}), ResultOf("c", "1"), ResultOf("c", "3"), ResultOf("d", "2")}),
      "123");
}

TEST(ToolResults, NoneAtAllIsFine) {
  const Message user{.role = Role::kUser, .content = "never mind"};
  EXPECT_EQ(Ordered({Calls({"a"}), user}), "");
  EXPECT_EQ(Ordered({}), "");
}

TEST(ToolResults, WhatCannotBeMatchedIsNamed) {
  EXPECT_EQ(Ordered({ResultOf("a", "1")}), "messages[0]: a tool result without a call before it");
  EXPECT_EQ(Ordered({{.role = Role::kUser, .content = "q"}, ResultOf("a", "1")}),
            "messages[1]: a tool result without a call before it");
  EXPECT_EQ(Ordered({Calls({}), ResultOf("a", "1")}),
            "messages[1]: a tool result without a call before it");
  EXPECT_EQ(Ordered({Calls({"a"}), ResultOf("b", "1")}),
            "messages[1].tool_call_id: 'b' is no call of messages[0]");
  EXPECT_EQ(Ordered({Calls({"a"}), ResultOf("a", "1"), ResultOf("a", "2")}),
            "messages[2].tool_call_id: a second result for call 'a'");
  EXPECT_EQ(Ordered({Calls({"a", "b"}), ResultOf("b", "1")}),
            "messages[0].tool_calls[0] ('f', id 'a') has no result");
  EXPECT_EQ(Ordered({Calls({"a", "b"}), ResultOf("a", "1"), ResultOf("", "2")}),
            "messages[2].tool_call_id: missing, while other results beside it have one");
  EXPECT_EQ(Ordered({Calls({"a", "b"}), ResultOf("", "1")}),
            "messages[0].tool_calls[1] ('f') has no result");
  EXPECT_EQ(Ordered({Calls({"a"}), ResultOf("", "1"), ResultOf("", "2")}),
            "messages[2]: a tool result, but messages[0] makes only 1 calls");
}

}  // namespace
}  // namespace fathom::chat
