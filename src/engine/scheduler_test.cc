#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "kv/page_table.h"

namespace fathom {
namespace {

constexpr int64_t kPlenty = 1000;

StepLimits Limits(int64_t step_tokens) {
  return {.step_tokens = step_tokens,
          .mixed_prompt_tokens = step_tokens,
          .logit_rows = 16,
          .pages = kPlenty};
}

SequenceView Prompt(int64_t uncached, int64_t arrival) {
  return {.uncached = uncached, .arrival = arrival};
}
SequenceView Generating(int64_t arrival, int64_t uncached = 1) {
  return {.uncached = uncached, .generating = true, .arrival = arrival};
}

std::vector<std::pair<size_t, int64_t>> Shares(const std::vector<SequenceView>& views,
                                               const StepLimits& limits) {
  const StepPlan plan = PlanStep(views, limits);
  EXPECT_FALSE(plan.preempt);
  std::vector<std::pair<size_t, int64_t>> shares;
  for (const StepShare& share : plan.shares) shares.push_back({share.sequence, share.tokens});
  return shares;
}
using Expected = std::vector<std::pair<size_t, int64_t>>;

TEST(PlanStep, NothingToDo) {
  EXPECT_EQ(Shares({}, Limits(64)), Expected{});
  EXPECT_EQ(Shares({Prompt(0, 1)}, Limits(64)), Expected{});
}

TEST(PlanStep, GeneratingSequencesGoFirst) {
  EXPECT_EQ(Shares({Prompt(5000, 1), Generating(2), Generating(3)}, Limits(2048)),
            (Expected{{1, 1}, {2, 1}, {0, 2046}}));
}

TEST(PlanStep, PromptsShareTheStepByRank) {
  EXPECT_EQ(Shares({Prompt(100, 7), Prompt(300, 8), Prompt(50, 9)}, Limits(256)),
            (Expected{{0, 100}, {1, 156}}));
  std::vector<SequenceView> views = {Prompt(100, 9), Prompt(300, 8), Prompt(50, 7)};
  EXPECT_EQ(Shares(views, Limits(256)), (Expected{{2, 50}, {1, 206}}));
  views[0].priority = 1;
  EXPECT_EQ(Shares(views, Limits(256)), (Expected{{0, 100}, {2, 50}, {1, 106}}));
}

TEST(PlanStep, PromptsTakeSmallPiecesBesideGenerating) {
  StepLimits limits = Limits(512);
  limits.mixed_prompt_tokens = 100;
  EXPECT_EQ(Shares({Generating(1), Prompt(70, 2), Prompt(300, 3)}, limits),
            (Expected{{0, 1}, {1, 70}, {2, 30}}));
  EXPECT_EQ(Shares({Prompt(70, 2), Prompt(600, 3)}, limits), (Expected{{0, 70}, {1, 442}}));
}

TEST(PlanStep, GeneratingSequencesMayCheckSeveralTokens) {
  EXPECT_EQ(Shares({Generating(1, 4), Prompt(70, 2), Generating(3, 3)}, Limits(16)),
            (Expected{{0, 4}, {2, 3}, {1, 9}}));
}

TEST(PlanStep, RowsOfLogitsAreDividedSoThatEverybodyHasOne) {
  StepLimits limits = Limits(64);
  limits.logit_rows = 8;
  std::vector<SequenceView> views = {Generating(1), Prompt(30, 2), Prompt(30, 3), Prompt(5, 4)};
  views[1].all_rows = views[2].all_rows = true;
  // Of 8: one for the first, two kept for those behind, five; one more kept, one; one.
  EXPECT_EQ(Shares(views, limits), (Expected{{0, 1}, {1, 5}, {2, 1}, {3, 5}}));
}

TEST(PlanStep, PiecesEndWherePagesEnd) {
  StepLimits limits = Limits(500);
  limits.pages = 2;
  std::vector<SequenceView> views = {Prompt(400, 1)};
  views[0].room = 7;
  EXPECT_EQ(Shares(views, limits), (Expected{{0, 2 * kPageTokens + 7}}));
}

TEST(PlanStep, LowestRankGivesWay) {
  StepLimits limits = Limits(64);
  limits.pages = 0;
  std::vector<SequenceView> views = {Generating(1), Generating(2), Prompt(9, 3)};
  views[1].room = views[2].room = 1;
  EXPECT_EQ(PlanStep(views, limits).preempt, 2U);
  views[1].priority = -1;
  EXPECT_EQ(PlanStep(views, limits).preempt, 1U);
  // The one whose turn it is, when it ranks lowest itself.
  views[1] = Generating(2), views[0].room = 1, views[2].arrival = 0;
  EXPECT_EQ(PlanStep(views, limits).preempt, 1U);
}

TEST(PlanStepDeathTest, OneSequenceAloneFindsItsPages) {
  StepLimits limits = Limits(64);
  limits.pages = 0;
  EXPECT_DEATH(static_cast<void>(PlanStep(std::vector{Generating(1)}, limits)),
               "no page for the only sequence");
}

// Every invariant of a plan, for every small state.
void CheckPlan(const std::vector<SequenceView>& views, const StepLimits& limits) {
  const StepPlan plan = PlanStep(views, limits);
  const auto ranks_before = [&](const SequenceView& a, const SequenceView& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.arrival < b.arrival;
  };
  const bool mixed = std::any_of(views.begin(), views.end(),
                                 [](const auto& v) { return v.generating && v.uncached > 0; });
  const bool work =
      std::any_of(views.begin(), views.end(), [](const auto& v) { return v.uncached > 0; });
  ASSERT_EQ(work, !plan.shares.empty() || plan.preempt.has_value());
  if (plan.preempt) {
    ASSERT_TRUE(plan.shares.empty());
    ASSERT_GT(views.size(), 1U);
    for (const SequenceView& v : views) {
      ASSERT_FALSE(ranks_before(views[*plan.preempt], v)) << "not the lowest";
    }
    // Nobody gives way while there are pages for all.
    int64_t wanted = 0;
    for (const SequenceView& v : views) {
      wanted += PagesFor(std::max<int64_t>(0, std::min(v.uncached, limits.step_tokens) - v.room));
    }
    ASSERT_GT(wanted, limits.pages);
    return;
  }
  int64_t tokens = 0, prompts = 0, pages = 0, rows = 0;
  std::vector<int64_t> given(views.size());
  for (const StepShare& share : plan.shares) {
    const SequenceView& v = views[share.sequence];
    ASSERT_GT(share.tokens, 0);
    ASSERT_LE(share.tokens, v.uncached);
    ASSERT_EQ(given[share.sequence], 0);
    given[share.sequence] = share.tokens;
    tokens += share.tokens;
    if (!v.generating) prompts += share.tokens;
    pages += PagesFor(std::max<int64_t>(0, share.tokens - v.room));
    rows += v.all_rows ? share.tokens : share.tokens == v.uncached;
  }
  ASSERT_LE(tokens, limits.step_tokens);
  ASSERT_LE(pages, limits.pages);
  ASSERT_LE(rows, limits.logit_rows);
  if (mixed) {
    ASSERT_LE(prompts, limits.mixed_prompt_tokens);
  }
  for (size_t i = 0; i < views.size(); ++i) {
    if (views[i].uncached == 0 || given[i] > 0) continue;
    // Left out for the step's tokens alone, and never for one of a lower rank and the same kind.
    ASSERT_TRUE(tokens == limits.step_tokens ||
                (!views[i].generating && prompts == limits.mixed_prompt_tokens));
    for (size_t j = 0; j < views.size(); ++j) {
      if (given[j] == 0 || views[j].generating != views[i].generating) continue;
      ASSERT_FALSE(ranks_before(views[i], views[j]));
    }
    if (views[i].generating) {
      ASSERT_EQ(prompts, 0);
    }
  }
}

TEST(PlanStep, EverySmallStateKeepsEveryPromise) {
  std::vector<SequenceView> kinds;
  for (const int64_t uncached : {0, 1, 3, 65, 130}) {
    for (const int64_t room : {0, 1, 63}) {
      for (const int kind : {0, 1, 2}) {
        for (const int priority : {0, 1}) {
          kinds.push_back({.uncached = uncached,
                           .generating = kind == 1,
                           .all_rows = kind == 2,
                           .room = room,
                           .priority = priority});
        }
      }
    }
  }
  const auto check = [&](std::vector<SequenceView> views, int64_t fewest_pages) {
    for (size_t i = 0; i < views.size(); ++i) views[i].arrival = static_cast<int64_t>(i + 1);
    for (const int64_t step : {1, 2, 64, 200}) {
      for (const int64_t mixed : {1, 2, 64}) {
        for (int64_t pages = fewest_pages; pages <= 3; ++pages) {
          for (const int64_t more_rows : {0, 2}) {
            CheckPlan(views, {.step_tokens = step,
                              .mixed_prompt_tokens = mixed,
                              .logit_rows = static_cast<int64_t>(views.size()) + more_rows,
                              .pages = pages});
            if (testing::Test::HasFatalFailure()) return;
          }
        }
      }
    }
  };
  for (const auto& a : kinds) {
    check({a}, /*fewest_pages=*/1);
    for (const auto& b : kinds) check({a, b}, 0);
  }
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::vector<SequenceView> views(3 + random() % 4);
    for (auto& view : views) view = kinds[random() % kinds.size()];
    check(views, 0);
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "round " << round;
  }
}

TEST(NextToAdmit, PriorityThenTheUserServedLeastThenArrival) {
  EXPECT_FALSE(NextToAdmit({}));
  std::vector<WaitingView> views = {{.served = 5, .arrival = 1},
                                    {.served = 3, .arrival = 2},
                                    {.served = 3, .arrival = 3},
                                    {.served = 9, .arrival = 4}};
  EXPECT_EQ(NextToAdmit(views), 1U);
  views[3].priority = 1;
  EXPECT_EQ(NextToAdmit(views), 3U);
  views[3].priority = -1;
  views[0].overtaken = kMostOvertaken;
  EXPECT_EQ(NextToAdmit(views), 0U);
  views[1].overtaken = kMostOvertaken;  // both: by arrival
  EXPECT_EQ(NextToAdmit(views), 0U);
}

// The order is one: whoever goes first of many goes first of any part that has it.
TEST(NextToAdmit, EverySmallStateHasOneOrder) {
  std::vector<WaitingView> kinds;
  for (const int priority : {0, 1}) {
    for (const int64_t served : {0, 7}) {
      for (const int64_t overtaken : {int64_t{0}, kMostOvertaken}) {
        for (const int64_t arrival : {1, 2, 3})
          kinds.push_back({priority, served, overtaken, arrival});
      }
    }
  }
  const auto first = [](const WaitingView& a, const WaitingView& b) {
    const std::vector<WaitingView> both = {a, b};
    return NextToAdmit(both) == 0U;
  };
  for (const auto& a : kinds) {
    for (const auto& b : kinds) {
      if (a.priority > b.priority) {
        EXPECT_TRUE(first(a, b));
      }
      for (const auto& c : kinds) {
        const std::vector<WaitingView> all = {a, b, c};
        const WaitingView& winner = all[*NextToAdmit(all)];
        for (const auto& other : all) EXPECT_TRUE(first(winner, other));
      }
    }
  }
}

TEST(NextToAdmit, PrioritiesMayBeAsLargeAsTheyLike) {
  const int low = std::numeric_limits<int>::min(), high = std::numeric_limits<int>::max();
  const std::vector<WaitingView> views = {{.priority = low}, {.priority = high}, {.priority = 0}};
  EXPECT_EQ(NextToAdmit(views), 1U);
  std::vector<SequenceView> running = {Generating(1), Generating(2), Generating(3)};
  running[0].priority = low, running[1].priority = high;
  StepLimits limits = Limits(64);
  limits.pages = 0;
  EXPECT_EQ(PlanStep(running, limits).preempt, 0U);
}

TEST(NextToAdmit, EndlessNewUsersKeepNobodyOut) {
  WaitingView old = {.served = 1000, .arrival = 0};
  for (int64_t newcomer = 1;; ++newcomer) {
    ASSERT_LE(newcomer, kMostOvertaken + 1);
    const std::vector<WaitingView> views = {old, {.served = 0, .arrival = newcomer}};
    if (NextToAdmit(views) == 0U) break;
    ++old.overtaken;
  }
}

TEST(HasRoomFor, CountsWhatOthersStillNeed) {
  EXPECT_TRUE(HasRoomFor({.needed = 5, .owed = 2, .running = 1, .pages = 8}));
  EXPECT_FALSE(HasRoomFor({.needed = 5, .owed = 2, .running = 1, .pages = 7}));
  EXPECT_TRUE(
      HasRoomFor({.needed = 9, .owed = 0, .running = 0, .pages = 8}));  // it finds its pages
}

}  // namespace
}  // namespace fathom
