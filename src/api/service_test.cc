// The whole server over a scripted model, through its socket: what each API answers, and the
// complaints that people have about servers of this model.
#include <gtest/gtest.h>

#include "support/api_client.h"
#include "support/service_fixture.h"

namespace fathom::api {
namespace {

using test::At;
using test::Get;
using test::JoinChat;
using test::JsonOf;
using test::Post;
using test::TextAt;

const std::string kTools =
    R"("tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}}}])";
const std::string kCalls =
    "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"add\">\n<｜DSML｜parameter name=\"a\" "
    "string=\"false\">1</｜DSML｜parameter>\n<｜DSML｜parameter name=\"b\" string=\"true\">two"
    "</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>";

class ServiceTest : public test::ServiceFixture {
 protected:
  // Not a default argument: g++ 12 takes parts of one for uninitialized.
  void Start() {
    test::ScriptedServiceOptions options;
    Start(std::move(options));
  }
  void Start(test::ScriptedServiceOptions options) {
    options.lines = {
        {"sum of one and two", "I add them.</think>\n\n" + kCalls},
        {"spelled sum", "I add them.</think>\n\n" + kCalls, /*spelled=*/true},
        {"<result>3</result>", "Three it is.</think>The sum is 3."},
        {"weather", "Let me think.</think>It rains — 雨."},
        {"dangling", "I never stop thinking.\n\n" + kCalls},
        {"leak", "Sure.</think>A function call:\n\n" + kCalls},
        {"broken markup",
         "</think>\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"add\">\n"
         "<｜DSML｜parameter name=\"a\" string=\"false\">1</｜DSML｜parameter>\n"},
        {"as JSON", "</think>Here you are:\n```json\n{\"rain\": true}\n```"},
        {"Once upon", " a time</think> a time"},
    };
    Serve(std::move(options));
  }
  void SetUp() override { Start(); }

  static std::string Chat(const std::string& text, const std::string& more = "") {
    return fmt::format(R"({{"messages": [{{"role": "user", "content": "{}"}}]{}{}}})", text,
                       more.empty() ? "" : ", ", more);
  }
  json::Value Ask(const std::string& body, const std::string& path = "/v1/chat/completions") {
    const test::HttpAnswer answer = Post(port_, path, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body.find("DSML"), std::string::npos) << answer.body;
    return JsonOf(answer);
  }
  test::Streamed Stream(const std::string& body) {
    const test::HttpAnswer answer = Post(port_, "/v1/chat/completions", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body.find("DSML"), std::string::npos) << answer.body;
    return JoinChat(answer.body);
  }
};

TEST_F(ServiceTest, ChatAnswersWholeAndStreamed) {
  for (const std::string thinking : {"true", "false"}) {
    const std::string mode = "\"thinking\": " + thinking;
    const json::Value whole = Ask(Chat("weather", mode));
    EXPECT_EQ(TextAt(whole, "choices.0.message.content"), "It rains — 雨.");
    EXPECT_EQ(TextAt(whole, "choices.0.finish_reason"), "stop");
    const test::Streamed streamed = Stream(Chat("weather", mode + ", \"stream\": true"));
    EXPECT_EQ(streamed.content, "It rains — 雨.");
    EXPECT_EQ(streamed.reasoning, thinking == "true" ? "Let me think." : "");
    EXPECT_EQ(streamed.finish, "stop");
    EXPECT_TRUE(streamed.done);
  }
}

