#include "agent/request_json.h"

#include <gtest/gtest.h>

#include "json/parse.h"
#include "json/write.h"

namespace fathom {
namespace {

Result<TextRequest> Read(const std::string& text, UnknownFields unknown = UnknownFields::kRefuse) {
  Result<json::Value> value = json::Parse(text);
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  return RequestFromJson(*value, SamplingParams(), unknown);
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

TEST(RequestJson, AnUnknownFieldIsRefusedOrPassedOver) {
  const std::string text = R"({"messages": [], "temprature": 0})";
  EXPECT_EQ(Refusal(text), "field \"temprature\" is not known");
  EXPECT_TRUE(Read(text, UnknownFields::kWarn).ok());
}

}  // namespace
}  // namespace fathom
