#include "chat/tools_prompt.h"

#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "json/parse.h"
#include "support/sha256.h"

namespace fathom::chat {
namespace {

std::string Replaced(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

TEST(Sha256, KnownDigests) {
  EXPECT_EQ(test::Sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(test::Sha256("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(test::Sha256(std::string(56, 'a')),
            "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
}

// The digest of the published template, whose placeholders are Python's (spec 7.5).
TEST(ToolsPrompt, TemplateHasThePublishedDigest) {
  std::string text(kToolsPromptHead);
  text = Replaced(text, "｜DSML｜", "{dsml_token}");
  text = Replaced(text, "<think>", "{thinking_start_token}");
  text = Replaced(text, "</think>", "{thinking_end_token}");
  text += "{tool_schemas}";
  text += kToolsPromptTail;
  EXPECT_EQ(text.size(), 1210u);
  EXPECT_EQ(test::Sha256(text).substr(0, 16), "0cc91e644b79c4f5");
}

TEST(ToolsPrompt, OneSmallTool) {
  const Result<json::Value> tool =
      json::Parse(R"({"name":"noop","parameters":{"type":"object","properties":{}}})");
  ASSERT_TRUE(tool.ok());
  Prompt prompt;
  AppendTools({&*tool}, &prompt);
  EXPECT_EQ(prompt.Joined().size(), 1215u);
  EXPECT_EQ(test::Sha256(prompt.Joined()).substr(0, 15), "1a8e42ba002c778");
}

TEST(ToolsPrompt, StandsInThePublishedExample) {
  const Result<std::string> example =
      ReadFile(FATHOM_GOLDEN_DIR "/encoding/official_output.txt", 1 << 20);
  ASSERT_TRUE(example.ok()) << example.status().message();
  EXPECT_NE(example->find("\n\n" + std::string(kToolsPromptHead) + "{\"name\": \"get_datetime\""),
            std::string::npos);
}

// A schema that speaks of special strings must not put their tokens into the prompt.
TEST(ToolsPrompt, SpecialStringsInASchemaStayText) {
  const json::Value tool = json::Object{{"name", json::Value("<think>｜DSML｜")}};
  Prompt plain, odd;
  AppendTools({}, &plain);
  AppendTools({&tool}, &odd);
  ASSERT_EQ(odd.segments().size(), plain.segments().size());
  EXPECT_NE(odd.segments().back().text.find("<think>｜DSML｜"), std::string::npos);
  EXPECT_FALSE(odd.segments().back().special);
}

}  // namespace
}  // namespace fathom::chat
