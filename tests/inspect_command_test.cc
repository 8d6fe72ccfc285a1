// `fathom inspect`, run as a program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/mapped_file.h"
#include "json/parse.h"
#include "support/program.h"
#include "support/temp_dir.h"
#include "support/tiny_checkpoint.h"

namespace fathom {
namespace {

using test::ProgramResult, test::RunFathom, test::TempDir, test::TinyCheckpoint;
using testing::HasSubstr;

constexpr const char* kOfficial = FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json";
constexpr const char* kNano = FATHOM_SOURCE_DIR "/models/fathom-nano";

// The report below its first line, which is the path.
std::string Body(const std::string& report) { return report.substr(report.find('\n') + 1); }

std::string Case(const std::string& name) {
  return ReadFile(FATHOM_SOURCE_DIR "/tests/cases/inspect/" + name, 1 << 20).value();
}

TEST(Inspect, TheReportOfThePublishedConfig) {
  const ProgramResult result = RunFathom({"inspect", kOfficial});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out.substr(0, result.out.find('\n')), kOfficial);
  EXPECT_EQ(Body(result.out), Case("deepseek-v3.2.txt"));
}

TEST(Inspect, TheReportOfTheBundledModel) {
  const ProgramResult result = RunFathom({"inspect", kNano, "--check"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(Body(result.out), Case("fathom-nano.txt"));
}

TEST(Inspect, WithoutAModelTheBundledOneIsMeant) {
  const ProgramResult result = RunFathom({"inspect", "--check"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(Body(result.out), Case("fathom-nano.txt"));
}

TEST(Inspect, ListsTensors) {
  const ProgramResult result = RunFathom({"inspect", kNano, "--tensors"});
  EXPECT_EQ(result.exit_code, 0);
  for (const std::string line :
       {"model.layers.1.self_attn.kv_a_proj_with_mqa.weight            F8_E4M3 [576, 384]          "
        "221.2 kB\n",
        "model.layers.1.self_attn.kv_a_proj_with_mqa.weight_scale_inv  F32     [5, 3]              "
        "60 bytes\n"}) {
    EXPECT_NE(result.out.find(line), std::string::npos) << line;
  }
}

TEST(Inspect, AsJson) {
  const ProgramResult result = RunFathom({"inspect", kOfficial, "--json", "--tensors"});
  EXPECT_EQ(result.exit_code, 0);
  const json::Value root = json::Parse(result.out).value();
  EXPECT_EQ(root.Find("config")->Find("index_topk")->AsInt64(), 2048);
  EXPECT_EQ(root.Find("total")->Find("elements")->AsInt64(), 685'396'921'376);
  EXPECT_EQ(root.Find("tensors")->array().size(), 92425U);
  // 48,856 bytes a token with the MTP layer (spec 3.7).
  const json::Value& longest = root.Find("memory")->array().back();
  EXPECT_EQ(longest.Find("cache_type")->string(), "fp8");
  EXPECT_EQ(longest.Find("tokens")->AsInt64(), 131072);
  EXPECT_EQ(longest.Find("cache_bytes")->AsInt64(), int64_t{48856} * 131072);
}

// Errors: one line on standard error, nothing on standard output, exit code 1.
void ExpectError(const std::vector<std::string>& args, const std::string& message) {
  const ProgramResult result = RunFathom(args);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "error: " + message + "\n");
}

TEST(Inspect, SaysWhyItCannot) {
  const TempDir dir;
  ExpectError({"inspect", dir.File("absent")}, dir.File("absent") + ": no such folder");
  ExpectError({"inspect", dir.path()},
              dir.path() + ": not a model folder: looked for config.json, found nothing");
  const std::string other = dir.Write("other.json", R"({"model_type": "llama"})");
  ExpectError({"inspect", other},
              other + R"(: model_type: found "llama", only "deepseek_v32" can be run)");
  ExpectError({"inspect", kOfficial, "--check"},
              std::string("--check needs a model folder, ") + kOfficial + " is a file");
}

TEST(Inspect, SaysWhereATruncatedShardEnds) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  std::filesystem::resize_file(dir.File(test::kTinyShard2), 100);
  const ProgramResult result = RunFathom({"inspect", dir.path()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr(dir.File(test::kTinyShard2) + ": a header of "));
}

TEST(Inspect, CheckFindsNaN) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find("model.layers.2.mlp.experts.7.up_proj.weight").At<uint8_t>(3 * 160 + 159) = 0xFF;
  tiny.Write(dir.path());
  EXPECT_EQ(RunFathom({"inspect", dir.path()}).exit_code, 0);
  const ProgramResult result = RunFathom({"inspect", dir.path(), "--check"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "error: " + dir.File(test::kTinyShard2) +
                            ": model.layers.2.mlp.experts.7.up_proj.weight[3, 159] is NaN\n");
}

// Waits until the program has printed `text`, or ended.
void AwaitOutput(const test::Program& program, const std::string& text) {
  for (int i = 0; i < 6000 && program.OutSoFar().find(text) == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// A sparse checkpoint of hundreds of gigabytes, none of them on disk, takes minutes to check.
TEST(Inspect, CtrlCEndsACheckInOrder) {
  const TempDir dir;
  const std::string folder = dir.File("model");
  ASSERT_EQ(RunFathom({"make-checkpoint", "--config", kOfficial, "--layers", "20", "--dtype",
                       "bf16", "--sparse", "--out", folder})
                .exit_code,
            0);
  test::Program program({FATHOM_PROGRAM, "inspect", folder, "--check"});
  AwaitOutput(program, "cache fp8");
  program.Signal(SIGINT);
  const ProgramResult result = program.Wait();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, testing::StartsWith("error: interrupted after "));
  EXPECT_THAT(result.err, HasSubstr(" GB, in which every weight is a number\n"));
}

}  // namespace
}  // namespace fathom
