#include "checkpoint/random_checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "checkpoint/checkpoint.h"
#include "checkpoint/weight_check.h"
#include "json/parse.h"
#include "support/temp_dir.h"
#include "support/tiny_checkpoint.h"

namespace fathom {
namespace {

using test::TempDir;

json::Value TinyConfig() { return test::TinyCheckpoint().config; }

RandomCheckpoint PlanTiny(const RandomCheckpointOptions& options) {
  return RandomCheckpoint::Plan(TinyConfig(), options).value();
}

TEST(RandomCheckpoint, OpensAndIsFinite) {
  for (const DType type : {DType::kF8E4M3, DType::kBF16, DType::kF32}) {
    for (const bool mtp : {true, false}) {
      const TempDir dir;
      const RandomCheckpoint plan =
          PlanTiny({.layers = 2, .mtp = mtp, .matrices = type, .shard_bytes = 100'000});
      EXPECT_GT(plan.shards().size(), 1U);
      int64_t done = 0;
      const Status written = plan.Write(dir.path(), [&](int64_t bytes) {
        EXPECT_GE(bytes, done);
        done = bytes;
        return Status();
      });
      ASSERT_TRUE(written.ok()) << written.message();
      EXPECT_EQ(done, plan.bytes());
      const Result<Checkpoint> checkpoint = OpenCheckpoint(dir.path());
      ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
      EXPECT_EQ(checkpoint->tensors.bytes(), plan.bytes());
      EXPECT_EQ(checkpoint->config, plan.config());
      EXPECT_EQ(checkpoint->config.num_hidden_layers, 2);
      EXPECT_EQ(checkpoint->has_mtp, mtp);
      EXPECT_EQ(checkpoint->config.quantization.has_value(), type == DType::kF8E4M3);
      EXPECT_EQ(CheckAllTensors(*checkpoint).message(), "");
      // Wide types first: every tensor lies where its elements are aligned.
      for (const StoredTensor& tensor : checkpoint->tensors.tensors()) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.view.data) %
                      static_cast<uintptr_t>(Bytes(tensor.view.dtype)),
                  0U);
      }
    }
  }
}

TEST(RandomCheckpoint, FewerLayersAreTheFirstOnes) {
  const TempDir two, three;
  ASSERT_TRUE(PlanTiny({.layers = 2, .seed = 9}).Write(two.path()).ok());
  ASSERT_TRUE(PlanTiny({.seed = 9, .shard_bytes = 50'000}).Write(three.path()).ok());
  const Checkpoint a = OpenCheckpoint(two.path()).value(), b = OpenCheckpoint(three.path()).value();
  EXPECT_EQ(b.config.num_hidden_layers, 3);
  for (const StoredTensor& tensor : a.tensors.tensors()) {
    if (tensor.name.starts_with("model.layers.2.")) continue;  // the MTP layer of the smaller one
    const StoredTensor* other = b.tensors.Find(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    EXPECT_EQ(memcmp(tensor.view.data, other->view.data, static_cast<size_t>(tensor.view.bytes())),
              0)
        << tensor.name;
  }
}

TEST(RandomCheckpoint, ClampsTheDenseLayersAndMayBecomeAllDense) {
  const TempDir dir;
  const RandomCheckpoint plan = PlanTiny({.layers = 1, .mtp = false});
  EXPECT_EQ(plan.config().first_k_dense_replace, 1);
  ASSERT_TRUE(plan.Write(dir.path()).ok());
  EXPECT_TRUE(OpenCheckpoint(dir.path()).ok());
}

TEST(RandomCheckpoint, AddsTheQuantizationConfigItNeeds) {
  json::Value config = TinyConfig();
  config.object().Set("quantization_config", nullptr);
  const RandomCheckpoint plan = RandomCheckpoint::Plan(config, {}).value();
  EXPECT_EQ(plan.config().quantization, QuantizationConfig{ScaleFormat::kUE8M0});
}

// 163 shards as published, without their 689 GB.
TEST(RandomCheckpoint, ThePublishedModelAsSparseFiles) {
  const TempDir dir;
  const json::Value config =
      json::ParseFile(FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json").value();
  const RandomCheckpoint plan = RandomCheckpoint::Plan(config, {.sparse = true}).value();
  EXPECT_EQ(plan.shards().size(), 163U);
  EXPECT_EQ(plan.bytes(), 689'469'018'240);
  ASSERT_TRUE(plan.Write(dir.path()).ok());
  const Result<Checkpoint> checkpoint = OpenCheckpoint(dir.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_EQ(checkpoint->tensors.bytes(), plan.bytes());
}

TEST(RandomCheckpoint, CopiesATokenizer) {
  const TempDir dir;
  const std::string tokenizer = dir.Write("my-tokenizer.json", "{}");
  ASSERT_TRUE(PlanTiny({.tokenizer = tokenizer}).Write(dir.File("out")).ok());
  EXPECT_TRUE(std::filesystem::exists(dir.File("out/tokenizer.json")));
  EXPECT_EQ(PlanTiny({.tokenizer = dir.File("absent")}).Write(dir.File("other")).message(),
            dir.File("absent") + ": cannot be copied: No such file or directory");
  EXPECT_FALSE(std::filesystem::exists(dir.File("other")));
}

TEST(RandomCheckpoint, WritesIntoNewOrEmptyFoldersOnly) {
  const TempDir dir;
  const RandomCheckpoint plan = PlanTiny({});
  dir.Write("full/a.txt", "");
  EXPECT_EQ(plan.Write(dir.File("full")).message(), dir.File("full") + ": is not empty");
  EXPECT_EQ(plan.Write(dir.File("full/a.txt")).message(),
            dir.File("full/a.txt") + ": exists, expected a folder");
  EXPECT_TRUE(plan.Write(dir.File("new/deeper")).ok());
}

TEST(RandomCheckpoint, AnInterruptedRunLeavesNothing) {
  const TempDir dir;
  const RandomCheckpoint plan = PlanTiny({.shard_bytes = 100'000});
  for (const int64_t at : {int64_t{1}, plan.bytes() / 2, plan.bytes()}) {
    const Status status = plan.Write(dir.File("out"), [&](int64_t done) {
      return done >= at ? Cancelled("interrupted") : Status();
    });
    EXPECT_EQ(status.code(), Code::kCancelled);
    EXPECT_FALSE(std::filesystem::exists(dir.File("out"))) << at;
  }
  // A folder that was there before stays, empty.
  std::filesystem::create_directory(dir.File("out"));
  EXPECT_FALSE(plan.Write(dir.File("out"), [](int64_t) { return Cancelled("interrupted"); }).ok());
  EXPECT_TRUE(std::filesystem::is_empty(dir.File("out")));
}

// Killed without a chance to clean up: what lies there does not open as a model.
TEST(RandomCheckpoint, WithoutItsLastFileItIsNoModel) {
  const TempDir dir;
  ASSERT_TRUE(PlanTiny({}).Write(dir.path()).ok());
  std::filesystem::remove(dir.File("config.json"));
  EXPECT_EQ(OpenCheckpoint(dir.path()).status().code(), Code::kNotFound);
}

TEST(RandomCheckpoint, RefusesWhatTheConfigCannotBe) {
  EXPECT_EQ(RandomCheckpoint::Plan(TinyConfig(), {.layers = 0}).status().message(),
            "num_hidden_layers: 0 is outside [1, 256]");
  EXPECT_EQ(RandomCheckpoint::Plan(json::Array{}, {}).status().message(),
            "expected object, found array");
}

TEST(CheckFreeSpace, SaysBothNumbers) {
  const TempDir dir;
  EXPECT_TRUE(CheckFreeSpace(dir.path(), 1).ok());
  EXPECT_TRUE(CheckFreeSpace(dir.File("not/yet/made"), 1).ok());
  const Status status = CheckFreeSpace(dir.path(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_TRUE(status.message().starts_with(dir.path() + ": needs 9223.4 PB, but only "))
      << status.message();
}

}  // namespace
}  // namespace fathom