// Complaint: the switch is ignored, and nobody can tell.
TEST_F(ServiceTest, TheThinkingSwitchIsHeardAndEchoed) {
  const std::vector<std::pair<std::string, bool>> switches = {
      {R"("thinking": {"type": "enabled"})", true},
      {R"("thinking": {"type": "disabled"})", false},
      {R"("enable_thinking": true)", true},
      {R"("reasoning_effort": "high")", true},
      {R"("chat_template_kwargs": {"thinking": true})", true},
      {R"("model": "deepseek-reasoner")", true},
      {R"("model": "deepseek-chat")", false},
      {R"("model": "scripted")", false}};
  for (const auto& [text, thinks] : switches) {
    const json::Value answer = Ask(Chat("weather", text));
    EXPECT_EQ(TextAt(answer, "choices.0.message.reasoning_content"),
              thinks ? "Let me think." : "null")
        << text;
    EXPECT_EQ(TextAt(answer, "thinking.type"), thinks ? "enabled" : "disabled") << text;
  }
}

// Complaint: tool calls arrive as text, and markup leaks.
TEST_F(ServiceTest, ToolCallsNeverArriveAsText) {
  for (const std::string ask : {"sum of one and two", "leak", "broken markup"}) {
    for (const std::string thinking : {"true", "false"}) {
      const std::string more = kTools + ", \"thinking\": " + thinking;
      const json::Value whole = Ask(Chat(ask, more));
      EXPECT_EQ(TextAt(whole, "choices.0.finish_reason"), "tool_calls");
      EXPECT_EQ(TextAt(whole, "choices.0.message.tool_calls.0.function.name"), "add");
      const test::Streamed streamed = Stream(Chat(ask, more + ", \"stream\": true"));
      ASSERT_EQ(streamed.names, std::vector<std::string>{"add"});
      EXPECT_EQ(streamed.arguments[0],
                TextAt(whole, "choices.0.message.tool_calls.0.function.arguments"));
      EXPECT_EQ(streamed.finish, "tool_calls");
      EXPECT_EQ(streamed.content.find('<'), std::string::npos) << streamed.content;
    }
  }
}

// Complaint: a reasoning that is not closed swallows the call.
TEST_F(ServiceTest, DanglingThinkingKeepsItsCall) {
  const json::Value answer = Ask(Chat("dangling", kTools + ", \"thinking\": true"));
  EXPECT_EQ(TextAt(answer, "choices.0.message.tool_calls.0.function.arguments"),
            R"({"a": 1, "b": "two"})");
  EXPECT_EQ(TextAt(answer, "choices.0.message.reasoning_content"), "I never stop thinking.");
}

// Complaint: reasoning that the client does not send back is a 400, or lost; and re-formatted
// arguments miss the cache.
TEST_F(ServiceTest, AToolLoopNeedsNeitherReasoningNorFormBack) {
  for (const std::string ask : {"sum of one and two", "spelled sum"}) {
    Start();
    const json::Value first = Ask(Chat(ask, kTools + ", \"thinking\": true"));
    const std::string id = TextAt(first, "choices.0.message.tool_calls.0.id");
    const auto second = [&](const std::string& reasoning, const std::string& arguments) {
      return fmt::format(
          R"({{"messages": [{{"role": "user", "content": "{}"}}, {{"role": "assistant", {}
          "tool_calls": [{{"id": "{}", "type": "function", "function": {{"name": "add",
          "arguments": {}}}}}]}}, {{"role": "tool", "tool_call_id": "{}", "content": "3"}}], {},
          "thinking": true}})",
          ask, reasoning, id, arguments, id, kTools);
    };
    const json::Value dropped = Ask(second("", R"("{\"b\":\"two\",\"a\":1}")"));
    EXPECT_EQ(TextAt(dropped, "choices.0.message.content"), "The sum is 3.");
    const json::Value kept =
        Ask(second(R"("reasoning_content": "I add them.", )", R"("{\"a\": 1, \"b\": \"two\"}")"));
    EXPECT_EQ(TextAt(kept, "usage.prompt_tokens"), TextAt(dropped, "usage.prompt_tokens"));
    // All whole pages of the first prompt and of what was said in answer to it.
    const int64_t said = *At(first, "usage.prompt_tokens").AsInt64() +
                         *At(first, "usage.completion_tokens").AsInt64();
    EXPECT_GE(*At(dropped, "usage.prompt_cache_hit_tokens").AsInt64(), (said - 1) / 64 * 64) << ask;
  }
}

TEST_F(ServiceTest, AChosenToolIsCalled) {
  for (const std::string choice :
       {"\"required\"", R"({"type": "function", "function": {"name": "add"}})"}) {
    const std::string more =
        kTools + ", \"tool_choice\": " + choice + ", \"thinking\": true, \"stream\": true";
    const test::Streamed streamed = Stream(Chat("sum of one and two", more));
    EXPECT_EQ(streamed.names, std::vector<std::string>{"add"}) << choice;
    EXPECT_EQ(streamed.arguments[0], R"({"a": 1, "b": "two"})");
    EXPECT_EQ(streamed.reasoning, "I add them.");
  }
  const json::Value none = Ask(Chat("weather", kTools + ", \"tool_choice\": \"none\""));
  EXPECT_EQ(TextAt(none, "choices.0.message.content"), "It rains — 雨.");
}

TEST_F(ServiceTest, AnAnswerThatWasBegunGoesOn) {
  const std::string messages =
      R"("messages": [{"role": "user", "content": "Once upon"},
      {"role": "assistant", "content": " a", "prefix": true}])";
  EXPECT_EQ(TextAt(Ask("{" + messages + "}"), "choices.0.message.content"), " time");
}

