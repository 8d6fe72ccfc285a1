#include "engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "cpu/cpu_backend.h"

namespace fathom {
namespace {

constexpr int64_t kContext = 256;

// The engine over a tiny golden model, whose numbers verify_test has checked.
class EngineTest : public testing::Test {
 protected:
  void SetUp() override { Open(/*step_tokens=*/48, /*pages=*/16); }

  void Open(int64_t step_tokens, int32_t pages) {
    engine_.reset();
    answers_.clear();  // ids begin anew
    if (!checkpoint_) {
      auto checkpoint = OpenCheckpoint(std::string(FATHOM_GOLDEN_DIR) + model_name_);
      ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
      checkpoint_ = std::make_unique<Checkpoint>(std::move(checkpoint).value());
      CpuOptions cpu;
      cpu.threads = 2;
      cpu.numerics = numerics_;
      backend_ = std::move(CpuBackend::Create(cpu)).value();
    }
    TransformerOptions options;
    options.step_tokens = step_tokens;
    options.logit_rows = 4;
    options.context = kContext;
    options.dense_prompts = numerics_ == Numerics::kOfficial;
    model_ = std::move(Transformer::Create(*checkpoint_, *backend_, options)).value();
    const ModelConfig& config = checkpoint_->config;
    const CacheType type = options.dense_prompts ? CacheType::kFP8 : CacheType::kF32;
    const CacheLayout layout = {type, static_cast<int>(config.kv_lora_rank),
                                static_cast<int>(config.qk_rope_head_dim),
                                static_cast<int>(config.index_head_dim)};
    cache_ = std::make_unique<KvCache>(
        std::move(KvCache::Create(*backend_, layout, model_->cache_layers(), pages)).value());
    EngineOptions engine;
    engine.max_running = 4;
    engine.eos_ids = {1};
    const std::vector<bool> has_token(static_cast<size_t>(config.vocab_size), true);
    engine_ = std::make_unique<Engine>(*model_, *cache_, has_token, engine);
  }

  static GenerateRequest Request(int32_t first, int64_t prompt, int64_t tokens) {
    GenerateRequest request;
    request.prompt.resize(static_cast<size_t>(prompt));
    std::iota(request.prompt.begin(), request.prompt.end(), first);
    request.sampling.temperature = 0.8;
    request.sampling.seed = static_cast<uint64_t>(first);
    request.sampling.max_tokens = tokens;
    request.sampling.ignore_eos = true;
    return request;
  }

  struct Answer {
    std::vector<int32_t> tokens;
    std::optional<FinishReason> finish;
    Status status;
  };

  void Collect(const std::vector<TokenEvent>& events) {
    for (const TokenEvent& event : events) {
      Answer& answer = answers_[event.request];
      EXPECT_FALSE(answer.finish) << "an event after the end";
      if (event.token) answer.tokens.push_back(event.token->token);
      answer.finish = event.finish;
      answer.status = event.status;
    }
  }

  // Runs until nothing is left.
  void Drain() {
    for (int steps = 0; steps < 10000; ++steps) {
      std::vector<TokenEvent> events;
      const bool more = engine_->Step(&events);
      Collect(events);
      if (!more) return;
    }
    FAIL() << "the engine does not end";
  }

  Answer Alone(const GenerateRequest& request) {
    const Result<RequestId> id = engine_->Submit(request);
    EXPECT_TRUE(id.ok()) << id.status().message();
    Drain();
    return answers_[*id];
  }

