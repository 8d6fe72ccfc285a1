#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <random>

namespace fathom {
namespace {

std::vector<SequenceView> Views(std::initializer_list<int64_t> uncached) {
  std::vector<SequenceView> views;
  for (const int64_t tokens : uncached) views.push_back({tokens});
  return views;
}

TEST(PlanStep, NothingToDo) {
  EXPECT_TRUE(PlanStep({}, 64).empty());
  EXPECT_TRUE(PlanStep(Views({0, 0}), 64).empty());
}

TEST(PlanStep, GeneratingSequencesGoFirst) {
  const auto plan = PlanStep(Views({5000, 1, 1}), 2048);
  ASSERT_EQ(plan.size(), 3U);
  EXPECT_EQ(plan[0].sequence, 1U);
  EXPECT_EQ(plan[1].sequence, 2U);
  EXPECT_EQ(plan[2].sequence, 0U);
  EXPECT_EQ(plan[2].tokens, 2046);
}

TEST(PlanStep, PromptsShareTheStepOldestFirst) {
  const auto plan = PlanStep(Views({100, 300, 50}), 256);
  ASSERT_EQ(plan.size(), 2U);
  EXPECT_EQ(plan[0].tokens, 100);
  EXPECT_EQ(plan[1].sequence, 1U);
  EXPECT_EQ(plan[1].tokens, 156);
}

TEST(PlanStep, NeverMoreThanTheStepAndEveryoneEnds) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    const int64_t step = 1 + random() % 100;
    std::vector<SequenceView> views(1 + random() % 8);
    for (auto& view : views) view.uncached_tokens = random() % 200;
    int64_t steps = 0;
    while (true) {
      const auto plan = PlanStep(views, step);
      if (plan.empty()) break;
      int64_t used = 0;
      for (const StepShare& share : plan) {
        EXPECT_GT(share.tokens, 0);
        EXPECT_LE(share.tokens, views[share.sequence].uncached_tokens);
        views[share.sequence].uncached_tokens -= share.tokens;
        used += share.tokens;
      }
      EXPECT_LE(used, step);
      ASSERT_LT(++steps, 2000);
    }
    for (const auto& view : views) EXPECT_EQ(view.uncached_tokens, 0);
  }
}

}  // namespace
}  // namespace fathom
