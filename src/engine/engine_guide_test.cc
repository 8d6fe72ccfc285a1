// Answers under a guide: what is forced and masked, and that nothing but the answer's own tokens
// has a say in it.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "support/scripted_engine.h"

namespace fathom {
namespace {

constexpr int64_t kVocab = 70;  // no multiple of a word
constexpr int32_t kEos = 1;

uint64_t Mix(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccd;
  x ^= x >> 33;
  return x;
}

// Every token that it has seen decides what may come next: now and then one token is forced, mostly
// some are left, sometimes all.
class HashGuide final : public TokenGuide {
 public:
  explicit HashGuide(uint64_t seed) : state_(Mix(seed)) {}

  std::optional<int32_t> Forced() const override {
    if (state_ % 5 != 0) return std::nullopt;
    return static_cast<int32_t>(2 + state_ / 5 % (kVocab - 2));
  }
  std::span<const uint64_t> Allowed() override {
    ++asked_;
    if (state_ % 5 == 1) return {};
    mask_ = {(Mix(state_) & ~uint64_t{3}) | 4, Mix(state_ + 1)};
    return mask_;
  }
  void Accept(int32_t token) override {
    state_ = Mix(state_ * 31 + static_cast<uint64_t>(token));
    tokens_.push_back(token);
  }

  bool Allows(int32_t token) const {
    if (const auto forced = Forced()) return token == *forced;
    HashGuide copy = *this;
    const auto allowed = copy.Allowed();
    return allowed.empty() || (allowed[size_t(token) / 64] >> (token % 64) & 1) != 0;
  }
  const std::vector<int32_t>& tokens() const { return tokens_; }

 private:
  uint64_t state_;
  int asked_ = 0;
  std::array<uint64_t, 2> mask_{};
  std::vector<int32_t> tokens_;
};

// Forces these tokens and then leaves the others to the model, or one mask for ever.
class ListGuide final : public TokenGuide {
 public:
  explicit ListGuide(std::vector<int32_t> forced, std::vector<uint64_t> then = {})
      : forced_(std::move(forced)), then_(std::move(then)) {}
  std::optional<int32_t> Forced() const override {
    if (at_ >= forced_.size()) return std::nullopt;
    return forced_[at_];
  }
  std::span<const uint64_t> Allowed() override { return then_; }
  void Accept(int32_t) override { ++at_; }
  size_t accepted() const { return at_; }

 private:
  std::vector<int32_t> forced_;
  std::vector<uint64_t> then_;
  size_t at_ = 0;
};

struct Answer {
  std::vector<int32_t> tokens;
  std::vector<double> logprobs;
  std::optional<FinishReason> finish;
  Status status;
};

class EngineGuideTest : public testing::Test {
 protected:
  void Open(int64_t max_running, int64_t step_tokens = 64, int32_t pages = 256) {
    engine_.reset();
    answers_.clear();
    test::ScriptedEngineOptions options;
    options.vocab_size = kVocab;
    options.step_tokens = step_tokens;
    options.pages = pages;
    options.engine.max_running = max_running;
    options.engine.eos_ids = {kEos};
    model_ = test::MakeScriptedModel(options, test::HashScript(2, kVocab - 2));
    engine_ = test::MakeScriptedEngine(*model_, options.engine);
  }

  void Drain() {
    for (int steps = 0; steps < 100000; ++steps) {
      std::vector<TokenEvent> events;
      const bool more = engine_->Step(&events);
      for (const TokenEvent& event : events) {
        Answer& answer = answers_[event.request];
        if (event.token) answer.tokens.push_back(event.token->token);
        if (event.token && event.token->logprobs) {
          answer.logprobs.push_back(event.token->logprobs->chosen);
        }
        answer.finish = event.finish;
        answer.status = event.status;
      }
      if (!more) return;
    }
    FAIL() << "the engine does not end";
  }

  Answer Alone(GenerateRequest request) {
    const RequestId id = engine_->Submit(std::move(request)).value();
    Drain();
    return answers_[id];
  }

