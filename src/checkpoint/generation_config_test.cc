#include "checkpoint/generation_config.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace fathom {
namespace {

ModelConfig Model() {
  return LoadModelConfig(FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/config.json").value();
}

TEST(GenerationConfig, ReadsThePublishedFile) {
  const auto config = LoadGenerationConfig(
      FATHOM_SOURCE_DIR "/tests/golden/deepseek-v3.2/generation_config.json", Model());
  EXPECT_EQ(
      config.value(),
      (GenerationConfig{
          .do_sample = true, .temperature = 1.0, .top_p = 0.95, .top_k = 0, .eos_token_ids = {1}}));
}

TEST(GenerationConfig, WithoutAFileTheModelCardCounts) {
  const test::TempDir dir;
  const GenerationConfig config =
      LoadGenerationConfig(dir.File("generation_config.json"), Model()).value();
  EXPECT_EQ(config.temperature, 1.0);
  EXPECT_EQ(config.top_p, 0.95);
  EXPECT_EQ(config.eos_token_ids, (std::vector<int64_t>{1}));
}

TEST(GenerationConfig, EveryField) {
  const auto config = ParseGenerationConfig(
      R"({"do_sample": false, "temperature": 0.7, "top_p": 1, "top_k": 40, "eos_token_id": [1, 9]})",
      Model());
  EXPECT_EQ(config.value(), (GenerationConfig{.do_sample = false,
                                              .temperature = 0.7,
                                              .top_p = 1,
                                              .top_k = 40,
                                              .eos_token_ids = {1, 9}}));
}

TEST(GenerationConfig, RefusesByName) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"temperature": -1})", "temperature: -1 is outside [0, 100]"},
      {R"({"temperature": "hot"})", "temperature: expected number, found string"},
      {R"({"top_p": 1.5})", "top_p: 1.5 is outside [0, 1]"},
      {R"({"top_k": -3})", "top_k: -3 is outside [0, 16777216]"},
      {R"({"do_sample": 1})", "do_sample: expected boolean, found number"},
      {R"({"eos_token_id": 500000})",
       "eos_token_id: found 500000, expected a token id, 0 to 129279 (vocab_size 129280)"},
      {"[]", "expected object, found array"},
      {"{", "byte 1: expecting property name enclosed in double quotes"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(ParseGenerationConfig(text, Model()).status().message(), message);
  }
  const test::TempDir dir;
  const std::string path = dir.Write("generation_config.json", R"({"top_p": 2})");
  EXPECT_EQ(LoadGenerationConfig(path, Model()).status().message(),
            path + ": top_p: 2 is outside [0, 1]");
}

}  // namespace
}  // namespace fathom
