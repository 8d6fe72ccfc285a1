// A server of DeepSeek-V3.2-Speciale: what it refuses, and what it does where nobody says.
#include <gtest/gtest.h>

#include "support/api_client.h"
#include "support/service_fixture.h"

namespace fathom::api {
namespace {

using test::At;
using test::Get;
using test::JsonOf;
using test::Post;
using test::TextAt;

class ServiceProfileTest : public test::ServiceFixture {
 protected:
  // Not a default argument: g++ 12 takes parts of one for uninitialized.
  void Start() {
    test::ScriptedServiceOptions options;
    Start(std::move(options));
  }
  void Start(test::ScriptedServiceOptions options) {
    options.lines = {{"weather", "Let me think.</think>It rains."}};
    options.api.profile = FindProfile("speciale");
    Serve(std::move(options));
  }
  void SetUp() override { Start(); }
};

struct Ask {
  std::string path, body;
};

const std::string kMessages = R"("messages": [{"role": "user", "content": "weather"}])";
const std::string kChatTool =
    R"("tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}])";

TEST_F(ServiceProfileTest, ToolsAreRefusedInEveryDialect) {
  const std::vector<Ask> asks = {
      {"/v1/chat/completions", "{" + kMessages + ", " + kChatTool + "}"},
      {"/v1/chat/completions", "{" + kMessages + ", " + kChatTool + R"(, "stream": true})"},
      {"/v1/responses",
       R"({"input": "weather", "tools": [{"type": "function", "name": "f", "parameters": {}}]})"},
      {"/v1/messages",
       R"({"max_tokens": 9, "tools": [{"name": "f", "input_schema": {"type": "object"}}], )" +
           kMessages + "}"}};
  for (const Ask& ask : asks) {
    const test::HttpAnswer refused = Post(port_, ask.path, ask.body);
    EXPECT_EQ(refused.status, 400) << ask.path;
    EXPECT_EQ(TextAt(JsonOf(refused), "error.message"),
              "tools: DeepSeek-V3.2-Speciale was trained without tools and would call none of them "
              "rightly; ask without tools, or a server of DeepSeek-V3.2")
        << ask.path;
    EXPECT_EQ(TextAt(JsonOf(refused), "error.type"), "invalid_request_error") << ask.path;
  }
}

TEST_F(ServiceProfileTest, SoAreCallsOfEarlierAnswers) {
  const std::string body = R"({"messages": [{"role": "user", "content": "weather"},
      {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function":
       {"name": "f", "arguments": "{}"}}]},
      {"role": "tool", "tool_call_id": "call_1", "content": "rain"}]})";
  const test::HttpAnswer refused = Post(port_, "/v1/chat/completions", body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(TextAt(JsonOf(refused), "error.message"),
            "DeepSeek-V3.2-Speciale was trained without tools, and can't read calls or their "
            "results");
}

TEST_F(ServiceProfileTest, ToolsThatMayNotBeCalledAreNoMatter) {
  const std::string body = "{" + kMessages + ", " + kChatTool + R"(, "tool_choice": "none"})";
  EXPECT_EQ(Post(port_, "/v1/chat/completions", body).status, 200);
}

TEST_F(ServiceProfileTest, ThinkingCannotBeSwitchedOff) {
  const std::vector<Ask> asks = {
      {"/v1/chat/completions", "{" + kMessages + R"(, "thinking": {"type": "disabled"}})"},
      {"/v1/chat/completions", "{" + kMessages + R"(, "reasoning_effort": "none"})"},
      {"/v1/chat/completions", "{" + kMessages + R"(, "model": "deepseek-chat"})"},
      {"/v1/responses", R"({"input": "weather", "reasoning": {"effort": "none"}})"},
      {"/v1/messages",
       R"({"max_tokens": 9, "thinking": {"type": "disabled"}, )" + kMessages + "}"}};
  for (const Ask& ask : asks) {
    const test::HttpAnswer refused = Post(port_, ask.path, ask.body);
    EXPECT_EQ(refused.status, 400) << ask.body;
    EXPECT_EQ(TextAt(JsonOf(refused), "error.message"),
              "DeepSeek-V3.2-Speciale always thinks before it answers: thinking can't be switched "
              "off")
        << ask.body;
  }
}

TEST_F(ServiceProfileTest, WhoSaysNothingGetsThinking) {
  const json::Value chat = JsonOf(Post(port_, "/v1/chat/completions", "{" + kMessages + "}"));
  EXPECT_EQ(TextAt(chat, "choices.0.message.reasoning_content"), "Let me think.");
  EXPECT_EQ(TextAt(chat, "choices.0.message.content"), "It rains.");
  const json::Value message =
      JsonOf(Post(port_, "/v1/messages", R"({"max_tokens": 99, )" + kMessages + "}"));
  EXPECT_EQ(TextAt(message, "content.0.thinking"), "Let me think.");
}

TEST_F(ServiceProfileTest, TheProfileIsTold) {
  test::ScriptedServiceOptions options;
  options.api.prices = Prices{.currency = "USD", .cache_hit = 1, .cache_miss = 2, .output = 3};
  Start(std::move(options));
  EXPECT_EQ(TextAt(JsonOf(Get(port_, "/v1/models")), "data.0.profile"), "speciale");
  const json::Value engine = JsonOf(Get(port_, "/v1/engine"));
  // The context is 4,096 here.
  EXPECT_EQ(TextAt(engine, "profile"),
            R"({"name":"speciale","model":"DeepSeek-V3.2-Speciale","tools":false,)"
            R"("always_thinks":true,"max_tokens":131072,"thinking_budget":3584})");
  EXPECT_EQ(TextAt(engine, "prices.currency"), "USD");
  const json::Value chat = JsonOf(Post(port_, "/v1/chat/completions", "{" + kMessages + "}"));
  EXPECT_TRUE(At(chat, "usage.cost").AsDouble()) << TextAt(chat, "usage");
}

TEST(Profile, TheBudgetLeavesRoomForTheAnswer) {
  const Profile& speciale = *FindProfile("speciale");
  EXPECT_EQ(speciale.thinking_budget(163'840), 114'688);
  EXPECT_EQ(speciale.thinking_budget(65'536), 57'344);
  EXPECT_EQ(FindProfile("v3.2")->thinking_budget(163'840), 0);
  EXPECT_EQ(FindProfile("v4"), nullptr);
}

}  // namespace
}  // namespace fathom::api
