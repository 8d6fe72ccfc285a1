#include "sampling/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.h"

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr double kEverything = 1;  // top_p

Sampler PlainSampler(size_t vocab) { return Sampler(std::vector<bool>(vocab, true), {}); }

int32_t DrawToken(Sampler& sampler, const std::vector<float>& row, const SamplingParams& params,
                  uint64_t seed, int64_t index) {
  const Penalties penalties(params, {});
  return sampler
      .Sample(
          {.logits = row, .params = params, .penalties = penalties, .seed = seed, .index = index})
      .value()
      .token;
}

Status FailureOf(Sampler& sampler, const std::vector<float>& row, const SamplingParams& params) {
  const Penalties penalties(params, {});
  return sampler
      .Sample({.logits = row, .params = params, .penalties = penalties, .seed = 1, .index = 0})
      .status();
}

// How often each id is drawn at indices 0 … draws - 1.
std::vector<int> Histogram(const std::vector<float>& row, const SamplingParams& params, int draws,
                           uint64_t seed = 1) {
  Sampler sampler = PlainSampler(row.size());
  std::vector<int> counts(row.size());
  for (int i = 0; i < draws; ++i) {
    ++counts[static_cast<size_t>(DrawToken(sampler, row, params, seed, i))];
  }
  return counts;
}

std::vector<int32_t> IdsDrawn(const std::vector<float>& row, const SamplingParams& params) {
  const std::vector<int> counts = Histogram(row, params, 2000);
  std::vector<int32_t> ids;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) ids.push_back(static_cast<int32_t>(i));
  }
  return ids;
}

// The slow, obvious version. What is left of `logits` after top_k, top_p and min_p, as
// probabilities: sorts everything.
std::vector<double> ReferenceProbabilities(const std::vector<double>& logits,
                                           const SamplingParams& params) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  });
  if (params.top_k > 0 && static_cast<size_t>(params.top_k) < order.size()) {
    order.resize(static_cast<size_t>(params.top_k));
  }
  std::vector<double> p(logits.size(), 0);
  double sum = 0;
  for (const size_t i : order) {
    sum += p[i] = std::exp((logits[i] - logits[order[0]]) / params.temperature);
  }
  double before = 0, kept = 0;
  for (const size_t i : order) {
    const bool in_nucleus = params.top_p >= 1 || before < params.top_p * sum || i == order[0];
    before += p[i];
    if (!in_nucleus || p[i] < params.min_p * p[order[0]]) p[i] = 0;
    kept += p[i];
  }
  for (double& x : p) x /= kept;
  return p;
}

int32_t ReferencePick(const std::vector<double>& p, uint64_t seed, int64_t index) {
  const auto bits = Philox(seed, 0, static_cast<uint64_t>(index));
  const double u = (bits[0] + bits[1] * 0x1p-32) * 0x1p-32;
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    sum += p[i];
    if (sum > u) return static_cast<int32_t>(i);
  }
  return -1;
}

// Numbers for the random cases below, one after the other.
class Dice {
 public:
  explicit Dice(uint64_t seed) : seed_(seed) {}
  double Uniform(double low, double high) {
    return low + (high - low) * RandomUniform(seed_, 9, position_++);
  }
  int64_t Below(int64_t n) { return static_cast<int64_t>(Uniform(0, static_cast<double>(n))); }
  bool Chance(double p) { return Uniform(0, 1) < p; }

 private:
  uint64_t seed_, position_ = 0;
};

std::vector<float> RandomRow(Dice& dice, size_t size) {
  // Coarse steps make ties, a high scale makes peaks, and some tokens are impossible.
  const double scale = std::pow(10, dice.Uniform(-1, 1.5));
  const double step = dice.Chance(0.3) ? scale / 3 : 0;
  std::vector<float> row(size);
  for (float& x : row) {
    double value = dice.Uniform(-scale, scale);
    if (step > 0) value = std::round(value / step) * step;
    x = dice.Chance(0.05) ? kNever : static_cast<float>(value);
  }
  row[static_cast<size_t>(dice.Below(static_cast<int64_t>(size)))] = static_cast<float>(scale);
  return row;
}

