// The commands that talk with the bundled model, run as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
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

std::vector<json::Value> Lines(const std::string& text) {
  std::vector<json::Value> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    auto value = json::Parse(line);
    EXPECT_TRUE(value.ok()) << line;
    lines.push_back(value.ok() ? *value : json::Value());
  }
  return lines;
}

std::string StringAt(const json::Value& value, std::initializer_list<const char*> path) {
  const json::Value* at = &value;
  for (const char* key : path) {
    at = at->Find(key);
    if (at == nullptr) return fmt::format("(no {})", key);
  }
  return at->is_string() ? at->string() : "(not a string)";
}

TEST(RunCommand, AnswersOnStandardOutputAlone) {
  const ProgramResult run =
      RunFathom({"run", "-p", "Write these words in reverse order: dog, shovel, cave", "--greedy"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "cave, shovel, dog\n");
  EXPECT_THAT(run.err, StartsWith("load "));
  EXPECT_THAT(run.err, HasSubstr("keys per token"));
}

TEST(RunCommand, ReadsStandardInput) {
  const ProgramResult run = RunFathom({"run", "--greedy", "-q"},
                                      "What is the second word in this list? sailor, key, boat\n");
  EXPECT_EQ(run.out, "The second word is key.\n");
  EXPECT_EQ(run.err, "");
}

TEST(RunCommand, ReasoningGoesToStandardError) {
  const ProgramResult run = RunFathom({"run", "--greedy", "-q", "--thinking", "-p",
                                       "What is the second word in this list? sailor, key, boat"});
  EXPECT_EQ(run.out, "The second word is key.\n");
  EXPECT_NE(run.err, "");
}

TEST(RunCommand, UsesTools) {
  const ProgramResult run =
      RunFathom({"run", "--greedy", "-q", "--use-tools", "-p", "What is 482 * 37?"});
  EXPECT_THAT(run.out, HasSubstr("17834"));
  EXPECT_THAT(run.err, HasSubstr("→ calculator {\"expression\": \"482 * 37\"}\n← 17834\n"));
}

TEST(RunCommand, SameSeedSameAnswer) {
  const std::vector<std::string> args = {"run",           "-q",  "--seed", "7",
                                         "--temperature", "1.2", "-p",     "hi"};
  EXPECT_EQ(RunFathom(args).out, RunFathom(args).out);
}

// The one line that `fathom run` ends with, and nothing else.
std::string ErrorOfRun(std::vector<std::string> args) {
  args.insert(args.begin(), "run");
  const ProgramResult run = RunFathom(std::move(args));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  return run.err;
}

TEST(RunCommand, OneClearErrorAndExitCode1) {
  EXPECT_THAT(ErrorOfRun({}), HasSubstr("error: no prompt"));
  EXPECT_THAT(ErrorOfRun({"/nonexistent", "-p", "hi"}), HasSubstr("error: /nonexistent"));
  EXPECT_THAT(ErrorOfRun({"-p", "hi", "--temperature", "3"}),
              HasSubstr("error: temperature: 3 is outside [0, 2]"));
  EXPECT_THAT(ErrorOfRun({"-p", "hi", "--context", "99999999"}),
              HasSubstr("max_position_embeddings"));
  EXPECT_THAT(ErrorOfRun({"-p", "hi", "--numerics", "exact"}), HasSubstr("--numerics"));
  EXPECT_THAT(ErrorOfRun({"-p", "hi", "--nonsense"}), HasSubstr("--nonsense"));
  EXPECT_THAT(ErrorOfRun({"-p", "hi", "--messages", "x.json"}), HasSubstr("exclude each other"));
  EXPECT_THAT(ErrorOfRun({"--messages", "/nonexistent.json"}), HasSubstr("/nonexistent.json"));
  EXPECT_THAT(ErrorOfRun({"--jsonl", "--context", "163840", "--parallel", "256"}),
              HasSubstr("does not fit into memory"));
  EXPECT_THAT(ErrorOfRun({"-p", std::string(600, 'x'), "--context", "64"}),
              HasSubstr("which leaves no room in a context of 64"));
}

TEST(RunCommand, CtrlCStopsTheAnswer) {
  test::Program program({FATHOM_PROGRAM, "run", "-p", "Tell me a story.", "--ignore-eos",
                         "--max-tokens", "20000", "-q"});
  for (int i = 0; i < 600 && program.OutSoFar().size() < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  program.Signal(SIGINT);
  const ProgramResult run = program.Wait();
  EXPECT_EQ(run.exit_code, 130);
  EXPECT_GE(run.out.size(), 20U);
}

TEST(RunCommand, JsonLinesComeInOrderAndBadOnesHurtNobody) {
  const std::string input =
      R"({"messages": [{"role": "user", "content": "Write these words in reverse order: dog, shovel, cave"}], "temperature": 0})"
      "\n"
      "{\"messages\": [\n"
      R"({"temperature": 0})"
      "\n\n"
      R"({"messages": [{"role": "user", "content": "hi"}], "temperature": 9})"
      "\n"
      R"({"messages": [{"role": "user"}, {"role": "ghost", "content": "boo"}]})"
      "\n"
      R"({"messages": [{"role": "user", "content": "What is the second word in this list? sailor, key, boat"}], "thinking": true, "temperature": 0, "max_tokens": 100})"
      "\n"
      R"({"messages": [{"role": "user", "content": "hi"}], "temperature": 0, "max_tokens": 2, "logprobs": true, "top_logprobs": 2})";
  const ProgramResult run = RunFathom({"run", "--jsonl", "--parallel", "3"}, input);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const std::vector<json::Value> lines = Lines(run.out);
  ASSERT_EQ(lines.size(), 7U) << run.out;
  EXPECT_EQ(StringAt(lines[0], {"message", "content"}), "cave, shovel, dog");
  EXPECT_EQ(StringAt(lines[0], {"message", "role"}), "assistant");
  EXPECT_EQ(StringAt(lines[0], {"finish_reason"}), "stop");
  EXPECT_EQ(StringAt(lines[1], {"error", "message"}), "byte 14: expecting value");
  EXPECT_EQ(StringAt(lines[2], {"error", "message"}), "messages: missing");
  EXPECT_EQ(StringAt(lines[3], {"error", "message"}), "temperature: 9 is outside [0, 2]");
  EXPECT_THAT(StringAt(lines[4], {"error", "message"}), StartsWith("messages["));
  EXPECT_EQ(StringAt(lines[5], {"message", "content"}), "The second word is key.");
  EXPECT_NE(StringAt(lines[5], {"message", "reasoning_content"}), "");
  EXPECT_EQ(StringAt(lines[6], {"finish_reason"}), "length");
  EXPECT_EQ(lines[6].Find("logprobs")->array().size(), 2U);
  EXPECT_EQ(lines[6].Find("usage")->Find("completion_tokens")->AsInt64(), 2);
}

TEST(RunCommand, JsonLinesToolCalls) {
  const std::string input =
      R"({"messages": [{"role": "user", "content": "What is 482 * 37?"}], "tools": [{"type": "function", "function": {"name": "calculator", "description": "Evaluate an arithmetic expression", "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}}}], "temperature": 0})";
  const std::vector<json::Value> lines = Lines(RunFathom({"run", "--jsonl"}, input).out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(StringAt(lines[0], {"finish_reason"}), "tool_calls");
  const json::Array& calls = lines[0].Find("message")->Find("tool_calls")->array();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(StringAt(calls[0], {"function", "name"}), "calculator");
  EXPECT_EQ(StringAt(calls[0], {"function", "arguments"}), "{\"expression\": \"482 * 37\"}");
}

