#include "mcp/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace fathom::mcp {
namespace {

using testing::HasSubstr;
using Kind = Message::Kind;

Message One(const std::string& text) {
  auto messages = ReadMessages(text);
  EXPECT_TRUE(messages.ok()) << text << ": " << messages.status().message();
  EXPECT_EQ(messages->size(), 1U);
  return messages->at(0);
}

TEST(McpMessage, ReadsTheThreeKinds) {
  const Message request = One(R"({"jsonrpc":"2.0","id":"a","method":"ping"})");
  EXPECT_EQ(request.kind, Kind::kRequest);
  EXPECT_EQ(request.method, "ping");
  EXPECT_EQ(request.id, json::Value("a"));
  EXPECT_TRUE(request.params.is_null());
  const Message notification = One(R"({"jsonrpc":"2.0","method":"x","params":{"a":1}})");
  EXPECT_EQ(notification.kind, Kind::kNotification);
  EXPECT_EQ(notification.params, json::Value(json::Object{{"a", 1}}));
  const Message result = One(R"({"jsonrpc":"2.0","id":7,"result":null})");
  EXPECT_EQ(result.kind, Kind::kResponse);
  EXPECT_EQ(result.id.AsInt64(), 7);
  EXPECT_FALSE(result.error);
  const Message error =
      One(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no","data":[1]}})");
  EXPECT_TRUE(error.id.is_null());
  EXPECT_EQ(error.error->code, -32700);
  EXPECT_EQ(error.error->message, "no");
}

TEST(McpMessage, OursAreReadBack) {
  const json::Value params = json::Object{{"text", "a\nb \xE2\x80\xA8"}};
  const std::string text = RequestText(3, "tools/call", params);
  EXPECT_EQ(text.find('\n'), text.npos) << "a message is one line";
  const Message request = One(text);
  EXPECT_EQ(request.id.AsInt64(), 3);
  EXPECT_EQ(request.params, params);
  EXPECT_EQ(One(NotificationText("a", json::Value())).kind, Kind::kNotification);
  EXPECT_EQ(One(ResultText("x", json::Object{})).id, json::Value("x"));
  EXPECT_EQ(One(ErrorText(4, {-1, "no"})).error->message, "no");
}

TEST(McpMessage, BatchesAreBounded) {
  const std::string one = R"({"jsonrpc":"2.0","method":"x"})";
  EXPECT_EQ(ReadMessages("[" + one + "," + one + "]")->size(), 2U);
  std::string many = one;
  for (int i = 0; i < 100; ++i) many += "," + one;
  EXPECT_FALSE(ReadMessages("[" + many + "]").ok());
  EXPECT_FALSE(ReadMessages("[]").ok());
  EXPECT_FALSE(ReadMessages("[" + one + ",7]").ok());
}

TEST(McpMessage, RefusesTheRest) {
  for (const std::string& text : std::vector<std::string>{
           "",
           "null",
           "7",
           "\"x\"",
           "{}",
           "{",
           "GET / HTTP/1.1",
           std::string(1000, '['),
           std::string("{\"a\":", 5) + std::string(1000, '['),
           "\xff\xfe",
           R"({"jsonrpc":"1.0","method":"x"})",
           R"({"method":"x"})",
           R"({"jsonrpc":"2.0","method":7})",
           R"({"jsonrpc":"2.0","method":"x","params":7})",
           R"({"jsonrpc":"2.0","method":"x","id":null})",
           R"({"jsonrpc":"2.0","method":"x","id":{}})",
           R"({"jsonrpc":"2.0","id":1})",
           R"({"jsonrpc":"2.0","id":1.5,"result":{}})",
           R"({"jsonrpc":"2.0","result":{}})",
           R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}})",
           R"({"jsonrpc":"2.0","id":1,"error":"no"})",
           R"({"jsonrpc":"2.0","id":1,"error":{}})",
           R"({"jsonrpc":"2.0","id":99999999999999999999,"result":{}})",
           R"({"jsonrpc":"2.0","id":")" + std::string(300, 'x') + R"(","result":{}})",
           R"({"jsonrpc":"2.0","method":")" + std::string(300, 'x') + R"("})"}) {
    EXPECT_FALSE(ReadMessages(text).ok()) << text.substr(0, 80);
  }
  EXPECT_FALSE(ReadMessages(std::string(5 << 20, ' ')).ok());
}

TEST(McpMessage, LongErrorsAreCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "ä";
  const Message message =
      One(R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":")" + text + "\"}}");
  EXPECT_LE(message.error->message.size(), kMaxErrorBytes + 3);
  EXPECT_TRUE(IsValidUtf8(message.error->message));
  EXPECT_THAT(message.error->message, testing::EndsWith("…"));
}

}  // namespace
}  // namespace fathom::mcp