SamplingParams RandomParams(Dice& dice, int64_t vocab) {
  SamplingParams params;
  params.temperature = dice.Chance(0.3) ? 1 : dice.Uniform(0.05, 2);
  params.top_p = dice.Chance(0.3) ? kEverything : dice.Uniform(0, 1);
  params.top_k = dice.Chance(0.5) ? 0 : 1 + dice.Below(vocab + 3);
  params.min_p = dice.Chance(0.5) ? 0 : dice.Uniform(0, 0.5);
  return params;
}

TEST(Sampler, DrawsWhatTheReferenceDraws) {
  Dice dice(2024);
  for (int round = 0; round < 4000; ++round) {
    constexpr size_t kSizes[] = {1, 2, 3, 5, 63, 64, 65, 300, 1000};
    const size_t vocab = kSizes[dice.Below(std::size(kSizes))];
    const std::vector<float> row = RandomRow(dice, vocab);
    const SamplingParams params = RandomParams(dice, static_cast<int64_t>(vocab));
    const std::vector<double> expected = ReferenceProbabilities({row.begin(), row.end()}, params);
    Sampler sampler = PlainSampler(vocab);
    for (int64_t index = 0; index < 20; ++index) {
      ASSERT_EQ(DrawToken(sampler, row, params, 5, index), ReferencePick(expected, 5, index))
          << "round " << round << " index " << index;
    }
  }
}

TEST(Sampler, DrawsWhatTheReferenceDrawsFromALargeVocabulary) {
  Dice dice(7);
  constexpr size_t kVocab = 129280;
  Sampler sampler = PlainSampler(kVocab);
  for (const double scale : {0.0, 0.1, 3.0, 30.0}) {
    std::vector<float> row(kVocab);
    for (float& x : row) x = static_cast<float>(dice.Uniform(-scale, scale));
    for (const SamplingParams& params : {SamplingParams{}, SamplingParams{.top_p = kEverything},
                                         SamplingParams{.temperature = 0.6, .top_k = 60000}}) {
      const auto expected = ReferenceProbabilities({row.begin(), row.end()}, params);
      for (int64_t index = 0; index < 20; ++index) {
        ASSERT_EQ(DrawToken(sampler, row, params, 5, index), ReferencePick(expected, 5, index));
      }
    }
  }
}

TEST(Sampler, PenaltiesAndMasksComeBeforeTheDraw) {
  Dice dice(11);
  for (int round = 0; round < 500; ++round) {
    const size_t vocab = static_cast<size_t>(4 + dice.Below(60));
    const auto token = [&] { return static_cast<int32_t>(dice.Below(int64_t(vocab))); };
    const std::vector<float> row = RandomRow(dice, vocab);
    SamplingParams params = RandomParams(dice, static_cast<int64_t>(vocab));
    params.repetition_penalty = dice.Uniform(0.5, 2);
    params.presence_penalty = dice.Uniform(-2, 2);
    params.frequency_penalty = dice.Uniform(-2, 2);
    for (int i = 0; i < 3; ++i) params.logit_bias[token()] = dice.Uniform(-5, 5);
    std::vector<int32_t> prompt(10), answer(10);
    std::generate(prompt.begin(), prompt.end(), token);
    std::generate(answer.begin(), answer.end(), token);
    std::vector<bool> has_token(vocab, true);
    has_token[vocab - 1] = false;
    params.min_tokens = dice.Chance(0.5) ? 11 : 0;  // `answer` has 10
    params.stop_token_ids = {token()};
    const int32_t eos = 0;

    std::vector<double> logits(row.begin(), row.end());
    for (const auto& [id, bias] : params.logit_bias) logits[size_t(id)] += bias;
    for (size_t i = 0; i < vocab; ++i) {
      const auto times = std::count(answer.begin(), answer.end(), int32_t(i));
      if (times > 0 || std::count(prompt.begin(), prompt.end(), int32_t(i)) > 0) {
        logits[i] *= logits[i] > 0 ? 1 / params.repetition_penalty : params.repetition_penalty;
      }
      if (times > 0) logits[i] -= params.presence_penalty;
      logits[i] -= params.frequency_penalty * double(times);
    }
    logits[vocab - 1] = kNever;
    if (params.min_tokens > 0) logits[0] = logits[size_t(params.stop_token_ids[0])] = kNever;
    if (*std::max_element(logits.begin(), logits.end()) == kNever) continue;

    Penalties penalties(params, prompt);
    for (const int32_t id : answer) penalties.Add(id);
    Sampler sampler(has_token, {eos});
    const auto sampled = sampler.Sample(
        {.logits = row, .params = params, .penalties = penalties, .seed = 3, .index = 10});
    ASSERT_EQ(sampled.value().token, ReferencePick(ReferenceProbabilities(logits, params), 3, 10))
        << "round " << round;
  }
}

