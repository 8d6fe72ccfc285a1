#include "agent/request_json.h"

#include <gtest/gtest.h>

#include "json/parse.h"
#include "json/write.h"
#include "support/nano_grammars.h"

namespace fathom {
namespace {

Result<TextRequest> Read(const std::string& text, UnknownFields unknown = UnknownFields::kRefuse) {
  Result<json::Value> value = json::Parse(text);
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  return RequestFromJson(*value, SamplingParams(), unknown, test::NanoGrammars());
}

std::string Refusal(const std::string& text) {
  const Result<TextRequest> request = Read(text);
  return request.ok() ? "accepted" : request.status().message();
}

TEST(RequestJson, ReadsAConversationWithItsOptions) {
  const auto request = Read(R"({"messages": [{"role": "user", "content": "Hi"}], "thinking": true,
      "temperature": 0, "stop": ["a", "b"], "stop_token_ids": [7], "logit_bias": {"3": -1.5},
      "seed": 11})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->messages.size(), 1u);
  EXPECT_EQ(request->thinking, chat::ThinkingMode::kThinking);
  EXPECT_EQ(request->sampling.temperature, 0);
  EXPECT_EQ(request->sampling.top_p, SamplingParams().top_p);
  EXPECT_EQ(request->stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request->sampling.stop_token_ids, std::vector<int32_t>{7});
  EXPECT_EQ(request->sampling.logit_bias, (std::map<int32_t, double>{{3, -1.5}}));
  EXPECT_EQ(request->sampling.seed, 11u);
}

TEST(RequestJson, ReadsAPromptOfTokens) {
  const auto request = Read(R"({"prompt": [0, 5], "max_tokens": 3})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->prompt, (std::vector<int32_t>{0, 5}));
  EXPECT_EQ(request->sampling.max_tokens, 3);
}

TEST(RequestJson, SaysWhatIsWrong) {
  EXPECT_EQ(Refusal("[]"), "expected object, found array");
  EXPECT_EQ(Refusal("{}"), "messages: missing");
  EXPECT_EQ(Refusal(R"({"prompt": []})"), "prompt: expected token ids, found none");
  EXPECT_EQ(Refusal(R"({"prompt": [1, -1]})"), "prompt[1]: -1 is no token id");
  EXPECT_EQ(Refusal(R"({"prompt": "text"})"), "prompt: expected array, found string");
  EXPECT_EQ(Refusal(R"({"prompt": [1], "tools": []})"),
            "tools: not allowed beside prompt, which is the whole input");
  EXPECT_EQ(Refusal(R"({"messages": [], "stop": [1]})"),
            "stop: expected array of strings, found number");
}

// A request with these fields beside its message; whether its answer is held to a form.
Result<bool> IsHeld(const std::string& fields) {
  const auto request = Read(R"({"messages": [{"role": "user", "content": "Hi"}], )" + fields + "}");
  if (!request.ok()) return request.status();
  return request->grammar != nullptr;
}

const std::string kTool = R"("tools": [{"type": "function", "function": {"name": "add",
    "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}}}])";
const std::string kStrictTool = R"("tools": [{"type": "function", "function": {"name": "add",
    "strict": true, "parameters": {"type": "object", "properties": {"n": {"type": "integer"}},
    "required": ["n"], "additionalProperties": false}}}])";
std::string Format(const std::string& strict, const std::string& schema) {
  return R"("response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": )" +
         strict + ", \"schema\": " + schema + "}}";
}

TEST(RequestJson, WhatTheApiGuaranteesIsGuaranteed) {
  for (const std::string& fields :
       {kStrictTool, kTool + R"(, "tool_choice": "required")",
        kTool + R"(, "tool_choice": {"type": "function", "function": {"name": "add"}})",
        std::string(R"("response_format": {"type": "json_object"})"),
        Format("true", R"({"type": "object", "properties": {"a": {"type": "string"}}})")}) {
    const auto held = IsHeld(fields);
    ASSERT_TRUE(held.ok()) << held.status().message();
    EXPECT_TRUE(*held) << fields;
  }
  for (const std::string& fields :
       {kTool, kStrictTool + R"(, "tool_choice": "none")",
        std::string(R"("response_format": {"type": "text"})"),
        Format("false", R"({"type": "object", "uniqueItems": true})")}) {
    const auto held = IsHeld(fields);
    ASSERT_TRUE(held.ok()) << held.status().message();
    EXPECT_FALSE(*held) << fields;
  }
}