  std::string model_name_ = "/tiny-f32";
  Numerics numerics_ = Numerics::kFast;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::unique_ptr<CpuBackend> backend_;
  std::unique_ptr<Transformer> model_;
  std::unique_ptr<KvCache> cache_;
  std::unique_ptr<Engine> engine_;
  std::map<RequestId, Answer> answers_;
};

TEST_F(EngineTest, GeneratesUpToMaxTokens) {
  const Answer answer = Alone(Request(5, 10, 7));
  EXPECT_EQ(answer.tokens.size(), 7U);
  EXPECT_EQ(answer.finish, FinishReason::kLength);
}

TEST_F(EngineTest, NeighboursAndStepSizesChangeNoToken) {
  std::vector<Answer> alone;
  for (const int32_t first : {3, 40, 100, 7, 200, 9})
    alone.push_back(Alone(Request(first, 90, 12)));
  for (const int64_t step : {4, 48, 200}) {
    Open(step, /*pages=*/16);
    std::vector<RequestId> ids;
    for (const int32_t first : {3, 40, 100, 7, 200, 9}) {
      ids.push_back(*engine_->Submit(Request(first, 90, 12)));
    }
    Drain();
    for (size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(answers_[ids[i]].tokens, alone[i].tokens) << "step " << step << " request " << i;
    }
  }
}

TEST_F(EngineTest, ContinuedConversationStartsBehindTheCache) {
  const Answer first = Alone(Request(5, 70, 20));
  GenerateRequest next = Request(5, 70, 10);
  next.prompt.insert(next.prompt.end(), first.tokens.begin(), first.tokens.end());
  for (int32_t token = 300; token < 310; ++token) next.prompt.push_back(token);

  const RequestId id = *engine_->Submit(next);
  std::vector<TokenEvent> events;
  engine_->Step(&events);
  // All but the last generated token, which was never run.
  EXPECT_EQ(engine_->Progress(id)->cached_tokens, 70 + 19);
  Collect(events);
  Drain();
  const std::vector<int32_t> continued = answers_[id].tokens;
  Open(48, 16);  // with an empty cache
  EXPECT_EQ(continued, Alone(next).tokens);
}

// There a token's form depends on where its prompt ended: answers are prompt the next time.
TEST_F(EngineTest, OfficialNumericsContinueNothingFromTheCache) {
  model_name_ = "/tiny-fp8";
  numerics_ = Numerics::kOfficial;
  engine_.reset();
  model_.reset();
  checkpoint_.reset();
  Open(48, 16);
  const Answer first = Alone(Request(5, 70, 4));
  GenerateRequest next = Request(5, 70, 4);
  next.prompt.insert(next.prompt.end(), first.tokens.begin(), first.tokens.end());
  const RequestId id = *engine_->Submit(next);
  std::vector<TokenEvent> events;
  engine_->Step(&events);
  EXPECT_EQ(engine_->Progress(id)->cached_tokens, 0);
  Collect(events);
  Drain();
  const std::vector<int32_t> after = answers_[id].tokens;
  Open(200, 16);
  EXPECT_EQ(after, Alone(next).tokens);  // another cut of the prompt
}

TEST_F(EngineTest, RepeatedPromptRunsItsLastTokenAgain) {
  const GenerateRequest request = Request(5, 70, 3);
  const Answer first = Alone(request);
  const RequestId id = *engine_->Submit(request);
  std::vector<TokenEvent> events;
  engine_->Step(&events);
  EXPECT_EQ(engine_->Progress(id)->cached_tokens, 69);
  Collect(events);
  Drain();
  EXPECT_EQ(answers_[id].tokens, first.tokens);
}

TEST_F(EngineTest, StopsAtEndOfSequenceAndStopTokens) {
  GenerateRequest request = Request(5, 10, 30);
  const Answer all = Alone(request);
  request.sampling.stop_token_ids = {all.tokens[4]};
  const Answer stopped = Alone(request);
  const auto first = std::find(all.tokens.begin(), all.tokens.end(), all.tokens[4]);
  EXPECT_EQ(stopped.tokens, std::vector<int32_t>(all.tokens.begin(), first + 1));
  EXPECT_EQ(stopped.finish, FinishReason::kStop);

  request.sampling.stop_token_ids.clear();
  request.sampling.ignore_eos = false;
  request.sampling.logit_bias[1] = 100;  // end of sequence at once
  const Answer ended = Alone(request);
  EXPECT_EQ(ended.tokens, std::vector<int32_t>{1});
  EXPECT_EQ(ended.finish, FinishReason::kStop);
  request.sampling.min_tokens = 5;
  EXPECT_EQ(Alone(request).tokens.size(), 6U);
}

TEST_F(EngineTest, EndsWhenTheContextIsFull) {
  const Answer answer = Alone(Request(5, kContext - 3, 100));
  EXPECT_EQ(answer.tokens.size(), 3U);
  EXPECT_EQ(answer.finish, FinishReason::kLength);
}

TEST_F(EngineTest, CancelEndsOneRequestAndFreesItsPages) {
  const RequestId kept = *engine_->Submit(Request(5, 20, 15));
  const RequestId gone = *engine_->Submit(Request(50, 120, 100));
  std::vector<TokenEvent> events;
  engine_->Step(&events);
  engine_->Cancel(gone);
  Collect(events);
  Drain();
  EXPECT_EQ(answers_[gone].finish, FinishReason::kCancelled);
  EXPECT_EQ(answers_[kept].tokens.size(), 15U);
  engine_->Cancel(gone);  // long gone: ignored
  EXPECT_EQ(Alone(Request(9, 10, 2)).tokens.size(), 2U);
}

TEST_F(EngineTest, MoreRequestsThanPagesWaitTheirTurn) {
  Open(48, /*pages=*/4);  // one context
  std::vector<RequestId> ids;
  for (int32_t first = 2; first < 9; ++first)
    ids.push_back(*engine_->Submit(Request(first, 130, 9)));
  Drain();
  for (const RequestId id : ids) EXPECT_EQ(answers_[id].tokens.size(), 9U);
}

TEST_F(EngineTest, BadRequestsAreRefusedAndChangeNothing) {
  const auto error = [&](const GenerateRequest& request) {
    return engine_->Submit(request).status().message();
  };
  EXPECT_EQ(error(GenerateRequest{}), "the prompt is empty");
  EXPECT_EQ(error(Request(500, 20, 1)), "token 512 is outside the vocabulary of 512");
  EXPECT_EQ(error(Request(0, kContext, 1)),
            "the prompt has 256 tokens, which leaves no room in a context of 256");
  GenerateRequest hot = Request(0, 5, 1);
  hot.sampling.temperature = 3;
  EXPECT_EQ(error(hot), "temperature: 3 is outside [0, 2]");
  std::vector<TokenEvent> events;
  EXPECT_FALSE(engine_->Step(&events));
  EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace fathom