TEST_F(ServiceTest, JsonIsMendedWhereItWasAskedFor) {
  const std::string format = R"("response_format": {"type": "json_schema",
      "json_schema": {"name": "weather", "schema": {"type": "object"}}})";
  const json::Value whole = Ask(Chat("as JSON", format));
  EXPECT_EQ(TextAt(whole, "choices.0.message.content"), R"({"rain": true})");
  EXPECT_EQ(Stream(Chat("as JSON", format + ", \"stream\": true")).content, R"({"rain": true})");
  EXPECT_NE(TextAt(Ask(Chat("as JSON")), "choices.0.message.content").find("```"),
            std::string::npos);
}

TEST_F(ServiceTest, SeveralChoicesShareTheirPrompt) {
  const json::Value answer = Ask(Chat("weather", "\"n\": 3"));
  ASSERT_EQ(At(answer, "choices").array().size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(TextAt(answer, fmt::format("choices.{}.message.content", i)), "It rains — 雨.");
  }
}

TEST_F(ServiceTest, AnthropicMessages) {
  const std::string body = R"({"model": "deepseek-reasoner", "max_tokens": 200, "messages":
      [{"role": "user", "content": "sum of one and two"}], "tools": [{"name": "add",
      "input_schema": {"type": "object"}}]})";
  for (const std::string path : {"/v1/messages", "/anthropic/v1/messages", "/messages"}) {
    const json::Value answer = Ask(body, path);
    EXPECT_EQ(TextAt(answer, "stop_reason"), "tool_use");
    EXPECT_EQ(TextAt(answer, "content.0.thinking"), "I add them.");
    EXPECT_EQ(TextAt(answer, "content.1.input"), R"({"a":1,"b":"two"})");
  }
  const json::Value count = Ask(body, "/v1/messages/count_tokens");
  const json::Value usage = At(Ask(body, "/v1/messages"), "usage");
  EXPECT_EQ(At(count, "input_tokens").AsInt64(),
            *At(usage, "input_tokens").AsInt64() + *At(usage, "cache_read_input_tokens").AsInt64());
}

