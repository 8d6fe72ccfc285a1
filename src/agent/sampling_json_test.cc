#include "agent/sampling_json.h"

#include <gtest/gtest.h>

#include "json/parse.h"

namespace fathom {
namespace {

struct Read {
  SamplingParams params;
  std::vector<std::string> stops;
};

Result<Read> ReadAll(const std::string& text) {
  const Result<json::Value> value = json::Parse(text);
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  const json::FieldReader fields(value->object(), "");
  Read read;
  FATHOM_RETURN_IF_ERROR(ReadSampling(fields, &read.params));
  FATHOM_RETURN_IF_ERROR(ReadLogprobs(fields, &read.params));
  FATHOM_ASSIGN_OR_RETURN(read.stops, ReadStops(fields));
  return read;
}

std::string Refusal(const std::string& text) {
  const Result<Read> read = ReadAll(text);
  return read.ok() ? "accepted" : read.status().message();
}

TEST(SamplingJson, NullAndAbsentFieldsLeaveTheDefaults) {
  std::string nulls;
  for (const std::string_view name : kSamplingFields) {
    nulls += (nulls.empty() ? "{\"" : ", \"") + std::string(name) + "\": null";
  }
  for (const std::string& text : {std::string("{}"), nulls + "}"}) {
    const Result<Read> read = ReadAll(text);
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read->params.temperature, SamplingParams().temperature);
    EXPECT_EQ(read->params.max_tokens, kNoTokenLimit);
    EXPECT_FALSE(read->params.seed.has_value());
    EXPECT_TRUE(read->stops.empty());
  }
}

TEST(SamplingJson, TheLimitOnTokensHasTwoNames) {
  EXPECT_EQ(ReadAll(R"({"max_completion_tokens": 5})")->params.max_tokens, 5);
  EXPECT_EQ(ReadAll(R"({"max_completion_tokens": 5, "max_tokens": 5})")->params.max_tokens, 5);
  EXPECT_EQ(Refusal(R"({"max_completion_tokens": 5, "max_tokens": 6})"),
            "max_completion_tokens: 5, but max_tokens, its older name, says 6");
}

TEST(SamplingJson, SaysWhatIsWrong) {
  EXPECT_EQ(Refusal(R"({"stop": ["a", ""]})"), "stop[1]: an empty string would stop everything");
  EXPECT_EQ(Refusal(R"({"stop": ""})"), "stop: an empty string would stop everything");
  EXPECT_EQ(Refusal(R"({"stop": {}})"), "stop: expected string or array of strings, found object");
  EXPECT_EQ(Refusal(R"({"stop": [1]})"), "stop: expected array of strings, found number");
  EXPECT_EQ(Refusal(R"({"stop": ")" + std::string(1025, 'x') + "\"}"),
            "stop: 1025 bytes, at most 1024 are taken");
  EXPECT_EQ(Refusal(R"({"logit_bias": {"x": 1}})"),
            "logit_bias: expected token ids with numbers, found \"x\"");
  EXPECT_EQ(Refusal(R"({"seed": 1.5})"), "seed: expected integer, found 1.5");
  EXPECT_EQ(Refusal(R"({"stop_token_ids": [4294967296]})"),
            "stop_token_ids[0]: 4294967296 is no token id");
}

TEST(SamplingJson, ListsAreBounded) {
  std::string stops, ids, biases;
  for (size_t i = 0; i <= kMaxStops; ++i) stops += (i == 0 ? "\"a\"" : ", \"a\"");
  for (size_t i = 0; i <= kMaxStopTokens; ++i) ids += (i == 0 ? "1" : ", 1");
  for (size_t i = 0; i <= kMaxBiases; ++i) biases += fmt::format("{}\"{}\": 1", i ? "," : "", i);
  EXPECT_EQ(Refusal("{\"stop\": [" + stops + "]}"), "stop: 17 strings, at most 16 are taken");
  EXPECT_EQ(Refusal("{\"stop_token_ids\": [" + ids + "]}"),
            "stop_token_ids: 257 tokens, at most 256 are taken");
  EXPECT_EQ(Refusal("{\"logit_bias\": {" + biases + "}}"),
            "logit_bias: 4097 tokens, at most 4096 are taken");
}

}  // namespace
}  // namespace fathom
