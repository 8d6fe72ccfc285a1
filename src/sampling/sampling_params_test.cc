#include "sampling/sampling_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

namespace fathom {
namespace {

constexpr int kVocab = 100;

std::string Complaint(const std::function<void(SamplingParams&)>& change) {
  SamplingParams params;
  change(params);
  return params.Validate(kVocab).message();
}

TEST(SamplingParams, DefaultsAreValidAndTheModelsOwn) {
  const SamplingParams params;
  EXPECT_TRUE(params.Validate(kVocab).ok());
  EXPECT_EQ(params.temperature, 1);
  EXPECT_EQ(params.top_p, 0.95);
  EXPECT_EQ(params.max_tokens, kNoTokenLimit);
}

TEST(SamplingParams, EveryDefaultLiesInItsRange) {
  for (const NumberParam& row : kNumberParams) {
    EXPECT_LE(row.low, row.otherwise) << row.name;
    EXPECT_GE(row.high, row.otherwise) << row.name;
  }
}

TEST(SamplingParams, TheDocumentHasTheTable) {
  std::ifstream file(FATHOM_SOURCE_DIR "/docs/sampling.md");
  const std::string document(std::istreambuf_iterator<char>(file), {});
  for (const NumberParam& row : kNumberParams) {
    const std::string line = fmt::format("\n| `{}` | {} to {} | {} | {} |\n", row.name, row.low,
                                         row.high, row.otherwise, row.meaning);
    EXPECT_THAT(document, testing::HasSubstr(line));
  }
}

TEST(SamplingParams, RefusesWhatIsOutsideItsRange) {
  using P = SamplingParams;
  EXPECT_EQ(Complaint([](P& p) { p.temperature = 3; }), "temperature: 3 is outside [0, 2]");
  EXPECT_EQ(Complaint([](P& p) { p.temperature = -0.5; }), "temperature: -0.5 is outside [0, 2]");
  EXPECT_EQ(Complaint([](P& p) { p.temperature = std::nan(""); }),
            "temperature: nan is outside [0, 2]");
  EXPECT_EQ(Complaint([](P& p) { p.top_p = 1.01; }), "top_p: 1.01 is outside [0, 1]");
  EXPECT_EQ(Complaint([](P& p) { p.top_k = -2; }), "top_k: -2 is outside [-1, 2147483647]");
  EXPECT_EQ(Complaint([](P& p) { p.min_p = INFINITY; }), "min_p: inf is outside [0, 1]");
  EXPECT_EQ(Complaint([](P& p) { p.repetition_penalty = 0; }),
            "repetition_penalty: 0 is outside [0.01, 100]");
  EXPECT_EQ(Complaint([](P& p) { p.presence_penalty = 2.5; }),
            "presence_penalty: 2.5 is outside [-2, 2]");
  EXPECT_EQ(Complaint([](P& p) { p.frequency_penalty = -3; }),
            "frequency_penalty: -3 is outside [-2, 2]");
  EXPECT_EQ(Complaint([](P& p) { p.top_logprobs = 21; }), "top_logprobs: 21 is outside [0, 20]");
  EXPECT_EQ(Complaint([](P& p) { p.min_tokens = -1; }),
            "min_tokens: -1 is outside [0, 2147483647]");
  EXPECT_EQ(Complaint([](P& p) { p.max_tokens = 0; }), "max_tokens: 0 is outside [1, 2147483647]");
}

TEST(SamplingParams, AcceptsTheEndsOfTheRanges) {
  SamplingParams params;
  params.temperature = 0;
  params.top_p = 0;
  params.top_k = -1;
  params.min_p = 1;
  params.presence_penalty = -2;
  params.frequency_penalty = 2;
  params.max_tokens = 1;
  params.logit_bias = {{0, -100}, {kVocab - 1, 100}};
  params.stop_token_ids = {0, kVocab - 1};
  EXPECT_EQ(params.Validate(kVocab).message(), "");
}

TEST(SamplingParams, ChecksIdsAndCombinations) {
  using P = SamplingParams;
  EXPECT_EQ(Complaint([](P& p) { p.logit_bias[100] = 1; }),
            "logit_bias: there is no token 100; the vocabulary has ids 0 to 99");
  EXPECT_EQ(Complaint([](P& p) { p.logit_bias[3] = 101; }),
            "logit_bias: 101 for token 3 is outside [-100, 100]");
  EXPECT_EQ(Complaint([](P& p) {
              p.stop_token_ids = {5, -1};
            }),
            "stop_token_ids: there is no token -1; the vocabulary has ids 0 to 99");
  EXPECT_EQ(Complaint([](P& p) { p.top_logprobs = 5; }),
            "top_logprobs: 5 asks for log-probabilities, but logprobs is off");
  EXPECT_EQ(Complaint([](P& p) { p.min_tokens = 9, p.max_tokens = 8; }),
            "min_tokens: 9 is more than max_tokens, 8");
}

TEST(SamplingParams, RandomSeedsDifferAndFitADouble) {
  const uint64_t first = RandomSeed(), second = RandomSeed();
  EXPECT_NE(first, second);
  EXPECT_LT(first | second, uint64_t{1} << 53);
}

}  // namespace
}  // namespace fathom
