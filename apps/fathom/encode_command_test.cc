// The commands encode and parse, run as a user runs them.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "json/write.h"
#include "support/golden_json.h"
#include "support/program.h"

namespace fathom {
namespace {

using json::Value;

// `arguments` are words of a shell; `input` is standard input.
test::ProgramResult Fathom(const std::string& arguments, std::string_view input) {
  const test::TempDir folder;
  const std::string file = folder.Write("in", input);
  return test::Program({"/bin/sh", "-c", FATHOM_PROGRAM " " + arguments + " < " + file}).Wait();
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  return lines;
}

Value Picked(const Value& from, std::initializer_list<const char*> names) {
  json::Object picked;
  for (const char* name : names) picked.Set(name, *from.Find(name));
  return picked;
}

TEST(EncodeCommand, PrintsThePromptAndNothingElse) {
  const auto run = Fathom(
      "encode", R"({"messages": [{"role": "user", "content": "Hi"}], "thinking_mode": "chat"})");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out, "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜></think>");
}

TEST(EncodeCommand, ReadsAFile) {
  const test::TempDir folder;
  const std::string file =
      folder.Write("call.json", "{\"messages\": [],\n \"thinking_mode\": \"thinking\"}\n");
  const auto run = test::RunFathom({"encode", file});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "<｜begin▁of▁sentence｜>");
}

TEST(EncodeCommand, ErrorsAreOneLine) {
  auto run = Fathom("encode", R"({"messages": [{"role": "x"}], "thinking_mode": "chat"})");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "error: NotImplementedError: Unknown role: x\n");
  run = Fathom("encode", "{\"messages\"");
  EXPECT_EQ(run.err, "error: standard input: byte 11: expecting ':' delimiter\n");
  run = test::RunFathom({"encode", "/no/such/file"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "error: /no/such/file: No such file or directory\n");
  run = test::RunFathom({"encode", "/"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "error: /: Is a directory\n");
}

TEST(ParseCommand, PrintsTheMessage) {
  const auto run =
      Fathom("parse -", R"({"text": "a<｜end▁of▁sentence｜>", "thinking_mode": "chat"})");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out,
            "{\"role\": \"assistant\", \"content\": \"a\", \"reasoning_content\": \"\", "
            "\"tool_calls\": []}\n");
}

TEST(JsonLines, ABadLineIsAnsweredAndTheNextOneToo) {
  const std::string good = R"({"messages": [], "thinking_mode": "chat"})";
  const auto run = Fathom("encode --jsonl", good + "\nno json\n\n{}\n" + good);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
  const std::vector<std::string> lines = Lines(run.out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], R"({"prompt": "<｜begin▁of▁sentence｜>"})");
  EXPECT_EQ(lines[1].substr(0, 38), R"({"error": {"type": "JSONDecodeError", )");
  EXPECT_EQ(lines[2].substr(0, 38), R"({"error": {"type": "JSONDecodeError", )");
  EXPECT_EQ(lines[3].substr(0, 32), R"({"error": {"type": "TypeError", )");
  EXPECT_EQ(lines[4], lines[0]);
}

// Every random golden case as one stream.
TEST(JsonLines, GoldenCases) {
  const Value cases = test::GoldenJson("encoding/cases.json");
  std::string encode, parse;
  for (const Value& one : cases.Find("encode")->array()) {
    const Value arguments = Picked(
        one, {"messages", "context", "thinking_mode", "drop_thinking", "add_default_bos_token"});
    encode += json::Dump(arguments, json::Style::kCompact) + "\n";
  }
  for (const Value& one : cases.Find("parse")->array()) {
    parse += json::Dump(Picked(one, {"text", "thinking_mode"}), json::Style::kCompact) + "\n";
  }
  const std::vector<std::string> prompts = Lines(Fathom("encode --jsonl", encode).out);
  const std::vector<std::string> messages = Lines(Fathom("parse --jsonl -", parse).out);
  ASSERT_EQ(prompts.size(), 300u);
  ASSERT_EQ(messages.size(), 300u);
  for (size_t i = 0; i < 300; ++i) {
    const Value& wanted = cases.Find("encode")->array()[i];
    const Result<Value> answer = json::Parse(prompts[i]);
    ASSERT_TRUE(answer.ok()) << prompts[i];
    if (const Value* prompt = wanted.Find("prompt")) {
      EXPECT_EQ(*answer, (Value(json::Object{{"prompt", *prompt}})));
    } else {
      EXPECT_EQ(*answer->Find("error")->Find("type"), *wanted.Find("error"));
    }
    const Value& completion = cases.Find("parse")->array()[i];
    const Value* message = completion.Find("message");
    const Result<Value> parsed = json::Parse(messages[i]);
    ASSERT_TRUE(parsed.ok()) << messages[i];
    EXPECT_EQ(parsed->Find("message") != nullptr, message != nullptr) << messages[i];
    if (message != nullptr) {
      EXPECT_EQ(*parsed->Find("message"), *message);
    }
  }
}

}  // namespace
}  // namespace fathom
