// The commands tokenize and detokenize, run as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <string>
#include <string_view>

#include "base/mapped_file.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

// `arguments` are words of a shell.
Outcome Fathom(const std::string& arguments, std::string_view input = "") {
  const test::TempDir folder;
  folder.Write("in", input);
  const std::string line = "'" FATHOM_PROGRAM "' " + arguments + " < " + folder.File("in") + " > " +
                           folder.File("out") + " 2> " + folder.File("err");
  const int status = ::system(line.c_str());
  return {WEXITSTATUS(status), *ReadFile(folder.File("out"), 1 << 20),
          *ReadFile(folder.File("err"), 1 << 20)};
}

// The bundled model is found from the build folder.
TEST(TokenizeCommand, PrintsATable) {
  const Outcome run = Fathom("tokenize 'The sea<think>' --allow-special");
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, testing::MatchesRegex(" *[0-9]+  \"The\"\n *[0-9]+  \" sea\"\n"
                                             "   8189  \"<think>\"  added\n"));
}

TEST(TokenizeCommand, EscapesControlCharacters) {
  const Outcome run = Fathom("tokenize", "\x1B[2J");
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.out.find('\x1B'), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("\"\\x1b\""), std::string::npos) << run.out;
}

TEST(TokenizeCommand, IdsGoBackToTheSameText) {
  const std::string text = "One line,\n\ttwo lines… 中文 <think> 12345\r\n";
  for (const std::string flag : {"", " --allow-special"}) {
    const Outcome ids = Fathom("tokenize --ids" + flag, text);
    ASSERT_EQ(ids.code, 0) << ids.err;
    EXPECT_EQ(Fathom("detokenize", ids.out).out, text);
    EXPECT_EQ(Fathom("detokenize " + ids.out.substr(0, ids.out.size() - 1)).out, text);
  }
}

TEST(TokenizeCommand, PlainTextUnlessAllowed) {
  EXPECT_EQ(Fathom("tokenize --ids '<think>'  --allow-special").out, "8189\n");
  EXPECT_THAT(Fathom("tokenize --ids '<think>'").out, testing::Not(testing::HasSubstr("8189")));
}

TEST(TokenizeCommand, Json) {
  EXPECT_EQ(Fathom("tokenize --json --allow-special '<think></think>'").out,
            "{\"ids\":[8189,8190],\"tokens\":[\"<think>\",\"</think>\"]}\n");
  EXPECT_EQ(Fathom("tokenize --json ''").out, "{\"ids\":[],\"tokens\":[]}\n");
  EXPECT_EQ(Fathom("detokenize --json 8189,8190").out, "{\"text\":\"<think></think>\"}\n");
}

TEST(TokenizeCommand, AnswersEveryLine) {
  const Outcome run = Fathom("tokenize --jsonl",
                             "{\"text\": \"<think>\", \"allow_special\": true}\n"
                             "{\"text\": \"\"}\n"
                             "\n"
                             "{\"text\": 5}\n"
                             "{}\n"
                             "[1]\n"
                             "{\"text\": \"a\", \"allow\": true}\n"
                             "{\"text\": \"</think>\", \"allow_special\": true}");
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.out,
            "{\"ids\":[8189]}\n"
            "{\"ids\":[]}\n"
            "{\"error\":\"byte 0: expecting value\"}\n"
            "{\"error\":\"text: expected string, found number\"}\n"
            "{\"error\":\"text: missing\"}\n"
            "{\"error\":\"the line: expected object, found array\"}\n"
            "{\"error\":\"allow: unknown field, expected text, allow_special\"}\n"
            "{\"ids\":[8190]}\n");
}

TEST(DetokenizeCommand, AnswersEveryLine) {
  const Outcome run = Fathom("detokenize --jsonl",
                             "{\"ids\": [8189, 8190]}\n"
                             "{\"ids\": [8192]}\n"
                             "{\"ids\": [1, 12345678901]}\n"
                             "{\"ids\": [1, \"2\"]}\n"
                             "{\"ids\": []}\n"
                             "{\"text\": \"\"}\n");
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.out,
            "{\"text\":\"<think></think>\"}\n"
            "{\"error\":\"ids[0]: 8192 is no token; the largest is 8191\"}\n"
            "{\"error\":\"ids[1]: 12345678901 is no token; the largest is 8191\"}\n"
            "{\"error\":\"ids[1]: expected integer, found string\"}\n"
            "{\"text\":\"\"}\n"
            "{\"error\":\"text: unknown field, expected ids\"}\n");
}

TEST(TokenizeCommand, SaysWhatIsWrong) {
  const auto error = [](const std::string& arguments, std::string_view input = "") {
    const Outcome run = Fathom(arguments, input);
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(run.out, "");
    return run.err;
  };
  EXPECT_EQ(error("tokenize --tokenizer /no/such/file x"),
            "error: /no/such/file: No such file or directory\n");
  EXPECT_EQ(error("tokenize --model /no/such x"),
            "error: /no/such/tokenizer.json: No such file or directory\n");
  EXPECT_EQ(error("tokenize --model a --tokenizer b x"),
            "error: --model and --tokenizer: choose one\n");
  EXPECT_EQ(error("tokenize --ids --json x"), "error: --ids, --json and --jsonl: choose one\n");
  EXPECT_EQ(error("tokenize --jsonl x"),
            "error: --jsonl reads its texts from standard input; found TEXT as well\n");
  EXPECT_EQ(error("detokenize 5 x7"), "error: ids[1]: expected a token id, found \"x7\"\n");
  EXPECT_EQ(error("detokenize", "1 2 99999999999"),
            "error: ids[2]: expected a token id, found \"99999999999\"\n");
  EXPECT_EQ(error("detokenize 5 8192"), "error: ids[1]: 8192 is no token; the largest is 8191\n");
}

TEST(TokenizeCommand, TakesATokenizerFile) {
  EXPECT_EQ(Fathom("tokenize --ids --tokenizer '" FATHOM_GOLDEN_DIR
                   "/tokenizer/tokenizer.json' 'Hello, world!'")
                .out,
            "19923 14 2058 3\n");
}

}  // namespace
}  // namespace fathom