TEST(RunCommand, AnswersKeepToASchema) {
  test::TempDir folder;
  folder.Write("schema.json", R"({"type": "object", "properties": {"colour": {"enum": ["teal",
      "ochre"]}, "n": {"type": "integer", "minimum": 3, "maximum": 5}},
      "required": ["colour", "n"], "additionalProperties": false})");
  const ProgramResult run =
      RunFathom({"run", "-q", "-p", "Tell me a story.", "--seed", "3", "--thinking",
                 "--thinking-budget", "2", "--json-schema", folder.File("schema.json")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const auto answer = json::Parse(run.out);
  ASSERT_TRUE(answer.ok()) << run.out;
  EXPECT_THAT(StringAt(*answer, {"colour"}), testing::AnyOf("teal", "ochre"));
  EXPECT_THAT(*answer->Find("n")->AsInt64(), testing::AllOf(testing::Ge(3), testing::Le(5)));
  EXPECT_EQ(answer->object().size(), 2U);
  EXPECT_THAT(run.err, HasSubstr("I have to stop thinking here"));
}

TEST(RunCommand, AnAnswerCutOffInItsFormIsAnError) {
  test::TempDir folder;
  folder.Write("schema.json", R"({"enum": ["a text that takes more than two tokens"]})");
  const ProgramResult run = RunFathom(
      {"run", "-q", "-p", "hi", "--max-tokens", "2", "--json-schema", folder.File("schema.json")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err,
            "error: the answer was cut off after 2 tokens, before its form was complete\n");
}

TEST(RunCommand, AFileThatGivesNoFormIsNamed) {
  test::TempDir folder;
  folder.Write("number.json", "7");
  folder.Write("nothing.json", R"({"properties": {"a": {"$ref": "#/b"}}})");
  folder.Write("tools.json", R"([{"function": {"name": "add", "strict": true,
      "parameters": {"properties": {"n": {"uniqueItems": true}}}}}])");
  const auto error = [&](std::vector<std::string> args, std::string_view file) {
    args.insert(args.begin(), {"-p", "hi"});
    if (!file.empty()) args.push_back(folder.File(file));
    return ErrorOfRun(std::move(args));
  };
  EXPECT_THAT(error({"--json-schema"}, "gone.json"), HasSubstr("gone.json: No such file"));
  EXPECT_THAT(error({"--json-schema"}, "number.json"),
              HasSubstr("number.json: schema: expected object, found number"));
  EXPECT_THAT(error({"--json-schema"}, "nothing.json"),
              HasSubstr("nothing.json: schema.properties.a: $ref: '#/b' leads to nothing"));
  EXPECT_THAT(error({"--tools"}, "tools.json"),
              HasSubstr("tools.json: tools[0].function.parameters.properties.n: uniqueItems"));
  EXPECT_THAT(error({"--use-tools", "--json-schema"}, "nothing.json"), HasSubstr("excludes"));
  EXPECT_THAT(error({"--jsonl", "--json-schema"}, "nothing.json"), HasSubstr("from its lines"));
  EXPECT_THAT(error({"--thinking-budget", "-2"}, ""), HasSubstr("-2 is below 0"));
}

