// The requests of tests/cases/api_anthropic/requests.case: the body under "request", and under
// "accepted" the request that it becomes, or under "refused" the message. Setting: read
// count_tokens.
#include "api/anthropic_messages.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "chat/encode.h"
#include "json/parse.h"
#include "support/case_file.h"
#include "support/hostile_json.h"
#include "support/request_lines.h"

namespace fathom::api {
namespace {

json::Value Body(const test::Case& one) {
  std::string text;
  for (const std::string& line : one.Section("request")) text += line;
  const Result<json::Value> body = json::Parse(text);
  FATHOM_CHECK(body.ok(), "{}: {}", one.place, body.status().message());
  return *body;
}

std::vector<test::Case> Cases() {
  return test::ReadCases(FATHOM_SOURCE_DIR "/tests/cases/api_anthropic/requests.case");
}

TEST(AnthropicMessages, RequestsAreReadAsWritten) {
  for (const test::Case& one : Cases()) {
    const bool count = one.Setting("read", "messages") == "count_tokens";
    const auto read = count ? ReadCountTokens(Body(one)) : ReadMessages(Body(one), {});
    const bool accepted = one.sections.contains("accepted");
    const std::vector<std::string> found =
        read.ok() ? test::RequestLines(*read) : std::vector{read.status().message()};
    EXPECT_EQ(read.ok(), accepted) << one.place << ": " << one.name;
    EXPECT_EQ(found, one.Section(accepted ? "accepted" : "refused"))
        << one.place << ": " << one.name << "\n"
        << test::AsSection(found);
  }
}

TEST(AnthropicMessages, DefaultsAreTheServers) {
  const json::Value body = *json::Parse(
      R"({"max_tokens": 9, "messages": [{"role": "user", "content": "a"}], "top_p": 0.5})");
  SamplingParams defaults;
  defaults.temperature = 0.25;
  defaults.top_p = 0.75;
  const Result<AnswerRequest> read = ReadMessages(body, defaults);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->sampling.temperature, 0.25);
  EXPECT_EQ(read->sampling.top_p, 0.5);
}

TEST(AnthropicMessages, CountIsAnswered) {
  EXPECT_EQ(json::Dump(CountTokensAnswer(42), json::Style::kCompact), R"({"input_tokens":42})");
}

// The fullest request, with every place in it replaced and every member taken out.
TEST(AnthropicMessages, HostileFieldsAreAnswered) {
  const std::vector<test::Case> cases = Cases();
  const auto full = std::ranges::find(cases, "everything", &test::Case::name);
  ASSERT_NE(full, cases.end());
  json::Value body = Body(*full);
  int accepted = 0, refused = 0;
  const auto check = [&] {
    const Result<AnswerRequest> read = ReadMessages(body, {});
    ++(read.ok() ? accepted : refused);
    if (!read.ok()) {
      EXPECT_EQ(HttpStatus(read.status().code()), 400) << read.status().message();
      return;
    }
    EXPECT_TRUE(ReadCountTokens(body).ok());  // it asks for less
    EXPECT_FALSE(read->messages.empty());
    EXPECT_TRUE(read->sampling.ValidateNumbers().ok());
    const bool thinking = read->thinking.value_or(false);
    const auto prompt = chat::Encode(
        read->messages, {.thinking_mode = thinking && !read->prefix ? chat::ThinkingMode::kThinking
                                                                    : chat::ThinkingMode::kChat});
    EXPECT_TRUE(prompt.ok()) << prompt.status().message();
  };
  for (const json::Value& hostile : test::HostileValues()) {
    test::WithEveryPlaceReplaced(&body, hostile, check);
    ASSERT_FALSE(HasFailure());
  }
  test::WithEveryMemberRemoved(&body, check);
  EXPECT_GT(accepted, 300);
  EXPECT_GT(refused, 700);
}

}  // namespace
}  // namespace fathom::api
