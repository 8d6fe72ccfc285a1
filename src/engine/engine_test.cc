#include "engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <set>

#include "cpu/cpu_backend.h"
#include "model/transformer.h"

namespace fathom {
namespace {

constexpr int64_t kContext = 256;

// The engine over a tiny golden model, whose numbers verify_test has checked.
class EngineTest : public testing::Test {
 protected:
  void SetUp() override { Open(/*step_tokens=*/48, /*pages=*/16); }

  void Open(int64_t step_tokens, int32_t pages, int64_t max_running = 4) {
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
    options.logit_rows = max_running;
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
    engine.max_running = max_running;
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

  // The same with everything that has a state: penalties, log-probabilities, a seed.
  static GenerateRequest Rich(int32_t first, int64_t prompt, int64_t tokens) {
    GenerateRequest request = Request(first, prompt, tokens);
    request.sampling.repetition_penalty = 1.1;
    request.sampling.frequency_penalty = 0.3;
    request.sampling.logprobs = true;
    return request;
  }

  struct Answer {
    std::vector<int32_t> tokens;
    std::vector<double> logprobs;         // of the tokens
    std::vector<double> prompt_logprobs;  // of the prompt's tokens from the second on
    std::optional<FinishReason> finish;
    Status status;
  };

  void Collect(const std::vector<TokenEvent>& events) {
    for (const TokenEvent& event : events) {
      Answer& answer = answers_[event.request];
      EXPECT_FALSE(answer.finish) << "an event after the end";
      if (event.token) answer.tokens.push_back(event.token->token);
      if (event.token && event.token->logprobs) {
        answer.logprobs.push_back(event.token->logprobs->chosen);
      }
      for (const Logprobs& l : event.prompt_logprobs) answer.prompt_logprobs.push_back(l.chosen);
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
  EXPECT_EQ(engine_->Progress(id)->cached_tokens, 64);  // of 89, in whole pages
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
  EXPECT_EQ(engine_->Progress(id)->cached_tokens, 64);
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

// The claim that everything else rests on, under all that an engine can do to a request.
class EngineDeterminismTest : public EngineTest {
 protected:
  void SetUp() override {
    for (int32_t i = 0; i < 6; ++i) {
      const int64_t prompt = 5 + 31 * i;
      requests_.push_back(Rich(3 + 40 * i, prompt, std::min<int64_t>(110, kContext - 1 - prompt)));
    }
    UseModel("/tiny-f32", Numerics::kFast);
  }

  void UseModel(const std::string& name, Numerics numerics) {
    engine_.reset(), model_.reset(), cache_.reset(), checkpoint_.reset();
    model_name_ = name;
    numerics_ = numerics;
    expected_.clear();
    for (const GenerateRequest& request : requests_) {
      Open(/*step_tokens=*/200, /*pages=*/4, /*max_running=*/1);
      expected_.push_back(Alone(request));
      ASSERT_EQ(static_cast<int64_t>(expected_.back().tokens.size()), request.sampling.max_tokens);
    }
  }

  void SubmitAll() {
    ids_.clear();
    for (const GenerateRequest& request : requests_) ids_.push_back(*engine_->Submit(request));
  }
  void Compare(const std::string& circumstances) {
    for (size_t i = 0; i < ids_.size(); ++i) {
      EXPECT_EQ(answers_[ids_[i]].tokens, expected_[i].tokens)
          << circumstances << ", request " << i;
      EXPECT_EQ(answers_[ids_[i]].logprobs, expected_[i].logprobs) << circumstances << ", " << i;
    }
    const EngineStats stats = engine_->Stats();
    EXPECT_EQ(stats.pages_held, 0);
    EXPECT_EQ(stats.pages_free + stats.pages_in_tree, stats.pages);
  }

  std::vector<GenerateRequest> requests_;
  std::vector<Answer> expected_;
  std::vector<RequestId> ids_;
};

// What the model and the sampler say without an engine: the prompt in one step, then token by
// token.
TEST_F(EngineDeterminismTest, TokensAreTheModels) {
  for (const bool official : {false, true}) {
    if (official) UseModel("/tiny-fp8", Numerics::kOfficial);
    Open(/*step_tokens=*/200, /*pages=*/4, /*max_running=*/1);
    Sampler sampler(std::vector<bool>(static_cast<size_t>(model_->vocab_size()), true), {1});
    for (size_t i = 0; i < requests_.size(); ++i) {
      const GenerateRequest& request = requests_[i];
      const auto prompt = static_cast<int32_t>(request.prompt.size());
      PageTable pages(cache_->pool());
      ASSERT_TRUE(pages.Reserve(kContext).ok());
      Penalties penalties(request.sampling, request.prompt);
      Answer answer;
      std::vector<int32_t> next = request.prompt;
      for (int32_t position = 0; answer.tokens.size() < expected_[i].tokens.size();) {
        const auto last = static_cast<int32_t>(next.size()) - 1;
        Batch batch;
        batch.Add(next, position, pages.ids(), {&last, 1}, prompt);
        model_->Forward(batch, *cache_);
        const BufferView logits = model_->logits();
        const SampledToken token =
            sampler
                .Sample({{logits.row<float>(0), static_cast<size_t>(logits.cols)},
                         request.sampling,
                         penalties,
                         *request.sampling.seed,
                         static_cast<int64_t>(answer.tokens.size())})
                .value();
        position += last + 1;
        penalties.Add(token.token);
        answer.tokens.push_back(token.token);
        answer.logprobs.push_back(token.logprobs->chosen);
        next = {token.token};
      }
      EXPECT_EQ(answer.tokens, expected_[i].tokens) << "official " << official << ", " << i;
      EXPECT_EQ(answer.logprobs, expected_[i].logprobs) << "official " << official << ", " << i;
    }
  }
}

TEST_F(EngineDeterminismTest, AmongSixteenOthers) {
  Open(48, /*pages=*/100, /*max_running=*/22);
  for (int32_t i = 0; i < 8; ++i) ASSERT_TRUE(engine_->Submit(Request(2 + i, 7 + 20 * i, 30)).ok());
  SubmitAll();
  for (int32_t i = 0; i < 8; ++i) ASSERT_TRUE(engine_->Submit(Request(9 + i, 90, 50)).ok());
  Drain();
  Compare("among others");
}

TEST_F(EngineDeterminismTest, WithPreemption) {
  for (const int32_t pages : {4, 5, 7}) {
    for (const int64_t step : {6, 48}) {
      Open(step, pages, /*max_running=*/6);
      SubmitAll();
      Drain();
      Compare(fmt::format("{} pages, steps of {}", pages, step));
      EXPECT_GT(engine_->Stats().preemptions, 0);
    }
  }
}

// There a token's form depends on whether it was prompt, also when it is computed again.
TEST_F(EngineDeterminismTest, WithPreemptionInOfficialNumerics) {
  requests_.resize(3);
  UseModel("/tiny-fp8", Numerics::kOfficial);
  Open(48, /*pages=*/4, /*max_running=*/3);
  SubmitAll();
  Drain();
  Compare("official");
  const EngineStats stats = engine_->Stats();
  EXPECT_GT(stats.preemptions, 0);
  EXPECT_EQ(stats.pages_in_tree, 0);
}

TEST_F(EngineDeterminismTest, WithCancellationsAllRound) {
  for (uint32_t seed = 0; seed < 4; ++seed) {
    std::mt19937 random(seed);
    Open(30, /*pages=*/12, /*max_running=*/8);
    SubmitAll();
    std::vector<RequestId> others;
    for (int step = 0; step < 120; ++step) {
      if (random() % 3 == 0) {
        const auto first = static_cast<int32_t>(random() % 100);
        others.push_back(*engine_->Submit(Request(first, 1 + random() % 150, 40)));
      }
      if (!others.empty() && random() % 3 == 0) {
        engine_->Cancel(others[random() % others.size()]);
      }
      std::vector<TokenEvent> events;
      engine_->Step(&events);
      Collect(events);
    }
    for (const RequestId id : others) engine_->Cancel(id);
    Drain();
    Compare(fmt::format("cancellations {}", seed));
  }
}

TEST_F(EngineDeterminismTest, WithPrefixHits) {
  Open(48, /*pages=*/60, /*max_running=*/4);
  for (const GenerateRequest& request : requests_) {
    GenerateRequest longer = request;  // the same beginning, another end
    longer.prompt.insert(longer.prompt.end(), 30, 77);
    ASSERT_TRUE(engine_->Submit(longer).ok());
    Drain();
  }
  SubmitAll();
  Drain();
  Compare("known prefixes");
  SubmitAll();
  Drain();
  Compare("repeated");
  EXPECT_GT(engine_->Stats().prompt_tokens_cached, 0);
}

TEST_F(EngineTest, PromptLogprobsSayWhatGenerationSaid) {
  const GenerateRequest request = Rich(5, 70, 30);
  const Answer generated = Alone(request);
  GenerateRequest again = Rich(5, 70, 2);
  again.prompt.insert(again.prompt.end(), generated.tokens.begin(), generated.tokens.end());
  again.prompt_logprobs = 3;
  Answer expected;
  for (const int64_t step : {3, 48, 200}) {
    Open(step, /*pages=*/16);
    const RequestId other = *engine_->Submit(Request(50, 80, 40));
    const RequestId id = *engine_->Submit(again);
    Drain();
    const Answer& answer = answers_[id];
    ASSERT_EQ(answer.prompt_logprobs.size(), 99U);
    const std::vector<double> tail(answer.prompt_logprobs.end() - 30, answer.prompt_logprobs.end());
    EXPECT_EQ(tail, generated.logprobs);
    EXPECT_EQ(answer.tokens.size(), 2U);
    EXPECT_EQ(answers_[other].tokens.size(), 40U);
    if (expected.tokens.empty()) expected = answer;
    EXPECT_EQ(answer.prompt_logprobs, expected.prompt_logprobs);
    EXPECT_EQ(answer.tokens, expected.tokens);
  }
}

TEST_F(EngineTest, ADrawnSeedIsToldAndRepeatsTheAnswer) {
  GenerateRequest request = Request(3, 20, 30);
  request.sampling.seed.reset();
  ASSERT_TRUE(engine_->Submit(request).ok());
  std::vector<int32_t> tokens;
  std::set<uint64_t> seeds;
  for (bool more = true; more;) {
    std::vector<TokenEvent> events;
    more = engine_->Step(&events);
    for (const TokenEvent& event : events) {
      seeds.insert(event.seed);
      tokens.push_back(event.token->token);
    }
  }
  ASSERT_EQ(seeds.size(), 1U);
  const Answer other = Alone(request);
  request.sampling.seed = *seeds.begin();
  EXPECT_EQ(Alone(request).tokens, tokens);
  EXPECT_NE(other.tokens, tokens);  // by chance: 30 draws of a model that knows nothing
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
  GenerateRequest many = Request(0, 5, 1);
  many.prompt_logprobs = 21;
  EXPECT_EQ(error(many), "prompt_logprobs: 21 is outside [-1, 20]");
  std::vector<TokenEvent> events;
  EXPECT_FALSE(engine_->Step(&events));
  EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace fathom