std::vector<uint64_t> MaskOf(size_t vocab, const std::vector<int32_t>& ids) {
  std::vector<uint64_t> mask((vocab + 63) / 64);
  for (const int32_t id : ids) mask[size_t(id) / 64] |= uint64_t{1} << (id % 64);
  return mask;
}

// A mask is the same as logits of -infinity, whatever else is asked for; the report doesn't see it.
TEST(Sampler, AMaskTakesTokensAwayBeforeAnythingElse) {
  Dice dice(17);
  for (int round = 0; round < 1500; ++round) {
    constexpr size_t kSizes[] = {1, 2, 63, 64, 65, 127, 128, 300};
    const size_t vocab = kSizes[dice.Below(std::size(kSizes))];
    const std::vector<float> row = RandomRow(dice, vocab);
    SamplingParams params = RandomParams(dice, static_cast<int64_t>(vocab));
    if (dice.Chance(0.2)) params.temperature = 0;
    params.logprobs = true;
    params.top_logprobs = 3;
    params.logit_bias[static_cast<int32_t>(dice.Below(int64_t(vocab)))] = 50;
    const double share = dice.Uniform(0, 1);
    std::vector<int32_t> ids;
    std::vector<float> masked(vocab, kNever);
    for (size_t i = 0; i < vocab; ++i) {
      if (!dice.Chance(share) || row[i] == kNever) continue;
      ids.push_back(static_cast<int32_t>(i));
      masked[i] = row[i];
    }
    if (ids.empty()) continue;
    const std::vector<uint64_t> allowed = MaskOf(vocab, ids);
    const Penalties penalties(params, {});
    Sampler sampler = PlainSampler(vocab);
    for (int64_t index = 0; index < 5; ++index) {
      const SampledToken token = sampler
                                     .Sample({.logits = row,
                                              .params = params,
                                              .penalties = penalties,
                                              .seed = 5,
                                              .index = index,
                                              .allowed = allowed})
                                     .value();
      ASSERT_EQ(token.token, DrawToken(sampler, masked, params, 5, index)) << "round " << round;
      const Logprobs raw = sampler.Report(row, token.token, 3).value();
      ASSERT_EQ(token.logprobs->chosen, raw.chosen);
      ASSERT_EQ(token.logprobs->top.size(), raw.top.size());
    }
  }
}

TEST(Sampler, MinTokensGivesWayToAGuideThatLeavesOnlyStops) {
  Sampler sampler({true, true, true, false}, {0});
  SamplingParams params = {.temperature = 0, .stop_token_ids = {2}, .min_tokens = 5};
  const Penalties penalties(params, {});
  const std::vector<float> row = {1, 0, 3, 9};
  const auto draw = [&](const std::vector<int32_t>& ids) {
    const std::vector<uint64_t> allowed = MaskOf(4, ids);
    return sampler.Sample({.logits = row,
                           .params = params,
                           .penalties = penalties,
                           .seed = 1,
                           .index = 0,
                           .allowed = allowed});
  };
  EXPECT_EQ(draw({0, 1, 2}).value().token, 1);
  EXPECT_EQ(draw({0}).value().token, 0);
  EXPECT_EQ(draw({0, 2}).value().token, 2);
  EXPECT_EQ(draw({0, 3}).value().token, 0);  // 3 has no token
  EXPECT_THAT(draw({3}).status().message(), HasSubstr("ruled out by the answer's guide"));
}

