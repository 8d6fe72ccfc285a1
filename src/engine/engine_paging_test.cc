// Pages, prefixes, turns and priorities, over a model that shows which tokens it finds in its
// pages.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "support/scripted_engine.h"

namespace fathom {
namespace {

using test::GreedyRequest;

const test::Script kScript = test::HashScript(/*first=*/2, /*count=*/60);

std::vector<int32_t> PromptOf(int32_t token, int64_t length) {
  return std::vector<int32_t>(static_cast<size_t>(length), token);
}

class PagingTest : public testing::Test {
 protected:
  PagingTest() { Open({}); }

  void Open(const test::ScriptedEngineOptions& options, test::Script script = kScript) {
    engine_.reset();
    model_ = test::MakeScriptedModel(options, script);
    script_ = std::move(script);
    model_->OnStep([this](const Batch& batch) { step_sizes_.push_back(batch.size()); });
    engine_ = test::MakeScriptedEngine(*model_, options.engine);
    answers_.clear();
    order_.clear();
    step_sizes_.clear();
  }
  static test::ScriptedEngineOptions Running(int64_t max_running, int32_t pages = 64) {
    test::ScriptedEngineOptions options;
    options.engine.max_running = max_running;
    options.pages = pages;
    return options;
  }

  struct Answer {
    GenerateRequest request;
    std::vector<int32_t> tokens;
    std::optional<FinishReason> finish;
    Status status;
    int64_t cached_tokens = 0;
    size_t prompt_logprobs = 0;
  };

  RequestId Submit(GenerateRequest request) {
    const RequestId id = *engine_->Submit(request);
    answers_[id].request = std::move(request);
    return id;
  }

  bool Step() {
    std::vector<TokenEvent> events;
    const bool more = engine_->Step(&events);
    for (TokenEvent& event : events) {
      Answer& answer = answers_[event.request];
      EXPECT_FALSE(answer.finish) << "an event after the end";
      if (event.token) answer.tokens.push_back(event.token->token);
      answer.prompt_logprobs += event.prompt_logprobs.size();
      answer.cached_tokens = event.cached_tokens;
      answer.finish = event.finish;
      answer.status = event.status;
      if (event.finish) order_.push_back(event.request);
    }
    return more;
  }

  // Runs until nothing is left, then checks every answer and page.
  void Drain() {
    for (int steps = 0; Step(); ++steps) ASSERT_LT(steps, 100000) << "the engine does not end";
    for (const auto& [id, answer] : answers_) {
      ASSERT_TRUE(answer.finish) << "request " << id;
      if (*answer.finish == FinishReason::kLength) {
        const auto tokens = static_cast<int64_t>(answer.tokens.size());
        EXPECT_EQ(tokens, std::min<int64_t>(answer.request.sampling.max_tokens,
                                            engine_->context() - answer.request.prompt.size()));
      }
      EXPECT_EQ(answer.tokens, test::ScriptedAnswer(script_, answer.request.prompt,
                                                    static_cast<int64_t>(answer.tokens.size())))
          << "request " << id;
    }
    const EngineStats stats = engine_->Stats();
    EXPECT_EQ(stats.pages_held, 0);
    EXPECT_EQ(stats.pages_free + stats.pages_in_tree, stats.pages);
    EXPECT_EQ(stats.waiting + stats.running, 0);
  }