  std::unique_ptr<test::ScriptedModel> model_;
  std::unique_ptr<Engine> engine_;
  std::map<RequestId, Answer> answers_;
};

GenerateRequest Guided(uint64_t i) {
  GenerateRequest request = test::GreedyRequest({}, 100);
  for (uint64_t n = 0; n < 3 + i * 17 % 140; ++n) {
    request.prompt.push_back(static_cast<int32_t>(Mix(i * 1000 + n) % kVocab));
  }
  request.sampling.temperature = 1;
  request.sampling.top_p = 1;
  request.sampling.seed = i;
  request.sampling.logprobs = true;
  request.sampling.frequency_penalty = 0.5;
  request.guide = std::make_shared<HashGuide>(i);
  return request;
}

TEST_F(EngineGuideTest, TokensAreTheSameAloneInABatchWithChunksAndWithPreemption) {
  constexpr uint64_t kRequests = 32;
  std::vector<Answer> alone;
  Open(1, 200);
  for (uint64_t i = 0; i < kRequests; ++i) {
    GenerateRequest request = Guided(i);
    const auto guide = std::static_pointer_cast<HashGuide>(request.guide);
    alone.push_back(Alone(std::move(request)));
    ASSERT_EQ(alone.back().tokens.size(), 100U);
    EXPECT_EQ(guide->tokens(), alone.back().tokens);
    HashGuide again(i);
    for (const int32_t token : alone.back().tokens) {
      ASSERT_TRUE(again.Allows(token));
      again.Accept(token);
    }
  }
  struct Circumstances {
    int64_t max_running, step_tokens;
    int32_t pages;
    bool preempts;
  };
  for (const Circumstances& c : std::initializer_list<Circumstances>{
           {32, 64, 256, false}, {32, 33, 256, false}, {8, 11, 9, true}, {32, 64, 20, true}}) {
    Open(c.max_running, c.step_tokens, c.pages);
    std::vector<RequestId> ids;
    for (uint64_t i = 0; i < kRequests; ++i) ids.push_back(engine_->Submit(Guided(i)).value());
    Drain();
    for (uint64_t i = 0; i < kRequests; ++i) {
      EXPECT_EQ(answers_[ids[i]].tokens, alone[i].tokens) << c.max_running << ", request " << i;
      EXPECT_EQ(answers_[ids[i]].logprobs, alone[i].logprobs) << c.max_running << ", " << i;
    }
    EXPECT_EQ(engine_->Stats().preemptions > 0, c.preempts);
  }
}

TEST_F(EngineGuideTest, CountsWhatItForcedAndMasked) {
  Open(1);
  GenerateRequest plain = test::GreedyRequest({5, 6}, 10);
  Alone(plain);
  EXPECT_EQ(engine_->Stats().masked_tokens, 0);
  EXPECT_EQ(engine_->Stats().forced_tokens, 0);
  EXPECT_EQ(engine_->Stats().guide_seconds, 0);
  plain.guide = std::make_shared<ListGuide>(std::vector<int32_t>{9, 8, 7},
                                            std::vector<uint64_t>{~uint64_t{0}, 0});
  Alone(plain);
  EXPECT_EQ(engine_->Stats().forced_tokens, 3);
  EXPECT_EQ(engine_->Stats().masked_tokens, 7);
  EXPECT_GT(engine_->Stats().guide_seconds, 0);
}

// The probability is the model's own, of which the forced token has a very small one.
TEST_F(EngineGuideTest, AForcedTokenHasTheLogprobOfItsRow) {
  Open(1);
  GenerateRequest request = test::GreedyRequest({5, 6, 7}, 2);
  request.sampling.logprobs = true;
  request.sampling.top_logprobs = 1;
  const int32_t said = Alone(request).tokens[0];
  const int32_t other = said == 9 ? 10 : 9;
  request.guide = std::make_shared<ListGuide>(std::vector<int32_t>{other});
  const RequestId id = engine_->Submit(request).value();
  std::vector<TokenEvent> events;
  while (engine_->Step(&events)) {
  }
  ASSERT_EQ(events[0].request, id);
  EXPECT_EQ(events[0].token->token, other);
  EXPECT_EQ(events[0].token->logprobs->top[0].token, said);
  EXPECT_LT(events[0].token->logprobs->chosen, events[0].token->logprobs->top[0].logprob);
}

TEST_F(EngineGuideTest, WhatEndsAnAnswerEndsItUnderAGuideToo) {
  const std::vector<int32_t> forced = {9, 8, kEos, 7, 6, 5};
  const auto ask = [&](SamplingParams sampling) {
    Open(1);
    GenerateRequest request = test::GreedyRequest({5, 6}, 100);
    sampling.temperature = 0;
    request.sampling = sampling;
    request.guide = std::make_shared<ListGuide>(forced);
    return Alone(std::move(request));
  };
  // A forced end of sequence ends it, min_tokens or not: that only takes tokens from the draw.
  EXPECT_EQ(ask({.max_tokens = 6}).tokens, std::vector<int32_t>({9, 8, kEos}));
  EXPECT_EQ(ask({.min_tokens = 5, .max_tokens = 6}).tokens, std::vector<int32_t>({9, 8, kEos}));
  // With ignore_eos it is a token like others; a stop token ends the answer where it comes.
  EXPECT_EQ(ask({.ignore_eos = true, .max_tokens = 6}).tokens, forced);
  const Answer stopped = ask({.stop_token_ids = {8}, .max_tokens = 6});
  EXPECT_EQ(stopped.tokens, std::vector<int32_t>({9, 8}));
  EXPECT_EQ(stopped.finish, FinishReason::kStop);
  EXPECT_EQ(ask({.max_tokens = 1}).finish, FinishReason::kLength);
}

TEST_F(EngineGuideTest, AMaskOfNothingButTheEndEndsBeforeMinTokens) {
  Open(1);
  GenerateRequest request = test::GreedyRequest({5, 6}, 100);
  request.sampling.ignore_eos = false;
  request.sampling.min_tokens = 50;
  request.guide = std::make_shared<ListGuide>(std::vector<int32_t>{9, 8},
                                              std::vector<uint64_t>{uint64_t{1} << kEos, 0});
  const Answer answer = Alone(std::move(request));
  EXPECT_EQ(answer.tokens, std::vector<int32_t>({9, 8, kEos}));
  EXPECT_EQ(answer.finish, FinishReason::kStop);
}

TEST_F(EngineGuideTest, AMaskOfNothingFailsItsRequestAlone) {
  Open(4);
  GenerateRequest request = test::GreedyRequest({5, 6}, 10);
  const RequestId other = engine_->Submit(request).value();
  const auto guide =
      std::make_shared<ListGuide>(std::vector<int32_t>{9}, std::vector<uint64_t>{0, 0});
  request.guide = guide;
  const RequestId id = engine_->Submit(request).value();
  request.guide = nullptr;
  Drain();
  EXPECT_EQ(answers_[id].finish, FinishReason::kError);
  EXPECT_EQ(answers_[id].status.code(), Code::kInvalidArgument);
  EXPECT_EQ(guide->accepted(), 1U);
  EXPECT_EQ(guide.use_count(), 1);  // the engine has let go of it
  EXPECT_EQ(answers_[other].tokens.size(), 10U);
}

}  // namespace
}  // namespace fathom
