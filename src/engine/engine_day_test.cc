// A day of traffic on a clock that only steps move: arrivals one by one and in bursts, people who
// leave, priorities, scopes, shared beginnings, and far too few pages.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "support/scripted_engine.h"

namespace fathom {
namespace {

// Longest that anyone may wait for their first token. The mean load is about half of what the
// engine can do, so that only bursts make queues.
constexpr double kPatience = 3600;

const test::Script kScript = test::HashScript(/*first=*/2, /*count=*/60);

class Day {
 public:
  Day(uint32_t seed, double length, test::ScriptedEngineOptions options)
      : random_(seed), length_(length) {
    options.engine.clock = [this] { return now_; };
    model_ = test::MakeScriptedModel(options, kScript);
    model_->OnStep(
        [this](const Batch& batch) { now_ += 0.3 + 0.01 * static_cast<double>(batch.size()); });
    engine_ = test::MakeScriptedEngine(*model_, options.engine);
  }

  void Run() {
    double next_arrival = 0;
    while (now_ < length_ || !open_.empty()) {
      while (next_arrival <= now_ && next_arrival < length_) {
        const bool burst = Chance(0.01);
        for (int64_t n = burst ? 40 : 1; n > 0; --n) Arrive();
        next_arrival += std::exponential_distribution<double>(1 / 22.0)(random_);
      }
      if (!open_.empty() && Chance(0.01)) CancelOne();
      std::vector<TokenEvent> events;
      const bool more = engine_->Step(&events);
      for (const TokenEvent& event : events) Take(event);
      if (testing::Test::HasFatalFailure()) return;
      if (!more) now_ = std::max(now_, std::min(next_arrival, length_));
    }
  }

  // Every request has finished and every page is back.
  EngineStats CheckEnd() {
    const EngineStats stats = engine_->Stats();
    EXPECT_EQ(finished_, submitted_);
    EXPECT_EQ(stats.waiting + stats.running, 0);
    EXPECT_EQ(stats.pages_held, 0);
    EXPECT_EQ(stats.pages_free + stats.pages_in_tree, stats.pages);
    engine_.reset();
    EXPECT_EQ(model_->cache().pool().free(), model_->cache().pool().size());
    return stats;
  }

  int64_t submitted() const { return submitted_; }
  double longest_wait() const { return longest_wait_; }

 private:
  struct Open {
    GenerateRequest request;
    std::vector<int32_t> tokens;
    double arrived;
  };

  bool Chance(double p) { return std::bernoulli_distribution(p)(random_); }
  int64_t Between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  void Arrive() {
    std::vector<int32_t> prompt;
    if (Chance(0.6)) {  // one of three system prompts
      prompt.assign(static_cast<size_t>(Between(60, 140)), static_cast<int32_t>(Between(0, 2)));
    }
    for (int64_t n = Between(1, 100); n > 0; --n) {
      prompt.push_back(static_cast<int32_t>(Between(0, 61)));
    }
    GenerateRequest request = test::GreedyRequest(std::move(prompt), Between(1, 200));
    if (Chance(0.02)) request.prompt.resize(static_cast<size_t>(engine_->context()) - 1, 7);
    if (Chance(0.1)) request.prompt_logprobs = static_cast<int>(Between(0, 2));
    request.priority = Chance(0.1) ? 1 : 0;
    request.user = static_cast<uint64_t>(Between(1, 5));
    request.cache_scope = static_cast<uint64_t>(Between(0, 1));
    const Result<RequestId> id = engine_->Submit(request);
    ASSERT_TRUE(id.ok()) << id.status().message();
    open_.emplace(*id, Open{std::move(request), {}, now_});
    ++submitted_;
  }

  void CancelOne() {
    const auto chosen =
        std::next(open_.begin(), Between(0, static_cast<int64_t>(open_.size()) - 1));
    engine_->Cancel(chosen->first);
  }

  void Take(const TokenEvent& event) {
    const auto found = open_.find(event.request);
    ASSERT_NE(found, open_.end()) << "an event after the end";
    Open& open = found->second;
    if (event.token) {
      if (open.tokens.empty()) longest_wait_ = std::max(longest_wait_, now_ - open.arrived);
      open.tokens.push_back(event.token->token);
    }
    if (!event.finish) return;
    const auto tokens = static_cast<int64_t>(open.tokens.size());
    if (*event.finish != FinishReason::kCancelled) {
      ASSERT_EQ(*event.finish, FinishReason::kLength);
      ASSERT_EQ(tokens,
                std::min(open.request.sampling.max_tokens,
                         engine_->context() - static_cast<int64_t>(open.request.prompt.size())));
    }
    ASSERT_EQ(open.tokens, test::ScriptedAnswer(kScript, open.request.prompt, tokens));
    open_.erase(found);
    ++finished_;
  }

  std::mt19937 random_;
  const double length_;  // seconds in which requests arrive
  double now_ = 0;
  std::unique_ptr<test::ScriptedModel> model_;
  std::unique_ptr<Engine> engine_;
  std::map<RequestId, Open> open_;
  int64_t submitted_ = 0, finished_ = 0;
  double longest_wait_ = 0;
};

TEST(EngineDay, EndsWithEveryPageBackAndEveryRequestFinished) {
  test::ScriptedEngineOptions options;
  options.pages = 9;  // a context has four
  options.step_tokens = 48;
  options.logit_rows = 8;
  options.engine.max_running = 8;
  options.engine.mixed_prompt_tokens = 20;
  Day day(/*seed=*/11, 24 * 3600, options);
  day.Run();
  ASSERT_FALSE(testing::Test::HasFatalFailure());
  const EngineStats stats = day.CheckEnd();
  EXPECT_GT(day.submitted(), 4000);
  EXPECT_GT(stats.preemptions, 100);
  EXPECT_GT(stats.prompt_tokens_cached, 10000);
  EXPECT_GT(stats.finished[static_cast<size_t>(FinishReason::kCancelled)], 100);
  EXPECT_LT(day.longest_wait(), kPatience);
}

// Any engine, however odd: one token a step, no page to spare, a single place.
TEST(EngineDay, AnyEngineGetsThroughHalfAnHour) {
  std::mt19937 random(5);
  const auto among = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (uint32_t seed = 0; seed < 60; ++seed) {
    test::ScriptedEngineOptions options;
    options.engine.max_running = among(1, 10);
    options.engine.mixed_prompt_tokens = among(1, 40);
    options.logit_rows = options.engine.max_running + among(0, 3);
    options.step_tokens = among(1, 80);
    options.pages = static_cast<int32_t>(among(4, 14));
    Day day(seed, 1800, options);
    day.Run();
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed;
    day.CheckEnd();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace fathom
