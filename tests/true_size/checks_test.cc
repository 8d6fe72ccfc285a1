// The checks of true size on a model of toy size: that they pass where the model is right, and that
// each of them notices a fault of its kind.
#include "true_size/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/program.h"
#include "support/temp_dir.h"
#include "support/tiny_checkpoint.h"

namespace fathom::true_size {
namespace {

using test::TempDir, test::TinyCheckpoint;

constexpr int64_t kTokens = 150, kChunk = 64;

// The tiny model's runs, made once.
class TrueSize : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new TempDir;
    TinyCheckpoint().Write(dir_->path());
    run_ = new KeptRun(Run({.chunk = kTokens}, 0));
  }
  static void TearDownTestSuite() {
    delete run_;
    delete dir_;
  }

  static KeptRun Run(RunOptions run, int64_t dense_below) {
    ModelOptions options;
    options.folder = dir_->path();
    options.numerics = Numerics::kReference;
    options.context = kTokens + 4;
    options.step_tokens = run.chunk;
    options.dense_below = dense_below;
    options.threads = 2;
    const auto model = OpenModel(options).value();
    const ModelConfig& config = model->checkpoint.config;
    run.generate = 4;
    run.logits_of = LayerPositions(kTokens, config.index_topk);
    return RunAndKeep(*model, RandomPrompt(kTokens, config.vocab_size), run).value();
  }

  static Findings Layer(const KeptRun& run, const std::string& folder, int64_t layer) {
    ThreadPool pool(2);
    const Checkpoint checkpoint = OpenCheckpoint(folder).value();
    return CheckLayer(run, checkpoint, layer, pool);
  }

  static inline TempDir* dir_ = nullptr;
  static inline KeptRun* run_ = nullptr;
};

// What was found wrong, a line each.
std::vector<std::string> Wrong(const Findings& findings) {
  EXPECT_FALSE(findings.empty());
  std::vector<std::string> wrong;
  for (const Finding& finding : findings) {
    if (!finding.right) wrong.push_back(finding.what + ": " + finding.figure);
  }
  return wrong;
}

TEST_F(TrueSize, EveryLayerAgreesWithTheDoubleLoop) {
  for (const int64_t layer : {0, 1, 2}) {
    EXPECT_THAT(Wrong(Layer(*run_, dir_->path(), layer)), testing::IsEmpty());
  }
}

TEST_F(TrueSize, ChunksAgreeBitForBit) {
  const KeptRun cut = Run({.chunk = kChunk}, 0);
  EXPECT_THAT(Wrong(CompareBits(*run_, cut)), testing::IsEmpty());
}

TEST_F(TrueSize, BothFormsOfAttentionAgree) {
  const KeptRun dense = Run({.chunk = kChunk}, run_->topk);
  EXPECT_GT(dense.work.dense_rows, 0);
  EXPECT_THAT(Wrong(CompareWithinRounding(*run_, dense, run_->topk)), testing::IsEmpty());
}

TEST_F(TrueSize, ABitThatDiffersIsNamed) {
  KeptRun other = *run_;
  float& value = other.hidden[1][7];
  value = std::nextafter(value, 100.0F);
  other.generated[2] += 1;
  EXPECT_THAT(Wrong(CompareBits(*run_, other)),
              testing::ElementsAre(testing::StartsWith("hidden states: index 1, element 7: "),
                                   "generated tokens: 4 tokens"));
}

TEST_F(TrueSize, ADifferenceBeyondRoundingIsNoticed) {
  KeptRun other = *run_;
  other.hidden[2][5] += 1e-3F;
  EXPECT_THAT(Wrong(CompareWithinRounding(*run_, other, run_->topk)),
              testing::ElementsAre(testing::StartsWith("hidden states 2: largest difference ")));
  other = *run_;
  other.hidden[2][5] = std::nanf("");
  EXPECT_THAT(Wrong(CompareWithinRounding(*run_, other, run_->topk)), testing::SizeIs(1));
}

// An expert that is not among the chosen ones.
int32_t NotAmong(const int32_t* chosen, int64_t count) {
  int32_t expert = 0;
  while (std::find(chosen, chosen + count, expert) != chosen + count) ++expert;
  return expert;
}

