// POST /v1/agent over a scripted model and scripted tools, through the socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "support/agent_service.h"

namespace fathom::api {
namespace {

using test::At;
using test::Conversation;
using test::Get;
using test::IsWhole;
using test::Joined;
using test::JsonOf;
using test::Names;
using test::Of;
using test::Post;
using test::TextAt;
using testing::ElementsAre;
using testing::HasSubstr;

using AgentServiceTest = test::AgentServiceTest;

TEST_F(AgentServiceTest, AnswersAtOnce) {
  Start();
  const auto events = Run(Ask("hello", "\"thinking\": true"));
  EXPECT_THAT(Names(events),
              ElementsAre("start", "round", "reasoning", "content", "message", "done"));
  EXPECT_EQ(Joined(events, "reasoning"), "Well.");
  EXPECT_EQ(Joined(events, "content"), "Hello!");
  const json::Value start = Of(events, "start")[0];
  EXPECT_THAT(TextAt(start, "id"), testing::StartsWith("agent_"));
  EXPECT_EQ(TextAt(start, "model"), "scripted");
  EXPECT_EQ(TextAt(start, "thinking"), "true");
  EXPECT_EQ(TextAt(start, "context_tokens"), "4096");
  EXPECT_EQ(TextAt(start, "tools"), R"(["echo","fail","wait","page"])");
  const json::Value done = Of(events, "done")[0];
  EXPECT_EQ(TextAt(done, "reason"), "stop");
  EXPECT_EQ(TextAt(done, "rounds"), "1");
  EXPECT_EQ(TextAt(done, "repairs"), "[]");
  EXPECT_EQ(TextAt(done, "usage.prompt_tokens"), TextAt(Of(events, "round")[0], "prompt_tokens"));
  const json::Value stats = Of(events, "stats").back();
  EXPECT_EQ(TextAt(stats, "completion_tokens"), TextAt(done, "usage.completion_tokens"));
  EXPECT_EQ(TextAt(stats, "reasoning_tokens"),
            TextAt(done, "usage.completion_tokens_details.reasoning_tokens"));
  EXPECT_TRUE(AllIsOver());
}

TEST_F(AgentServiceTest, TheBuiltInToolsAreThereWithoutAnyGroups) {
  test::ScriptedServiceOptions options;
  options.api.tool_groups = HarmlessTools();
  Start(std::move(options));
  const auto events = Run(R"({"messages": [{"role": "user", "content": "six times seven"}],
                              "tool_groups": ["builtin"], "thinking": true})");
  EXPECT_THAT(Names(events),
              ElementsAre("start", "round", "reasoning", "call", "arguments", "call_end", "message",
                          "tool", "message", "round", "reasoning", "content", "message", "done"));
  EXPECT_EQ(Joined(events, "arguments"), R"({"expression": "6*7"})");
  const json::Value tool = Of(events, "tool")[0];
  EXPECT_EQ(TextAt(tool, "text"), "42");
  EXPECT_EQ(TextAt(tool, "failed"), "false");
  EXPECT_EQ(TextAt(tool, "id"), TextAt(Of(events, "call")[0], "id"));
  const json::Array messages = Conversation({}, events);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(TextAt(messages[0], "tool_calls.0.id"), TextAt(tool, "id"));
  EXPECT_EQ(TextAt(messages[0], "reasoning_content"), "I compute.");
  EXPECT_EQ(TextAt(messages[1], "role"), "tool");
  EXPECT_EQ(TextAt(messages[2], "content"), "The answer is 42.");
  EXPECT_EQ(TextAt(Of(events, "done")[0], "rounds"), "2");
}

// What the client sends back is found in the cache to its last token, however it was written.
TEST_F(AgentServiceTest, TheNextRequestContinuesTheLastOne) {
  Start();
  const json::Array question = Question("spelled echo");
  const auto first = Run(Body(question, "\"thinking\": true"));
  const json::Array said = Conversation(question, first);
  ASSERT_EQ(said.size(), 4U);
  // The loop alone, without the answer: its reasoning stands in the prompt again.
  const json::Array loop(said.begin(), said.end() - 1);
  const auto again = Run(Body(loop, "\"thinking\": true"));
  EXPECT_EQ(TextAt(Of(again, "round")[0], "prompt_tokens"),
            TextAt(Of(first, "round")[1], "prompt_tokens"));
  const int64_t prompt = *At(Of(again, "round")[0], "prompt_tokens").AsInt64();
  const int64_t cached =
      *At(Of(again, "done")[0], "usage.prompt_tokens_details.cached_tokens").AsInt64();
  EXPECT_GT(cached, prompt - 65);  // but for the last page
}

TEST_F(AgentServiceTest, CallsOfOneAnswerRunAtOnceAndComeBackInOrder) {
  std::latch all(3);
  tools_->Add("meet", [&](const std::string& n, const std::stop_token&) {
    all.arrive_and_wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(10 * (3 - std::stoi(n))));
    return Result<std::string>("met " + n);
  });
  Start();
  const auto events = Run(Ask("meet"));
  const json::Array messages = Conversation({}, events);
  ASSERT_EQ(messages.size(), 5U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(TextAt(messages[i + 1], "content"), fmt::format("met {}", i + 1));
    EXPECT_EQ(TextAt(messages[i + 1], "tool_call_id"),
              TextAt(messages[0], fmt::format("tool_calls.{}.id", i)));
  }
  EXPECT_EQ(Of(events, "tool").size(), 3U);
  EXPECT_TRUE(IsWhole(Conversation(Question("meet"), events)));
}