TEST_F(ServiceTest, ResponsesGoOnByTheirId) {
  const json::Value first =
      Ask(R"({"input": "sum of one and two", "reasoning": {"effort": "high"}, "tools":
          [{"type": "function", "name": "add", "parameters": {"type": "object"}}]})",
          "/v1/responses");
  std::string call_id;
  const json::Value output = At(first, "output");
  for (const json::Value& item : output.array()) {
    if (TextAt(item, "type") == "function_call") call_id = TextAt(item, "call_id");
  }
  ASSERT_FALSE(call_id.empty()) << json::Dump(first, json::Style::kCompact);
  const auto next = [&](const std::string& previous) {
    return fmt::format(
        R"({{"previous_response_id": "{}", "input": [{{"type": "function_call_output",
        "call_id": "{}", "output": "3"}}], "reasoning": {{"effort": "high"}}}})",
        previous, call_id);
  };
  const json::Value second = Ask(next(TextAt(first, "id")), "/v1/responses");
  EXPECT_NE(json::Dump(second, json::Style::kCompact).find("The sum is 3."), std::string::npos);
  EXPECT_EQ(Post(port_, "/v1/responses", next("resp_unknown")).status, 404);
}

TEST_F(ServiceTest, CompletionsTokensAndModels) {
  const json::Value completion =
      Ask(R"({"prompt": "Hi", "max_tokens": 3, "echo": true, "logprobs": 1})", "/v1/completions");
  EXPECT_EQ(TextAt(completion, "choices.0.text").substr(0, 2), "Hi");
  const json::Value tokens = Ask(R"({"prompt": "Hello world"})", "/tokenize");
  const std::string ids = json::Dump(At(tokens, "tokens"), json::Style::kCompact);
  EXPECT_NE(TextAt(Ask("{\"tokens\": " + ids + "}", "/detokenize"), "prompt").find("Hello world"),
            std::string::npos);
  const json::Value models = JsonOf(Get(port_, "/v1/models"));
  EXPECT_EQ(TextAt(models, "data.0.id"), "scripted");
  EXPECT_EQ(TextAt(JsonOf(Get(port_, "/models/deepseek-chat")), "id"), "deepseek-chat");
  EXPECT_EQ(Get(port_, "/v1/models/gpt").status, 404);
  const test::HttpAnswer unknown =
      Post(port_, "/v1/chat/completions", Chat("weather", "\"model\": \"gpt-5\""));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.find("scripted"), std::string::npos) << unknown.body;
  EXPECT_EQ(Post(port_, "/v1/embeddings", "{}").status, 400);
}

TEST_F(ServiceTest, StateForPeopleAndMachines) {
  EXPECT_EQ(TextAt(JsonOf(Get(port_, "/health")), "status"), "ok");
  EXPECT_EQ(TextAt(JsonOf(Get(port_, "/ready")), "status"), "ready");
  Ask(Chat("weather"));
  const std::string page = Get(port_, "/metrics").body;
  EXPECT_NE(page.find("\nfathom_requests_finished_total{reason=\"stop\"} 1\n"), std::string::npos);
  EXPECT_NE(page.find("route=\"/v1/chat/completions\",status=\"200\"} 1\n"), std::string::npos);
  EXPECT_TRUE(At(JsonOf(Get(port_, "/v1/engine")), "attention_so_far").is_object());
  EXPECT_EQ(Get(port_, "/nothing").status, 404);
  EXPECT_EQ(Get(port_, "/v1/chat/completions").status, 405);
}

TEST_F(ServiceTest, StopStringsEndTheAnswerAndAreNotSaid) {
  EXPECT_EQ(TextAt(Ask(Chat("weather", "\"stop\": [\"rains\"]")), "choices.0.message.content"),
            "It ");
}

TEST_F(ServiceTest, PricesBecomeCosts) {
  test::ScriptedServiceOptions options;
  options.api.prices = Prices{.currency = "USD", .cache_hit = 1, .cache_miss = 2, .output = 3};
  Start(std::move(options));
  const json::Value usage = At(Ask(Chat("weather")), "usage");
  const auto number = [&](std::string_view name) { return *At(usage, name).AsDouble(); };
  EXPECT_NEAR(number("cost") * 1e6, 2 * number("prompt_tokens") + 3 * number("completion_tokens"),
              1e-6);
}

}  // namespace
}  // namespace fathom::api