TEST(Sampler, AMaskThatLeavesOnlyImpossibleTokensIsAnError) {
  Sampler sampler = PlainSampler(3);
  const SamplingParams params;
  const Penalties penalties(params, {});
  const std::vector<float> row = {1, kNever, 2};
  for (const std::vector<int32_t>& ids : {std::vector<int32_t>{}, {1}}) {
    const std::vector<uint64_t> allowed = MaskOf(3, ids);
    const auto token = sampler.Sample({.logits = row,
                                       .params = params,
                                       .penalties = penalties,
                                       .seed = 1,
                                       .index = 0,
                                       .allowed = allowed});
    EXPECT_EQ(token.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(token.status().message(),
              "no token can be drawn: all 3 are ruled out by the answer's guide or have a logit of "
              "-infinity");
  }
}

// Pearson's statistic of `counts` against the reference, and its expected value and spread. The
// draws are fixed by their seed: this either holds or doesn't.
TEST(Sampler, FrequenciesFitTheProbabilities) {
  constexpr int kDraws = 200000;
  Dice dice(1);
  std::vector<float> row(24);
  for (float& x : row) x = static_cast<float>(dice.Uniform(-3, 3));
  for (const SamplingParams& params :
       {SamplingParams{.top_p = kEverything}, SamplingParams{.temperature = 0.5, .top_p = 0.9},
        SamplingParams{.temperature = 2, .top_p = kEverything, .top_k = 7},
        SamplingParams{.top_p = kEverything, .min_p = 0.1}}) {
    const auto p = ReferenceProbabilities({row.begin(), row.end()}, params);
    for (const uint64_t seed : {1, 2, 0}) {
      const std::vector<int> counts = Histogram(row, params, kDraws, seed);
      double statistic = 0, freedom = -1;
      for (size_t i = 0; i < row.size(); ++i) {
        if (p[i] == 0) {
          EXPECT_EQ(counts[i], 0);
          continue;
        }
        const double expected = p[i] * kDraws;
        statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
        freedom += 1;
      }
      EXPECT_LT(statistic, freedom + 4 * std::sqrt(2 * freedom));
      EXPECT_GT(statistic, freedom - 4 * std::sqrt(2 * freedom));
    }
  }
}

TEST(Sampler, TemperatureZeroTakesTheLargestAndTheLowestIdAmongEquals) {
  EXPECT_THAT(IdsDrawn({1, 5, 2, 5}, {.temperature = 0}), ElementsAre(1));
  EXPECT_THAT(IdsDrawn({0, -0.0F, 0}, {.temperature = 0}), ElementsAre(0));
  EXPECT_THAT(IdsDrawn({-3e38F, -2e38F}, {.temperature = 0}), ElementsAre(1));
}

TEST(Sampler, TinyTemperatureTakesTheLargest) {
  for (const double temperature : {1e-3, 1e-5, 1e-300, 5e-324}) {
    EXPECT_THAT(IdsDrawn({1, 5, 2, 4.99F}, {.temperature = temperature}), ElementsAre(1));
    EXPECT_THAT(IdsDrawn({5, 1, 5}, {.temperature = temperature}), ElementsAre(0, 2));
  }
}

TEST(Sampler, TopK) {
  const std::vector<float> row = {1, 2, 2, 0, 2};
  EXPECT_THAT(IdsDrawn(row, {.top_p = 1, .top_k = 1}), ElementsAre(1));
  EXPECT_THAT(IdsDrawn(row, {.top_p = 1, .top_k = 2}), ElementsAre(1, 2));  // ties: lower ids
  EXPECT_THAT(IdsDrawn(row, {.top_p = 1, .top_k = 4}), ElementsAre(0, 1, 2, 4));
  for (const int64_t all : {-1, 0, 5, 6, 2147483647}) {
    EXPECT_THAT(IdsDrawn(row, {.top_p = 1, .top_k = all}), ElementsAre(0, 1, 2, 3, 4));
  }
}

TEST(Sampler, TopKOneIsGreedyWhereWeightsAreEqualButLogitsAreNot) {
  EXPECT_THAT(IdsDrawn({1e-30F, 2e-30F}, {.temperature = 2, .top_k = 1}), ElementsAre(1));
}

TEST(Sampler, TopP) {
  const std::vector<float> even = {3, 3, 3, 3};
  EXPECT_THAT(IdsDrawn(even, {.top_p = 0}), ElementsAre(0));
  EXPECT_THAT(IdsDrawn(even, {.top_p = 0.25}), ElementsAre(0));
  EXPECT_THAT(IdsDrawn(even, {.top_p = 0.2500001}), ElementsAre(0, 1));
  EXPECT_THAT(IdsDrawn(even, {.top_p = 0.5}), ElementsAre(0, 1));
  EXPECT_THAT(IdsDrawn(even, {.top_p = 0.95}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(IdsDrawn(even, {.top_p = 1}), ElementsAre(0, 1, 2, 3));
  // The token that reaches the probability is kept: 0.6 < 0.7 <= 0.6 + 0.3.
  const std::vector<float> steps = {std::log(0.1F), std::log(0.6F), std::log(0.3F)};
  EXPECT_THAT(IdsDrawn(steps, {.top_p = 0.7}), ElementsAre(1, 2));
}

TEST(Sampler, TopPCountsWhatTopKLeft) {
  // Of 0.4 0.3 0.2 0.1, top_k keeps the first two: 0.57 and 0.43 now, so 0.5 is one token.
  const std::vector<float> row = {std::log(0.4F), std::log(0.3F), std::log(0.2F), std::log(0.1F)};
  EXPECT_THAT(IdsDrawn(row, {.top_p = 0.5}), ElementsAre(0, 1));
  EXPECT_THAT(IdsDrawn(row, {.top_p = 0.5, .top_k = 2}), ElementsAre(0));
}

TEST(Sampler, MinP) {
  const std::vector<float> row = {std::log(0.4F), std::log(0.4F), std::log(0.15F), std::log(0.05F)};
  EXPECT_THAT(IdsDrawn(row, {.top_p = 1, .min_p = 1}), ElementsAre(0, 1));  // all that equal it
  EXPECT_THAT(IdsDrawn(row, {.top_p = 1, .min_p = 0.3}), ElementsAre(0, 1, 2));
  EXPECT_THAT(IdsDrawn(row, {.top_p = 1, .min_p = 0}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(IdsDrawn(row, {.top_p = 0.5, .min_p = 0.1}), ElementsAre(0, 1));
}

TEST(Sampler, AVocabularyOfOne) {
  for (const double temperature : {0.0, 1.0}) {
    EXPECT_THAT(IdsDrawn({-7}, {.temperature = temperature, .top_k = 1, .min_p = 1}),
                ElementsAre(0));
  }
}

TEST(Sampler, ExtremeLogitsAreNoProblem) {
  EXPECT_THAT(IdsDrawn({3e38F, -3e38F, 3e38F}, {}), ElementsAre(0, 2));
  EXPECT_THAT(IdsDrawn({-3e38F, -3e38F}, {}), ElementsAre(0, 1));
  EXPECT_THAT(IdsDrawn({1e-45F, 0, -1e-45F}, {.top_p = 1}), ElementsAre(0, 1, 2));
}

TEST(Sampler, ADrawDependsOnSeedAndIndexAlone) {
  Dice dice(3);
  const std::vector<float> row = RandomRow(dice, 500), other = RandomRow(dice, 500);
  Sampler first = PlainSampler(500), second = PlainSampler(500);
  std::vector<int32_t> forwards, backwards;
  for (int64_t i = 0; i < 50; ++i) forwards.push_back(DrawToken(first, row, {}, 42, i));
  for (int64_t i = 49; i >= 0; --i) {
    DrawToken(second, other, {.top_k = 3}, 1, i);  // another request in between
    backwards.push_back(DrawToken(second, row, {}, 42, i));
  }
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(forwards, backwards);
}

TEST(Sampler, SeedsAndIndicesGiveDifferentDraws) {
  const std::vector<float> row(1000, 0);
  Sampler sampler = PlainSampler(row.size());
  int same_seed = 0, same_index = 0;
  for (int64_t i = 0; i < 200; ++i) {
    same_seed += DrawToken(sampler, row, {}, 1, i) == DrawToken(sampler, row, {}, 1, i + 1);
    same_index += DrawToken(sampler, row, {}, 1, i) == DrawToken(sampler, row, {}, 2, i);
  }
  EXPECT_LT(same_seed, 5);
  EXPECT_LT(same_index, 5);
}

// Pins the whole way from seed to token, on every machine and compiler.
TEST(Sampler, TheseSeedsGiveTheseTokens) {
  std::vector<float> row(1000);
  for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<float>(i % 37) / 8;
  Sampler sampler = PlainSampler(row.size());
  std::vector<int32_t> drawn;
  for (int64_t i = 0; i < 8; ++i) drawn.push_back(DrawToken(sampler, row, {}, 1234567, i));
  EXPECT_THAT(drawn, ElementsAre(875, 218, 955, 948, 691, 434, 354, 771));
}

TEST(Sampler, IdsWithoutATokenAreNeverDrawn) {
  Sampler sampler({true, true, false, false}, {});
  const std::vector<float> row = {0, 1, 50, 50};
  for (const double temperature : {0.0, 1.0}) {
    for (int64_t i = 0; i < 200; ++i) {
      EXPECT_LT(DrawToken(sampler, row, {.temperature = temperature}, 1, i), 2);
    }
  }
}

TEST(Sampler, NothingStopsBeforeMinTokens) {
  Sampler sampler(std::vector<bool>(4, true), /*eos_ids=*/{3});
  const std::vector<float> row = {1, 2, 40, 50};
  SamplingParams params = {.temperature = 0, .stop_token_ids = {2}, .min_tokens = 2};
  params.logit_bias = {{3, 100}};  // a bias doesn't lift the mask
  EXPECT_EQ(DrawToken(sampler, row, params, 1, 0), 1);
  EXPECT_EQ(DrawToken(sampler, row, params, 1, 1), 1);
  EXPECT_EQ(DrawToken(sampler, row, params, 1, 2), 3);
}

TEST(Sampler, MinusInfinityIsNeverDrawn) {
  EXPECT_THAT(IdsDrawn({kNever, 0, kNever, 0}, {.temperature = 2, .top_p = 1}), ElementsAre(1, 3));
}

TEST(Sampler, NotANumberIsReportedWithItsToken) {
  for (const float bad : {std::nanf(""), -std::nanf(""), -kNever}) {
    for (const size_t place : {0, 64, 98, 99}) {
      std::vector<bool> has_token(100, true);
      has_token[99] = false;  // a row without a token counts too: the model is broken
      Sampler sampler(has_token, {});
      std::vector<float> row(100, 1);
      row[place] = bad;
      const Status status = FailureOf(sampler, row, {});
      EXPECT_EQ(status.code(), Code::kDataLoss);
      EXPECT_THAT(status.message(), HasSubstr(fmt::format("the logit of token {} is", place)));
      row[place] = 1;
      EXPECT_TRUE(FailureOf(sampler, row, {}).ok());
    }
  }
}

TEST(Sampler, EverythingMaskedIsAFailure) {
  Sampler sampler({true, true, false}, {0});
  EXPECT_THAT(FailureOf(sampler, {kNever, kNever, 1}, {}).message(),
              "no token can be drawn: all 3 are masked or have a logit of -infinity");
  EXPECT_FALSE(FailureOf(sampler, {1, kNever, 1}, {.min_tokens = 1}).ok());
  EXPECT_FALSE(FailureOf(sampler, {kNever, kNever, 1}, {.logprobs = true}).ok());
  EXPECT_TRUE(FailureOf(sampler, {1, kNever, 1}, {}).ok());
}

Logprobs LogprobsOf(Sampler& sampler, const std::vector<float>& row, SamplingParams params,
                    int64_t top) {
  params.logprobs = true;
  params.top_logprobs = top;
  const Penalties penalties(params, {});
  return *sampler
              .Sample(
                  {.logits = row, .params = params, .penalties = penalties, .seed = 1, .index = 0})
              .value()
              .logprobs;
}

TEST(Sampler, LogprobsAreOnlyThereWhenAskedFor) {
  Sampler sampler = PlainSampler(2);
  const Penalties penalties({}, {});
  const std::vector<float> row = {1, 2};
  EXPECT_FALSE(sampler
                   .Sample({.logits = row,
                            .params = SamplingParams{},
                            .penalties = penalties,
                            .seed = 1,
                            .index = 0})
                   .value()
                   .logprobs.has_value());
}

TEST(Sampler, LogprobsAreTheLogSoftmaxOfTheRawLogits) {
  Dice dice(8);
  std::vector<float> row = RandomRow(dice, 300);
  std::vector<bool> has_token(300, true);
  has_token[7] = false;
  row[7] = 1e6F;
  row[9] = -1;
  double sum = 0;
  for (size_t i = 0; i < row.size(); ++i) sum += i == 7 ? 0 : std::exp(double(row[i]));
  Sampler sampler(has_token, {});

  SamplingParams params = {.temperature = 0.3, .top_p = 0.5, .top_k = 5};
  params.logit_bias = {{9, 100}};  // forces a token that is otherwise unlikely
  const Logprobs report = LogprobsOf(sampler, row, params, 20);
  EXPECT_NEAR(report.chosen, -1 - std::log(sum), 1e-12);
  ASSERT_EQ(report.top.size(), 20U);
  for (size_t i = 0; i < report.top.size(); ++i) {
    EXPECT_NEAR(report.top[i].logprob, row[size_t(report.top[i].token)] - std::log(sum), 1e-12);
    EXPECT_NE(report.top[i].token, 7);
    if (i > 0) {
      EXPECT_GE(report.top[i - 1].logprob, report.top[i].logprob);
    }
  }
}

TEST(Sampler, ReportsATokenThatCameByOtherMeans) {
  Sampler sampler({true, true, false, true}, {3});
  const std::vector<float> row = {1, 2, 50, kNever};
  const double sum = std::exp(1.0) + std::exp(2.0);
  const Logprobs report = sampler.Report(row, 0, 5).value();
  EXPECT_NEAR(report.chosen, 1 - std::log(sum), 1e-12);
  ASSERT_EQ(report.top.size(), 2U);
  EXPECT_EQ(report.top[0].token, 1);
  EXPECT_EQ(sampler.Report(row, 2, 0).value().chosen, kNever);  // no token at all
  EXPECT_EQ(sampler.Report(row, 3, 0).value().chosen, kNever);
  const std::vector<float> broken = {1, std::nanf(""), 0, 0};
  EXPECT_EQ(sampler.Report(broken, 0, 1).status().code(), Code::kDataLoss);
}

TEST(Sampler, TopLogprobsNameTheLowerIdFirstAndNoImpossibleToken) {
  Sampler sampler = PlainSampler(5);
  const Logprobs report = LogprobsOf(sampler, {2, 1, 2, kNever, 1}, {}, 20);
  std::vector<int32_t> ids;
  double sum = 0;
  for (const TokenLogprob& t : report.top) {
    ids.push_back(t.token);
    sum += std::exp(t.logprob);
  }
  EXPECT_THAT(ids, ElementsAre(0, 2, 1, 4));
  EXPECT_NEAR(sum, 1, 1e-15);
  EXPECT_TRUE(LogprobsOf(sampler, {2, 1, 2, kNever, 1}, {}, 0).top.empty());
}

TEST(Sampler, ReportingLogprobsChangesNoDraw) {
  Dice dice(4);
  const std::vector<float> row = RandomRow(dice, 400);
  Sampler sampler = PlainSampler(row.size());
  for (int64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(DrawToken(sampler, row, {.top_k = 30}, 1, i),
              DrawToken(sampler, row, {.top_k = 30, .logprobs = true, .top_logprobs = 20}, 1, i));
  }
}

}  // namespace
}  // namespace fathom