TEST_F(TrueSize, RowsOfOtherExpertsAreFew) {
  KeptRun other = *run_;
  std::vector<int32_t>& experts = other.experts[1];
  experts[0] = NotAmong(experts.data(), other.per_token);
  EXPECT_THAT(
      Wrong(CompareWithinRounding(*run_, other, run_->topk)),
      testing::ElementsAre("positions with other experts: 1 of 16, at most one in a hundred"));
}

// A key that was left out takes the place of one that was selected.
TEST_F(TrueSize, AFlippedSelectionIsNoticed) {
  KeptRun other = *run_;
  int32_t* row = other.selected[0].data() + (kTokens - 1) * other.topk;
  row[0] = NotAmong(row, other.topk);
  const std::vector<std::string> wrong = Wrong(Layer(other, dir_->path(), 0));
  ASSERT_FALSE(wrong.empty());
  EXPECT_THAT(wrong[0], testing::MatchesRegex("layer 0, position 149: selected keys: 1 of 16 are "
                                              "not among the best, up to .* short of them"));
  row[0] = row[1];
  EXPECT_THAT(Wrong(Layer(other, dir_->path(), 0)),
              testing::Contains("layer 0, position 149: selected keys: 16 chosen, 15 of them "
                                "different; expected 16 of 150"));
}

TEST_F(TrueSize, AnotherExpertIsNoticed) {
  KeptRun other = *run_;
  int32_t* row = other.experts[2].data() + (kTokens - 1) * other.per_token;
  row[0] = NotAmong(row, other.per_token);
  EXPECT_THAT(Wrong(Layer(other, dir_->path(), 2)),
              testing::Contains(testing::StartsWith("layer 2, position 149: experts: ")));
}

// The sign of everything, whatever the type: the top bit of the last byte of an element.
void FlipSigns(test::TinyTensor* tensor) {
  const auto size = static_cast<size_t>(Bytes(tensor->dtype));
  for (size_t i = size - 1; i < tensor->bytes.size(); i += size) {
    tensor->bytes[i] ^= std::byte{0x80};
  }
}

// Every matrix and vector of a layer reaches the comparison: each of them, changed in the double
// loop's copy of the weights, is noticed.
class ChangedWeight : public TrueSize, public testing::WithParamInterface<const char*> {};

TEST_P(ChangedWeight, IsNoticed) {
  TinyCheckpoint changed;
  FlipSigns(&changed.Find(std::string("model.layers.2.") + GetParam()));
  const TempDir dir;
  changed.Write(dir.path());
  EXPECT_THAT(Wrong(Layer(*run_, dir.path(), 2)), testing::Not(testing::IsEmpty()));
}

TEST_F(TrueSize, AChangedExpertIsNoticed) {
  TinyCheckpoint changed;
  const int32_t expert = run_->experts[2][static_cast<size_t>((kTokens - 1) * run_->per_token)];
  FlipSigns(&changed.Find(fmt::format("model.layers.2.mlp.experts.{}.down_proj.weight", expert)));
  const TempDir dir;
  changed.Write(dir.path());
  EXPECT_THAT(
      Wrong(Layer(*run_, dir.path(), 2)),
      testing::Contains(testing::StartsWith("layer 2, position 149: hidden states: largest ")));
}