  std::unique_ptr<test::ScriptedModel> model_;
  test::Script script_;
  std::unique_ptr<Engine> engine_;
  std::map<RequestId, Answer> answers_;
  std::vector<RequestId> order_;  // of ends
  std::vector<int64_t> step_sizes_;
};

TEST_F(PagingTest, SamePromptAtTheSameTimeIsComputedOnce) {
  Open(Running(32));
  const std::vector<int32_t> prompt = PromptOf(5, 200);
  for (int i = 0; i < 32; ++i) Submit(GreedyRequest(prompt, 3));
  Drain();
  EXPECT_EQ(engine_->Stats().prompt_tokens_computed, 200 + 31 * (200 - 192));
  int64_t cached = 0;
  for (const auto& [id, answer] : answers_) cached += answer.cached_tokens == 192;
  EXPECT_EQ(cached, 31);
}

TEST_F(PagingTest, NeighbourThatIsWaitedForMayLeave) {
  Open(Running(4));
  const RequestId first = Submit(GreedyRequest(PromptOf(5, 200), 3));
  const RequestId second = Submit(GreedyRequest(PromptOf(5, 201), 3));
  Step();
  EXPECT_FALSE(engine_->Progress(second)->running);
  EXPECT_TRUE(engine_->Progress(first)->running);
  engine_->Cancel(first);
  Step();
  EXPECT_TRUE(engine_->Progress(second)->running);
  EXPECT_EQ(engine_->Progress(second)->cached_tokens, 64);  // what the first one had computed
  Drain();
}

TEST_F(PagingTest, NobodyWaitsForALowerPriority) {
  Open(Running(4));
  const RequestId first = Submit(GreedyRequest(PromptOf(5, 200), 3));
  Step();
  GenerateRequest urgent = GreedyRequest(PromptOf(5, 200), 3);
  urgent.priority = 1;
  const RequestId second = Submit(urgent);
  Step();
  EXPECT_TRUE(engine_->Progress(second)->running);
  EXPECT_EQ(engine_->Progress(second)->cached_tokens, 64);
  Drain();
  EXPECT_EQ(order_, (std::vector<RequestId>{second, first}));
  // Both computed the rest; one copy is kept.
  EXPECT_EQ(engine_->Stats().pages_in_tree, 3);
}

TEST_F(PagingTest, ScopesShareNothing) {
  GenerateRequest request = GreedyRequest(PromptOf(5, 200), 3);
  for (const uint64_t scope : {1, 2, 1}) {
    request.cache_scope = scope;
    Submit(request);
    Drain();
  }
  EXPECT_EQ(answers_[1].cached_tokens, 0);
  EXPECT_EQ(answers_[2].cached_tokens, 0);
  EXPECT_EQ(answers_[3].cached_tokens, 192);
  // At the same time, too: nobody waits for another scope.
  Submit(request);
  request.cache_scope = 3;
  const RequestId other = Submit(request);
  Step();
  EXPECT_TRUE(engine_->Progress(other)->running);
  EXPECT_EQ(engine_->Progress(other)->cached_tokens, 0);
  Drain();
}

TEST_F(PagingTest, AnswersAreFoundToo) {
  const RequestId first = Submit(GreedyRequest(PromptOf(5, 60), 100));
  Drain();
  std::vector<int32_t> next = answers_[first].request.prompt;
  next.insert(next.end(), answers_[first].tokens.begin(), answers_[first].tokens.end());
  next.push_back(3);
  const RequestId second = Submit(GreedyRequest(next, 5));
  Drain();
  EXPECT_EQ(answers_[second].cached_tokens, 128);
}

TEST_F(PagingTest, LeastRecentlyUsedPrefixMakesRoom) {
  Open(Running(1, /*pages=*/7));
  for (const int32_t token : {5, 6, 7}) {  // two whole pages each
    Submit(GreedyRequest(PromptOf(token, 130), 3));
    Drain();
  }
  Submit(GreedyRequest(PromptOf(5, 130), 3));  // known, and used last now
  Drain();
  Submit(GreedyRequest(PromptOf(8, 130), 3));
  Drain();
  EXPECT_EQ(answers_[4].cached_tokens, 128);
  const RequestId kept = Submit(GreedyRequest(PromptOf(5, 130), 3));
  Drain();
  const RequestId gone = Submit(GreedyRequest(PromptOf(6, 130), 3));
  Drain();
  EXPECT_EQ(answers_[kept].cached_tokens, 128);
  EXPECT_EQ(answers_[gone].cached_tokens, 0);
}

// Used until it ended, though all of its pages were known long before.
TEST_F(PagingTest, RunningIsUsing) {
  Open(Running(2, /*pages=*/6));
  Submit(GreedyRequest(PromptOf(5, 130), 50));
  for (int i = 0; i < 5; ++i) Step();
  Submit(GreedyRequest(PromptOf(6, 66), 3));
  Drain();
  Submit(GreedyRequest(PromptOf(7, 200), 50));  // needs one page of the three that are known
  Drain();
  const RequestId longer = Submit(GreedyRequest(PromptOf(5, 130), 3));
  Drain();
  EXPECT_EQ(answers_[longer].cached_tokens, 128);
}

TEST_F(PagingTest, LowestPriorityGivesWayAndGoesOnLater) {
  Open(Running(3, /*pages=*/4));
  GenerateRequest lower = GreedyRequest(PromptOf(5, 10), 200);
  lower.priority = -1;
  const RequestId first = Submit(lower);
  const RequestId second = Submit(GreedyRequest(PromptOf(6, 10), 200));
  int64_t preemptions = 0;
  bool waited_with_tokens = false;
  while (Step()) {
    if (const auto progress = engine_->Progress(first)) {
      preemptions = std::max(preemptions, progress->preemptions);
      waited_with_tokens |= !progress->running && progress->generated_tokens > 0;
    }
    if (const auto progress = engine_->Progress(second)) {
      EXPECT_EQ(progress->preemptions, 0);
    }
  }
  Drain();
  EXPECT_GT(preemptions, 0);
  EXPECT_EQ(engine_->Stats().preemptions, preemptions);
  EXPECT_TRUE(waited_with_tokens);
  EXPECT_EQ(order_, (std::vector<RequestId>{second, first}));
  // Beginning again is no second arrival.
  EXPECT_EQ(answers_[first].cached_tokens, 0);
  EXPECT_EQ(engine_->Stats().queue_seconds.total, 2);
}

// The first gives way with 99 tokens, and is computed again while the second one still generates.
TEST_F(PagingTest, RecomputationTakesSmallPiecesToo) {
  test::ScriptedEngineOptions options = Running(3, /*pages=*/6);
  options.engine.mixed_prompt_tokens = 16;
  Open(options);
  GenerateRequest lower = GreedyRequest(PromptOf(5, 10), 110);
  lower.priority = -1;
  const RequestId first = Submit(lower);
  const RequestId second = Submit(GreedyRequest(PromptOf(6, 40), 150));
  Submit(GreedyRequest(PromptOf(7, 40), 110));
  while (answers_[second].tokens.empty()) Step();
  step_sizes_.clear();
  bool came_back = false, gave_way = false;
  while (!answers_[second].finish) {
    Step();
    const auto progress = engine_->Progress(first);
    gave_way |= progress && !progress->running && progress->preemptions == 1;
    came_back |= gave_way && progress && progress->running;
  }
  EXPECT_TRUE(came_back);
  EXPECT_EQ(*std::max_element(step_sizes_.begin(), step_sizes_.end()), 17);
  Drain();
}

// Four pages are the whole cache, so it has to run alone while small ones would always fit.
TEST_F(PagingTest, WholeContextGetsThroughAmongEndlessOthers) {
  Open(Running(4, /*pages=*/4));
  for (int32_t i = 0; i < 4; ++i) Submit(GreedyRequest(PromptOf(7 + i, 20), 30 + 13 * i));
  GenerateRequest whole = GreedyRequest(PromptOf(5, 255), 1);
  uint64_t user = 1;
  whole.user = user++;
  const RequestId large = Submit(whole);
  for (int steps = 0; !answers_[large].finish; ++steps) {
    ASSERT_LT(steps, 300);
    if (engine_->Stats().waiting < 3) {
      GenerateRequest small = GreedyRequest(PromptOf(static_cast<int32_t>(user % 50), 20),
                                            static_cast<int64_t>(20 + user * 7 % 40));
      small.user = user++;
      Submit(small);
    }
    Step();
  }
  Drain();
}

// Newcomers start level with the least served, who are newcomers too: for ever fewer than the
// first.
TEST_F(PagingTest, UserServedMoreThanEndlessNewcomersGetsThrough) {
  Open(Running(1));
  uint64_t newcomer = 100;
  const auto keep_newcomers_waiting = [&] {
    while (engine_->Stats().waiting < 3) {
      GenerateRequest small = GreedyRequest(PromptOf(static_cast<int32_t>(newcomer % 50), 3), 2);
      small.user = newcomer++;
      Submit(small);
    }
  };
  GenerateRequest request = GreedyRequest(PromptOf(5, 200), 20);
  Submit(request);
  Step();
  keep_newcomers_waiting();
  const RequestId second = Submit(request);
  for (int steps = 0; !answers_[second].finish; ++steps) {
    ASSERT_LT(steps, 1000);
    keep_newcomers_waiting();
    Step();
  }
  EXPECT_GT(order_.size(), static_cast<size_t>(kMostOvertaken) / 2);  // and not before its turn
  Drain();
}

TEST_F(PagingTest, PromptsThatRunKeepThePagesTheyNeed) {
  Open(Running(2, /*pages=*/8));
  const RequestId first = Submit(GreedyRequest(PromptOf(5, 200), 20));
  const RequestId second = Submit(GreedyRequest(PromptOf(6, 200), 20));
  Step();
  EXPECT_TRUE(engine_->Progress(first)->running);
  EXPECT_FALSE(engine_->Progress(second)->running);
  Drain();
  EXPECT_EQ(engine_->Stats().preemptions, 0);
}

TEST_F(PagingTest, PromptsTakeSmallPiecesWhileOthersGenerate) {
  test::ScriptedEngineOptions options = Running(4);
  options.engine.mixed_prompt_tokens = 16;
  Open(options);
  Submit(GreedyRequest(PromptOf(5, 10), 50));
  Step();
  Submit(GreedyRequest(PromptOf(6, 200), 5));
  Submit(GreedyRequest(PromptOf(7, 200), 5));
  step_sizes_.clear();
  for (int i = 0; i < 12; ++i) Step();
  EXPECT_EQ(step_sizes_, std::vector<int64_t>(12, 17));
  EXPECT_EQ(answers_[1].tokens.size(), 13U);  // not one step without a token
  Drain();
}

TEST_F(PagingTest, UsersTakeTurns) {
  Open(Running(1));
  std::vector<RequestId> many;
  GenerateRequest request = GreedyRequest(PromptOf(5, 40), 5);
  for (int i = 0; i < 6; ++i) {
    request.user = 1;
    request.prompt[0] = i;  // nothing shared
    many.push_back(Submit(request));
  }
  request.user = 2;
  request.prompt[0] = 50;
  const RequestId other = Submit(request);
  Drain();
  EXPECT_EQ(order_[0], many[0]);
  EXPECT_EQ(order_[1], other);
}

TEST_F(PagingTest, GeneratedTokensCountAsServed) {
  Open(Running(1));
  const auto submit = [&](uint64_t user, int32_t token, int64_t prompt, int64_t tokens) {
    GenerateRequest request = GreedyRequest(PromptOf(token, prompt), tokens);
    request.user = user;
    return Submit(request);
  };
  const RequestId a = submit(1, 5, 5, 100), b = submit(1, 6, 5, 1);
  const RequestId c = submit(2, 7, 40, 1), d = submit(2, 8, 40, 1);
  Drain();
  EXPECT_EQ(order_, (std::vector<RequestId>{a, c, d, b}));
}

TEST_F(PagingTest, ThoseWhoHaveLeftSetNoMeasure) {
  Open(Running(1));
  GenerateRequest request = GreedyRequest(PromptOf(5, 5), 1);
  request.user = 3;
  Submit(request);
  Drain();
  request.user = 1;
  request.sampling.max_tokens = 200;
  Submit(request);
  Drain();
  const RequestId known = Submit(request);
  request.user = 2;
  const RequestId newcomer = Submit(request);
  order_.clear();
  Drain();
  EXPECT_EQ(order_, (std::vector<RequestId>{known, newcomer}));
}

TEST_F(PagingTest, HigherPriorityStartsFirst) {
  Open(Running(1));
  std::vector<RequestId> ids;
  for (const int priority : {0, -5, 3, 0, 3}) {
    GenerateRequest request = GreedyRequest(PromptOf(static_cast<int32_t>(ids.size()), 5), 2);
    request.priority = priority;
    ids.push_back(Submit(request));
  }
  Drain();
  EXPECT_EQ(order_, (std::vector<RequestId>{ids[2], ids[4], ids[0], ids[3], ids[1]}));
}

TEST_F(PagingTest, BrokenLogitsEndOneRequest) {
  Open(Running(4), [](std::span<const int32_t> prefix) {
    const bool broken = prefix[0] == 9 && prefix.size() == 70;
    return broken ? test::kBrokenLogits : kScript(prefix);
  });
  Submit(GreedyRequest(PromptOf(5, 65), 20));
  const RequestId bad = Submit(GreedyRequest(PromptOf(9, 65), 20));
  Submit(GreedyRequest(PromptOf(6, 65), 20));
  Drain();
  EXPECT_EQ(answers_[bad].finish, FinishReason::kError);
  EXPECT_EQ(answers_[bad].status.code(), Code::kDataLoss);
  EXPECT_EQ(answers_[bad].status.message(), "position 69: the logit of token 0 is nan");
  EXPECT_EQ(answers_[bad].tokens.size(), 5U);
  EXPECT_EQ(engine_->Stats().finished[static_cast<size_t>(FinishReason::kError)], 1);
}

TEST_F(PagingTest, PromptLogprobsComputeTheWholePrompt) {
  test::ScriptedEngineOptions options = Running(3);
  options.logit_rows = 10;
  Open(options);
  Submit(GreedyRequest(PromptOf(5, 200), 3));
  Drain();
  GenerateRequest request = GreedyRequest(PromptOf(5, 200), 3);
  request.prompt_logprobs = 2;
  const RequestId first = Submit(request), second = Submit(request);
  const RequestId plain = Submit(GreedyRequest(PromptOf(6, 100), 30));
  Drain();
  for (const RequestId id : {first, second}) {
    EXPECT_EQ(answers_[id].cached_tokens, 0);
    EXPECT_EQ(answers_[id].prompt_logprobs, 199U);
  }
  EXPECT_EQ(answers_[plain].tokens.size(), 30U);
  EXPECT_EQ(engine_->Stats().pages_in_tree, 3 + 2);  // the same pages, once
}

// Two rows of logits a step make its prompt so slow that the other one needs its pages before.
TEST_F(PagingTest, PromptLogprobsGoOnAfterPreemption) {
  test::ScriptedEngineOptions options = Running(2, /*pages=*/5);
  options.logit_rows = 3;
  Open(options);
  Submit(GreedyRequest(PromptOf(6, 10), 220));
  for (int i = 0; i < 30; ++i) Step();
  GenerateRequest request = GreedyRequest(PromptOf(5, 190), 3);
  request.prompt_logprobs = 0;
  const RequestId id = Submit(request);
  size_t reported_before = 0;
  while (Step()) {
    const auto progress = engine_->Progress(id);
    if (progress && progress->preemptions > 0 && !progress->running) {
      reported_before = answers_[id].prompt_logprobs;
    }
  }
  Drain();
  EXPECT_GT(reported_before, 100U);
  EXPECT_LT(reported_before, 189U);
  EXPECT_EQ(answers_[id].prompt_logprobs, 189U);
  EXPECT_EQ(answers_[id].tokens.size(), 3U);
}

TEST_F(PagingTest, StatsAddUp) {
  double now = 0;
  test::ScriptedEngineOptions options = Running(1);
  options.engine.clock = [&now] { return now; };
  Open(options);
  Submit(GreedyRequest(PromptOf(5, 100), 4));
  Submit(GreedyRequest(PromptOf(6, 10), 4));
  now = 5;
  const EngineStats before = engine_->Stats();
  EXPECT_EQ(before.waiting, 2);
  EXPECT_EQ(before.oldest_waiting_seconds(), 5);
  model_->OnStep([&](const Batch&) { now += 1; });
  Drain();
  const EngineStats stats = engine_->Stats();
  EXPECT_EQ(stats.steps, 2 + 3 + 1 + 3);  // the first prompt takes two
  EXPECT_EQ(stats.prompt_tokens_computed, 110);
  EXPECT_EQ(stats.generated_tokens, 8);
  EXPECT_EQ(stats.finished[static_cast<size_t>(FinishReason::kLength)], 2);
  EXPECT_EQ(stats.step_seconds.total, 9);
  EXPECT_EQ(stats.step_seconds.sum, 9);
  EXPECT_EQ(stats.batch_sequences.sum, 9);
  EXPECT_EQ(stats.queue_seconds.sum, 5 + 10);
  EXPECT_EQ(stats.first_token_seconds.sum, 7 + 11);
  EXPECT_EQ(stats.between_tokens_seconds.total, 6);
  EXPECT_EQ(stats.mean_running_seconds, 5 + (4 - 5) / 8.0);
}

TEST(EngineDeathTest, CacheHoldsOneContextAtLeast) {
  test::ScriptedEngineOptions options;
  options.pages = 3;
  const auto model = test::MakeScriptedModel(options, kScript);
  EXPECT_DEATH(test::MakeScriptedEngine(*model, options.engine),
               "a context of 256 tokens in 3 pages");
}

}  // namespace
}  // namespace fathom