TEST(RequestJson, AFormThatCantBeHeldIsRefusedWithItsPlace) {
  EXPECT_EQ(IsHeld(Format("true", R"({"$ref": "#/none"})")).status().message(),
            "response_format.json_schema.schema: $ref: '#/none' leads to nothing");
  EXPECT_EQ(
      IsHeld(R"("response_format": {"type": "yaml"})").status().message(),
      "response_format.type: 'yaml' is no format (text, json_object or json_schema expected)");
  EXPECT_EQ(IsHeld(R"("tool_choice": "required")").status().message(),
            "tool_choice: a call is required, but there are no tools");
  EXPECT_EQ(IsHeld(R"("ignore_eos": true, "response_format": {"type": "json_object"})")
                .status()
                .message(),
            "ignore_eos: an answer whose form is guaranteed ends where that is complete");
}

// As DeepSeek's encoder takes them; the model is told of them, and that is all.
TEST(RequestJson, AFormOnAMessageIsToldAndNeverPassedOff) {
  const auto refusal = [](const std::string& member, const std::string& more = "") {
    return Refusal(R"({"messages": [{"role": "system", "content": "", )" + member +
                   R"(}, {"role": "user", "content": "Hi"}])" + more + "}");
  };
  EXPECT_EQ(refusal(kTool), "accepted");
  EXPECT_EQ(refusal(Format("false", R"({"type": "object"})")), "accepted");
  for (const std::string& member : {kStrictTool, Format("true", R"({"type": "object"})"),
                                    std::string(R"("response_format": {"type": "json_object"})")}) {
    EXPECT_EQ(refusal(member),
              "messages[0]: strict tools, strict schemas and json_object are guaranteed beside the "
              "messages, not on one");
  }
  for (const std::string& more : {", " + kTool, ", " + Format("true", R"({"type": "object"})"),
                                  std::string(R"(, "tool_choice": "none")")}) {
    EXPECT_EQ(refusal(kTool, more),
              "messages[0]: it has tools or a response_format, and so has the request: one place "
              "only");
  }
}

TEST(RequestJson, ToolsAreShownUnlessNoneMayBeCalled) {
  const auto shown = [](const std::string& more) {
    const auto request =
        Read(R"({"messages": [{"role": "user", "content": "Hi"}], )" + kTool + more + "}");
    return request->messages.front().tools.size();
  };
  EXPECT_EQ(shown(""), 1U);
  EXPECT_EQ(shown(R"(, "tool_choice": "none")"), 0U);
}

TEST(RequestJson, LimitsOfReasoningAndOfCalls) {
  const std::string message = R"({"messages": [{"role": "user", "content": "Hi"}])";
  EXPECT_EQ(Read(message + "}")->limits.budget, std::nullopt);
  EXPECT_TRUE(Read(message + "}")->limits.loop_guard);
  EXPECT_FALSE(Read(message + "}")->single_call);
  const auto request = Read(message + R"(, "thinking_budget": 0, "loop_guard": false,
                                          "parallel_tool_calls": false})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->limits.budget, 0);
  EXPECT_FALSE(request->limits.loop_guard);
  EXPECT_TRUE(request->single_call);
  EXPECT_EQ(Read(R"({"prompt": [1], "thinking_budget": 5})")->limits.budget, 5);
  EXPECT_EQ(Refusal(message + R"(, "thinking_budget": -1})"),
            "thinking_budget: -1 is outside [0, 2147483647]");
}

TEST(RequestJson, AnUnknownFieldIsRefusedOrPassedOver) {
  const std::string text = R"({"messages": [], "temprature": 0})";
  EXPECT_EQ(Refusal(text), "field \"temprature\" is not known");
  EXPECT_TRUE(Read(text, UnknownFields::kWarn).ok());
}

}  // namespace
}  // namespace fathom
