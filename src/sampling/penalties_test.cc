#include "sampling/penalties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace fathom {
namespace {

using testing::ElementsAre;

std::vector<double> Applied(const SamplingParams& params, const std::vector<int32_t>& prompt,
                            const std::vector<int32_t>& answer, std::vector<double> logits) {
  Penalties penalties(params, prompt);
  for (const int32_t token : answer) penalties.Add(token);
  penalties.Apply(logits);
  return logits;
}

TEST(Penalties, NothingAskedForChangesNothing) {
  EXPECT_THAT(Applied({}, {0, 1}, {1, 1, 2}, {1, -2, 3}), ElementsAre(1, -2, 3));
}

TEST(Penalties, RepetitionWeakensPromptAndAnswerOnce) {
  const SamplingParams params = {.repetition_penalty = 2};
  EXPECT_THAT(Applied(params, {0, 0, 1}, {2, 2, 2}, {4, -4, 1, 5, 0}),
              ElementsAre(2, -8, 0.5, 5, 0));
}

TEST(Penalties, RepetitionBelowOneStrengthens) {
  const SamplingParams params = {.repetition_penalty = 0.5};
  EXPECT_THAT(Applied(params, {}, {0, 1}, {4, -4, 1}), ElementsAre(8, -2, 1));
}

TEST(Penalties, PresenceCountsOnceAndFrequencyEveryTime) {
  EXPECT_THAT(Applied({.presence_penalty = 0.5}, {0}, {1, 1, 1, 2}, {4, 4, 4}),
              ElementsAre(4, 3.5, 3.5));
  EXPECT_THAT(Applied({.frequency_penalty = 0.5}, {0}, {1, 1, 1, 2}, {4, 4, 4}),
              ElementsAre(4, 2.5, 3.5));
  EXPECT_THAT(Applied({.presence_penalty = 1, .frequency_penalty = -0.5}, {0}, {1, 1}, {4, 4}),
              ElementsAre(4, 4));
}

TEST(Penalties, BiasComesBeforeRepetition) {
  SamplingParams params = {.repetition_penalty = 2};
  params.logit_bias = {{0, 3}, {1, -3}};
  EXPECT_THAT(Applied(params, {}, {0, 1}, {1, 1, 1}), ElementsAre(2, -4, 1));
}

TEST(Penalties, RepetitionComesBeforeTheOthers) {
  const SamplingParams params = {
      .repetition_penalty = 2, .presence_penalty = 1, .frequency_penalty = 1};
  EXPECT_THAT(Applied(params, {}, {0}, {6}), ElementsAre(1));
}

TEST(Penalties, ImpossibleStaysImpossible) {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  SamplingParams params = {
      .repetition_penalty = 0.5, .presence_penalty = -2, .frequency_penalty = -2};
  params.logit_bias = {{0, 100}};
  EXPECT_THAT(Applied(params, {}, {0, 0}, {kNever}), ElementsAre(kNever));
}

}  // namespace
}  // namespace fathom
