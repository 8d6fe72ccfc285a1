// fathom bench as a user runs it. How fast anything was is nobody's business here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "json/parse.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

using test::ProgramResult;
using test::RunFathom;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kTiny = FATHOM_GOLDEN_DIR "/tiny-f32";  // has no tokenizer

json::Value Parsed(const std::string& text) {
  const auto value = json::Parse(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *value : json::Value();
}

TEST(BenchCommand, PrintsALineForEveryTest) {
  const ProgramResult run = RunFathom({"bench", kTiny, "--prompt", "8,16", "--generate", "4",
                                       "--depth", "0,70", "--threads", "1", "-r", "2"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, StartsWith("tiny-f32 on "));
  EXPECT_THAT(run.out, HasSubstr("prompts: random tokens"));
  EXPECT_THAT(run.out, testing::ContainsRegex("1  prompt +1 +16 +128 .* 64 of 136\n"));
  EXPECT_THAT(run.out, testing::ContainsRegex("1  generation +1 +4 +128 .* 64 of 132\n"));
  std::istringstream lines(run.out);
  int tests = 0;
  for (std::string line; std::getline(lines, line);) tests += line.starts_with("      1  ") ? 1 : 0;
  EXPECT_EQ(tests, 6) << run.out;
}

TEST(BenchCommand, Json) {
  const ProgramResult run = RunFathom({"bench", kTiny, "--prompt", "8", "--generate", "4",
                                       "--depth", "0,70", "--threads", "1,2", "-r", "2", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const json::Value root = Parsed(run.out);
  const json::Array& results = root.Find("results")->array();
  ASSERT_EQ(results.size(), 8U);
  EXPECT_EQ(results[0].Find("threads")->AsInt64(), 1);
  EXPECT_EQ(results[7].Find("threads")->AsInt64(), 2);
  EXPECT_EQ(results[7].Find("test")->string(), "generation");
  EXPECT_EQ(results[7].Find("depth")->AsInt64(), 128);  // in whole pages
  for (const json::Value& result : results) {
    EXPECT_EQ(result.Find("sample_seconds")->array().size(), 2U);
    EXPECT_GT(*result.Find("tokens_per_second")->Find("min")->AsDouble(), 0);
  }
  EXPECT_EQ(root.Find("model")->string(), "tiny-f32");
  EXPECT_EQ(root.Find("repetitions")->AsInt64(), 2);
}

TEST(BenchCommand, ProfileExplainsTheTimeAndDrawsIt) {
  const test::TempDir folder;
  const std::string svg = folder.File("profile.svg");
  const ProgramResult run =
      RunFathom({"bench", kTiny, "--prompt", "4,80", "--generate", "4", "--threads", "1", "-r", "1",
                 "--profile", "--svg", svg, "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const json::Value root = Parsed(run.out);
  const json::Array& profiles = root.Find("profiles")->array();
  ASSERT_EQ(profiles.size(), 2U);
  EXPECT_EQ(profiles[0].Find("tokens")->AsInt64(), 80);
  EXPECT_EQ(profiles[1].Find("test")->string(), "generation");
  for (const json::Value& profile : profiles) {
    double shares = 0;
    for (const json::Value& operation : profile.Find("operations")->array()) {
      shares += *operation.Find("share")->AsDouble();
    }
    EXPECT_NEAR(shares, 1, 1e-6);
  }
  std::ifstream file(svg);
  const std::string picture((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(picture, StartsWith("<svg "));
  EXPECT_THAT(picture, HasSubstr("Where the time of tiny-f32 goes"));
}

// Depth and prompt come from the text; the same numbers of keys as with random tokens.
TEST(BenchCommand, TextAsPrompt) {
  const test::TempDir folder;
  const std::string text = folder.Write("text.txt", "The old man opened the door. ");
  const ProgramResult run = RunFathom({"bench", "--text", text, "--prompt", "24", "--generate", "0",
                                       "--depth", "16", "-r", "2", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const json::Value root = Parsed(run.out);
  EXPECT_EQ(root.Find("prompts")->string(), text);
  const json::Array& results = root.Find("results")->array();
  ASSERT_EQ(results.size(), 1U);
  // 65, 66 … 88 keys: the depth is a whole page.
  EXPECT_EQ(results[0].Find("keys_present")->AsDouble(), (65 + 88) / 2.0);
}

TEST(BenchCommand, MtpOnAText) {
  const test::TempDir folder;
  const std::string text = folder.Write(
      "text.txt", "The old man opened the door and looked out at the sea. It was a cold morning.");
  const ProgramResult run = RunFathom({"bench", "--mtp", "--text", text, "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const json::Value root = Parsed(run.out);
  EXPECT_GT(*root.Find("positions")->AsInt64(), 10);
  EXPECT_GT(*root.Find("acceptance")->AsDouble(), 0.2);
  EXPECT_LE(*root.Find("acceptance")->AsDouble(), 1);
  EXPECT_EQ(root.Find("windows")->AsInt64(), 1);
}

TEST(BenchCommand, OneClearError) {
  const auto error = [](std::vector<std::string> args) {
    args.insert(args.begin(), {"bench", kTiny});
    const ProgramResult run = RunFathom(std::move(args));
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    return run.err;
  };
  EXPECT_EQ(error({"--prompt", "12x"}),
            "error: --prompt: \"12x\" is no list of whole numbers such as 128,1024\n");
  EXPECT_EQ(error({"--depth", "1,-1"}), "error: --depth: -1 is outside [0, 16777216]\n");
  EXPECT_EQ(error({"--threads", "1,9999"}), "error: --threads: 9999 is outside [0, 4096]\n");
  EXPECT_EQ(error({"-r", "0"}), "error: --repetitions: 0 is outside [1, 1000]\n");
  EXPECT_THAT(error({"--prompt", "0", "--generate", "0"}), HasSubstr("nothing to measure"));
  EXPECT_EQ(error({"--svg", "x.svg"}), "error: --svg: needs --profile\n");
  EXPECT_EQ(error({"--profile", "--svg", "/nonexistent/x.svg"}),
            "error: --svg: /nonexistent/x.svg: No such file or directory\n");
  EXPECT_EQ(error({"--mtp", "--profile"}), "error: --mtp and --profile exclude each other\n");
  EXPECT_EQ(error({"--mtp"}), "error: --mtp: the model has no tokenizer.json\n");
  EXPECT_EQ(error({"--text", "x.txt"}), "error: --text: the model has no tokenizer.json\n");
  EXPECT_EQ(error({"--depth", "200000"}),
            "error: --depth with --prompt or --generate: 200514 tokens, and "
            "max_position_embeddings is 163840\n");
  EXPECT_THAT(error({"--context", "64"}), HasSubstr("--context"));
}

TEST(BenchCommand, CtrlCPrintsWhatThereIs) {
  test::Program program({FATHOM_PROGRAM, "bench", kTiny, "--prompt", "8", "--generate", "16000",
                         "-r", "1000", "--threads", "1"});
  for (int i = 0; i < 600 && program.OutSoFar().find("prompt  ") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  program.Signal(SIGINT);
  const ProgramResult run = program.Wait();
  EXPECT_EQ(run.exit_code, 130);
  EXPECT_THAT(run.out, testing::ContainsRegex("1  prompt +1 +8 +0 "));
  EXPECT_THAT(run.out, HasSubstr("interrupted: this is what was measured before\n"));
  EXPECT_EQ(run.err, "");
}

}  // namespace
}  // namespace fathom