TEST(RunCommand, JsonLinesKeepToTheirForms) {
  const std::string input =
      R"({"messages": [{"role": "user", "content": "Hello!"}], "temperature": 0, "tool_choice": "required", "tools": [{"type": "function", "function": {"name": "paint", "strict": true, "parameters": {"type": "object", "properties": {"colour": {"enum": ["teal", "ochre"]}}, "required": ["colour"], "additionalProperties": false}}}]})"
      "\n"
      R"({"messages": [{"role": "user", "content": "Hello!"}], "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {"$ref": "#/none"}}}})";
  const std::vector<json::Value> lines = Lines(RunFathom({"run", "--jsonl"}, input).out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(StringAt(lines[0], {"finish_reason"}), "tool_calls");
  const json::Array& calls = lines[0].Find("message")->Find("tool_calls")->array();
  ASSERT_GE(calls.size(), 1U);
  EXPECT_EQ(StringAt(calls[0], {"function", "name"}), "paint");
  EXPECT_THAT(StringAt(calls[0], {"function", "arguments"}),
              testing::AnyOf(R"({"colour": "teal"})", R"({"colour": "ochre"})"));
  EXPECT_EQ(StringAt(lines[1], {"error", "message"}),
            "response_format.json_schema.schema: $ref: '#/none' leads to nothing");
}

TEST(DemoCommand, EveryAnswerIsRight) {
  const ProgramResult run = RunFathom({"demo"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("keys read per token"));
}

TEST(VerifyCommand, BundledModelEqualsItsGoldenData) {
  const ProgramResult run = RunFathom({"verify", "--numerics", "reference", "--json", "--golden",
                                       FATHOM_GOLDEN_DIR "/nano/golden.safetensors"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const std::vector<json::Value> lines = Lines(run.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].Find("ok")->boolean());
  const json::Value* logits = lines[0].Find("tensors")->Find("text_1500.logits");
  ASSERT_NE(logits, nullptr);
  EXPECT_LE(*logits->Find("max_abs")->AsDouble(), 2e-4);
}

TEST(VerifyCommand, ErrorsNameTheFile) {
  const ProgramResult run = RunFathom({"verify", "--golden", "/nonexistent"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "error: /nonexistent: No such file or directory\n");
}

}  // namespace
}  // namespace fathom