TEST_F(AgentServiceTest, FailuresAreResults) {
  Start();
  const auto events = Run(Ask("fail thrice"));
  const json::Array messages = Conversation({}, events);
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_EQ(TextAt(messages[1], "content"), R"({"error": "1 is a bad number"})");
  EXPECT_THAT(TextAt(messages[2], "content"), HasSubstr("there is no tool called gone"));
  EXPECT_THAT(TextAt(messages[3], "content"), HasSubstr("unknown argument m"));
  EXPECT_EQ(TextAt(messages[4], "content"), "All three failed.");
  for (const json::Value& tool : Of(events, "tool")) EXPECT_EQ(TextAt(tool, "failed"), "true");
}

TEST_F(AgentServiceTest, RoundsAreLimited) {
  Start();
  const json::Array question = Question("look through the book");
  const auto events = Run(Body(question, "\"max_rounds\": 3"));
  const json::Value done = Of(events, "done")[0];
  EXPECT_EQ(TextAt(done, "reason"), "rounds");
  EXPECT_EQ(TextAt(done, "rounds"), "3");
  const json::Array messages = Conversation(question, events);
  ASSERT_EQ(messages.size(), 7U);
  EXPECT_TRUE(IsWhole(messages));
  EXPECT_THAT(TextAt(messages.back(), "content"), HasSubstr("limit of 3 rounds"));
}

TEST_F(AgentServiceTest, AnAnswerThatIsCutOffEndsTheTurn) {
  Start();
  const auto events = Run(Ask("count", "\"max_tokens\": 9"));
  EXPECT_EQ(TextAt(Of(events, "done")[0], "reason"), "length");
  EXPECT_EQ(Of(events, "message").size(), 1U);
}

TEST_F(AgentServiceTest, ErrorsBeforeTheStream) {
  Start();
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"messages": [{"role": "user", "content": "hello"}], "tool_groups": ["files"]})",
       "tool_groups[0]: there is no group \\\"files\\\"; there are: test, away"},
      {R"({"messages": [{"role": "user", "content": "hello"}], "tool_groups": ["away"]})",
       "it never started"},
      {Ask("hello", "\"tools\": [1]"), "tools: an agent uses"},
      {Ask("hello", "\"stream\": true"), "stream: "},
      {Ask("hello", "\"max_rounds\": 0"), "max_rounds: "},
      {Ask("hello", "\"context\": \"x\""), "context: 'x' is none of"},
      {Ask("hello", "\"temperature\": 9"), "temperature"},
      {Ask(std::string(9000, 'x')), "messages: the next prompt has"},
      {"{\"messages\": ", "body: "},
      {"[]", "body: expected object"},
  };
  for (const auto& [body, message] : kCases) {
    const test::HttpAnswer answer = Post(port_, "/v1/agent", body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 200);
    EXPECT_THAT(answer.body, HasSubstr(message));
    EXPECT_THAT(answer.body, HasSubstr("invalid_request_error"));
  }
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello", "\"model\": \"gpt\"")).status, 404);
  EXPECT_TRUE(AllIsOver());
}

TEST_F(AgentServiceTest, GetSaysWhatCanBeAskedFor) {
  Start();
  const json::Value body = JsonOf(Get(port_, "/v1/agent"));
  EXPECT_EQ(TextAt(body, "object"), "agent");
  EXPECT_EQ(TextAt(body, "models"), R"(["scripted","deepseek-chat","deepseek-reasoner"])");
  EXPECT_EQ(TextAt(body, "context_tokens"), "4096");
  EXPECT_EQ(TextAt(body, "defaults"), R"({"temperature":1.0,"top_p":0.95,"max_rounds":16,)"
                                      R"("context":"summary","thinking":false})");
  EXPECT_EQ(TextAt(body, "strategies"), R"(["keep","summary","discard-75","discard-all"])");
  EXPECT_EQ(TextAt(body, "tool_groups.0.name"), "test");
  EXPECT_EQ(TextAt(body, "tool_groups.0.problem"), "null");
  EXPECT_EQ(TextAt(body, "tool_groups.0.tools.0.name"), "echo");
  EXPECT_EQ(TextAt(body, "tool_groups.0.tools.0.parameters.type"), "object");
  EXPECT_EQ(TextAt(body, "tool_groups.1.problem"), "it never started");
}

TEST_F(AgentServiceTest, KeysAndTheirLimitsHold) {
  test::ScriptedServiceOptions options;
  options.keys = *KeyRing::FromJson(
      R"({"keys": [{"name": "abc", "max_running": 1, "sha256":
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]})");
  Start(std::move(options));
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello")).status, 401);
  EXPECT_EQ(Get(port_, "/v1/agent").status, 401);
  const std::string key = "x-api-key: abc\r\n";
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello"), key).status, 200);
  ASSERT_TRUE(AllIsOver());
  // One that waits for its tools runs.
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait thrice"), key));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 3; }));
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello"), key).status, 429);
  gate_.Open();
  EXPECT_THAT(client.Read().body, HasSubstr("It is open."));
  ASSERT_TRUE(AllIsOver());
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello"), key).status, 200);
}

}  // namespace
}  // namespace fathom::api
