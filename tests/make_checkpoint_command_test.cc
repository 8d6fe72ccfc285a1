// `fathom make-checkpoint`, run as a program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "checkpoint/checkpoint.h"
#include "checkpoint/weight_check.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

using test::ProgramResult, test::RunFathom, test::TempDir;

constexpr const char* kOfficial = FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json";
constexpr const char* kNanoConfig = FATHOM_SOURCE_DIR "/models/fathom-nano/config.json";
constexpr const char* kNanoTokenizer = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";

TEST(MakeCheckpoint, WritesWhatOpens) {
  const TempDir dir;
  const std::string out = dir.File("out");
  const ProgramResult result =
      RunFathom({"make-checkpoint", "--config", kNanoConfig, "--layers", "2", "--seed", "3",
                 "--shard-bytes", "5000000", "--tokenizer", kNanoTokenizer, "--out", out});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, out + ": 2 layers and MTP, 35.1 MB in 9 shards\n");
  const Checkpoint checkpoint = OpenCheckpoint(out).value();
  EXPECT_EQ(checkpoint.config.num_hidden_layers, 2);
  EXPECT_TRUE(checkpoint.has_mtp);
  EXPECT_EQ(CheckAllTensors(checkpoint).message(), "");
  EXPECT_EQ(std::filesystem::file_size(out + "/tokenizer.json"),
            std::filesystem::file_size(kNanoTokenizer));
}

TEST(MakeCheckpoint, EveryType) {
  for (const auto& [name, type] : std::vector<std::pair<std::string, DType>>{
           {"fp8", DType::kF8E4M3}, {"bf16", DType::kBF16}, {"f32", DType::kF32}}) {
    const TempDir dir;
    ASSERT_EQ(RunFathom({"make-checkpoint", "--config", kNanoConfig, "--layers", "1", "--no-mtp",
                         "--dtype", name, "--out", dir.path()})
                  .exit_code,
              0);
    const Checkpoint checkpoint = OpenCheckpoint(dir.path()).value();
    EXPECT_FALSE(checkpoint.has_mtp);
    EXPECT_EQ(checkpoint.Matrix("model.layers.0.self_attn.o_proj.weight").dtype, type);
  }
}

void ExpectError(std::vector<std::string> args, const std::string& message) {
  args.insert(args.begin(), "make-checkpoint");
  const ProgramResult result = RunFathom(args);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, testing::StartsWith("error: " + message)) << result.out;
}

TEST(MakeCheckpoint, SaysWhyItCannot) {
  const TempDir dir;
  dir.Write("full/a.txt", "");
  ExpectError({"--config", kNanoConfig, "--out", dir.File("full")},
              dir.File("full") + ": is not empty\n");
  ExpectError({"--config", dir.File("absent"), "--out", dir.File("out")},
              dir.File("absent") + ": No such file or directory\n");
  ExpectError({"--config", kNanoConfig, "--layers", "0", "--out", dir.File("out")},
              std::string(kNanoConfig) + ": num_hidden_layers: 0 is outside [1, 256]\n");
  ExpectError({"--config", kNanoConfig, "--mtp", "--no-mtp", "--out", dir.File("out")},
              "--mtp and --no-mtp exclude each other\n");
  ExpectError({"--config", kNanoConfig, "--shard-bytes", "0", "--out", dir.File("out")},
              "--shard-bytes: 0, expected a positive number\n");
  ExpectError({"--config", kNanoConfig, "--dtype", "int4", "--out", dir.File("out")}, "--dtype: ");
  EXPECT_FALSE(std::filesystem::exists(dir.File("out")));
}

bool HoldsFiles(const std::string& folder) {
  std::error_code absent;
  return std::filesystem::directory_iterator(folder, absent) !=
         std::filesystem::directory_iterator();
}

TEST(MakeCheckpoint, CtrlCLeavesNothingBehind) {
  const TempDir dir;
  const std::string out = dir.File("out");
  // 32 GB, of which it gets to write a few megabytes.
  test::Program program(
      {FATHOM_PROGRAM, "make-checkpoint", "--config", kOfficial, "--layers", "4", "--out", out});
  for (int i = 0; i < 3000 && !HoldsFiles(out); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(HoldsFiles(out));
  program.Signal(SIGINT);
  const ProgramResult result = program.Wait();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "error: interrupted\n");
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace fathom
