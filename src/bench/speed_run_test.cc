#include "bench/speed_run.h"

#include <gtest/gtest.h>

#include <numeric>

#include "bench/profile.h"
#include "bench/profiling_backend.h"
#include "runtime/open_model.h"

namespace fathom {
namespace {

class SpeedRunTest : public testing::Test {
 protected:
  void SetUp() override { MakeEngine(1); }

  void MakeEngine(int64_t sequences) {
    engine_ = nullptr;
    model_ = nullptr;
    ModelOptions options;
    options.sequences = sequences;
    options.folder = FATHOM_GOLDEN_DIR "/tiny-f32";
    options.context = 228;
    options.threads = 1;
    options.step_tokens = 32;
    options.wrap_backend = [this](std::unique_ptr<Backend> inner, const Checkpoint& checkpoint) {
      auto profiler = std::make_unique<ProfilingBackend>(std::move(inner), checkpoint);
      profiler_ = profiler.get();
      return profiler;
    };
    auto model = OpenModel(options);
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_ = std::move(model).value();
    const auto vocabulary = static_cast<size_t>(model_->checkpoint.config.vocab_size);
    engine_ = std::make_unique<Engine>(*model_->transformer, *model_->cache,
                                       std::vector<bool>(vocabulary, true),
                                       EngineOptions{.max_running = sequences, .eos_ids = {}});
    std::vector<int32_t> ordinary(vocabulary);
    std::iota(ordinary.begin(), ordinary.end(), 0);
    prompts_.emplace(PromptSource::Make(ordinary, {}).value());
  }

  SpeedRun Run(SpeedRun::StopCheck stop = [] { return Status(); }) {
    return SpeedRun(*engine_, *model_->backend, *prompts_,
                    model_->checkpoint.config.num_hidden_layers, std::move(stop));
  }

  static constexpr int64_t kLayers = 3, kTopK = 64;
  ProfilingBackend* profiler_ = nullptr;
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<Engine> engine_;
  std::optional<PromptSource> prompts_;
};

// Work is what can be checked exactly: a query for every token and layer, over the keys it has.
TEST_F(SpeedRunTest, PromptsAreReadWholeOnTopOfTheDepth) {
  SpeedRun run = Run();
  ASSERT_TRUE(run.Fill(128).ok());
  for (int i = 0; i < 12; ++i) {
    const Result<BenchSample> sample = run.Measure({Phase::kPrompt, 40, 128, 1});
    ASSERT_TRUE(sample.ok()) << sample.status().message();
    EXPECT_GT(sample->seconds, 0);
    EXPECT_GT(sample->processor_seconds, 0);
    EXPECT_EQ(sample->work.sparse_rows, 40 * kLayers);
    EXPECT_EQ(sample->work.latent_rows_read, 40 * kTopK * kLayers);
    // 129 + 130 + … + 168 keys are there.
    EXPECT_EQ(sample->work.latent_rows_held, 40 * (129 + 168) / 2 * kLayers);
  }
}

TEST_F(SpeedRunTest, NothingIsReusedWithoutADepth) {
  SpeedRun run = Run();
  for (int i = 0; i < 12; ++i) {
    const Result<BenchSample> sample = run.Measure({Phase::kPrompt, 20, 0, 1});
    ASSERT_TRUE(sample.ok()) << sample.status().message();
    EXPECT_EQ(sample->work.latent_rows_held, 20 * 21 / 2 * kLayers);
  }
}

TEST_F(SpeedRunTest, GenerationIsTimedFromTheFirstTokenOn) {
  SpeedRun run = Run();
  ASSERT_TRUE(run.Fill(64).ok());
  const Result<BenchSample> sample = run.Measure({Phase::kGeneration, 8, 64, 1});
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  EXPECT_EQ(sample->work.sparse_rows, 8 * kLayers);
  // The prompt's own token is key 65; the queries are those of tokens 66 to 73.
  EXPECT_EQ(sample->work.latent_rows_held, 8 * (66 + 73) / 2 * kLayers);
}

TEST_F(SpeedRunTest, ABatchGeneratesOverContextsOfItsOwn) {
  MakeEngine(/*sequences=*/4);
  SpeedRun run = Run();
  for (const int64_t depth : {64, 0}) {
    ASSERT_TRUE(run.Fill(depth).ok());
    for (int i = 0; i < 3; ++i) {
      const Result<BenchSample> sample = run.Measure({Phase::kGeneration, 8, depth, 1, 4});
      ASSERT_TRUE(sample.ok()) << sample.status().message();
      EXPECT_EQ(sample->work.sparse_rows, 4 * 8 * kLayers);
      // The first ones may be further than their first token.
      EXPECT_GE(sample->work.latent_rows_held, 4 * 8 * (depth + 2) * kLayers);
    }
  }
  EXPECT_EQ(engine_->Stats().running, 0);
}

TEST_F(SpeedRunTest, DepthsMayGoDownAgain) {
  SpeedRun run = Run();
  for (const int64_t depth : {128, 0, 64}) {
    ASSERT_TRUE(run.Fill(depth).ok());
    for (const Phase phase : {Phase::kPrompt, Phase::kGeneration}) {
      const Result<BenchSample> sample = run.Measure({phase, 16, depth, 1});
      ASSERT_TRUE(sample.ok()) << sample.status().message();
      EXPECT_EQ(sample->work.sparse_rows, 16 * kLayers);
    }
  }
}

TEST_F(SpeedRunTest, FullContext) {
  SpeedRun run = Run();
  const BenchPoint prompt = {Phase::kPrompt, 98, 128, 1};
  const BenchPoint generation = {Phase::kGeneration, 98, 128, 1};
  ASSERT_EQ(ContextFor(prompt), engine_->context());
  ASSERT_TRUE(run.Fill(128).ok());
  EXPECT_TRUE(run.Measure(prompt).ok());
  EXPECT_TRUE(run.Measure(generation).ok());
}

TEST_F(SpeedRunTest, StopsBetweenStepsAndGoesOnAfterwards) {
  int asked = 0;
  SpeedRun run = Run([&] { return ++asked == 2 ? Cancelled("interrupted") : Status(); });
  EXPECT_EQ(run.Measure({Phase::kPrompt, 96, 0, 1}).status().code(), Code::kCancelled);
  EXPECT_TRUE(run.Measure({Phase::kPrompt, 96, 0, 1}).ok());
}

TEST_F(SpeedRunTest, ProfileCountsTheTimedWorkAlone) {
  SpeedRun run = Run();
  ASSERT_TRUE(run.Fill(64).ok());
  const Result<Profile> profile =
      MeasureProfile(run, *profiler_, *engine_, {Phase::kGeneration, 8, 64, 1}, 2);
  ASSERT_TRUE(profile.ok()) << profile.status().message();
  double seconds = 0;
  for (const OperationTotals& row : profile->rows) {
    seconds += row.seconds;
    // Every step has one row: 8 steps in each of 2 repetitions.
    if (row.name == "embedding") {
      EXPECT_EQ(row.calls, 16);
    }
    if (row.name == "sparse attention") {
      EXPECT_EQ(row.calls, 16 * kLayers);
    }
    if (row.name == "sampling") {
      EXPECT_EQ(row.calls, 16);
    }
  }
  EXPECT_NEAR(seconds, profile->seconds, 1e-9);
  EXPECT_EQ(profile->rows.back().name, "other");
}

}  // namespace
}  // namespace fathom