TEST_F(TrueSize, ABiasThatDecidesIsNoticed) {
  TinyCheckpoint changed;
  const int32_t expert = run_->experts[2][static_cast<size_t>((kTokens - 1) * run_->per_token)];
  changed.Find("model.layers.2.mlp.gate.e_score_correction_bias")
      .At<float>(static_cast<size_t>(expert)) = -9;
  const TempDir dir;
  changed.Write(dir.path());
  EXPECT_THAT(Wrong(Layer(*run_, dir.path(), 2)),
              testing::Contains(testing::StartsWith("layer 2, position 149: experts: ")));
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, ChangedWeight,
    testing::Values("input_layernorm.weight", "self_attn.q_a_proj.weight",
                    "self_attn.q_a_layernorm.weight", "self_attn.q_b_proj.weight",
                    "self_attn.kv_a_proj_with_mqa.weight", "self_attn.kv_a_layernorm.weight",
                    "self_attn.kv_b_proj.weight", "self_attn.o_proj.weight",
                    "self_attn.indexer.wq_b.weight", "self_attn.indexer.wk.weight",
                    "self_attn.indexer.k_norm.weight", "self_attn.indexer.k_norm.bias",
                    "self_attn.indexer.weights_proj.weight", "post_attention_layernorm.weight",
                    "mlp.gate.weight", "self_attn.o_proj.weight_scale_inv",
                    "mlp.shared_experts.gate_proj.weight", "mlp.shared_experts.up_proj.weight",
                    "mlp.shared_experts.down_proj.weight"));

TEST(CheckChoice, TiesAreRight) {
  EXPECT_TRUE(CheckChoice("", {0, 2}, {3, 1, 2, 2}, 2, 0).right);
  EXPECT_TRUE(CheckChoice("", {0, 3}, {3, 1, 2, 2}, 2, 0).right);
  EXPECT_FALSE(CheckChoice("", {0, 1}, {3, 1, 2, 2}, 2, 0.5).right);
  EXPECT_TRUE(CheckChoice("", {0, 1}, {3, 1.75, 2, 2}, 2, 0.5).right);
  EXPECT_TRUE(CheckChoice("", {1, 0}, {3, 1}, 5, 0).right);
  EXPECT_FALSE(CheckChoice("", {0, 4}, {3, 1, 2, 2}, 2, 9).right);
  EXPECT_FALSE(CheckChoice("", {0}, {3, 1, 2, 2}, 2, 9).right);
}

// The program itself, from the making of the checkpoint to its verdict.
test::ProgramResult RunCheck(std::vector<std::string> args) {
  args.insert(args.begin(), FATHOM_TRUE_SIZE_CHECK);
  return test::Program(args).Wait();
}

TEST(Program, ChecksASmallCheckpoint) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  const test::ProgramResult result = RunCheck({"run", dir.path(), "--tokens", "150"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, testing::HasSubstr("position 149: logits: largest difference"));
  EXPECT_THAT(result.out, testing::Not(testing::HasSubstr("WRONG")));
}

TEST(Program, RunsOnePart) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  const test::ProgramResult result =
      RunCheck({"run", dir.path(), "--tokens", "150", "--only", "forms"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, testing::HasSubstr("positions with other experts"));
  EXPECT_THAT(result.out, testing::Not(testing::HasSubstr("double loop")));
}

TEST(Program, OpensTheFullModelsSparseShards) {
  const TempDir dir;
  const std::string config = FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json";
  ASSERT_EQ(test::RunFathom(
                {"make-checkpoint", "--sparse", "--config", config, "--out", dir.File("shards")})
                .exit_code,
            0);
  const test::ProgramResult result = RunCheck({"shards", dir.File("shards")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::HasSubstr(" in 163 shards, 685,396,921,376 elements, "));
}

TEST(Program, SaysWhatItDoesNotUnderstand) {
  EXPECT_THAT(RunCheck({}).err, testing::StartsWith("error: usage: true_size_check "));
  EXPECT_THAT(RunCheck({"run", "x", "y"}).err, testing::StartsWith("error: y: not understood; "));
  EXPECT_EQ(RunCheck({"run", "x", "--tokens", "two"}).err,
            "error: --tokens: two, expected a positive number\n");
  EXPECT_EQ(RunCheck({"run", "x", "--only", "all"}).err,
            "error: --only: all, expected speed, layers, chunks, forms\n");
  const test::ProgramResult absent = RunCheck({"run", "/absent"});
  EXPECT_EQ(absent.err, "error: /absent: no such folder\n");
  EXPECT_EQ(absent.exit_code, 1);
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  EXPECT_EQ(RunCheck({"run", dir.path(), "--tokens", "16"}).err,
            "error: --tokens: 16, expected more than index_topk = 16\n");
}

}  // namespace
}  // namespace fathom::true_size
