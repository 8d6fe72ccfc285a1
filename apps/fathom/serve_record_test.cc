// What `fathom serve --record` leaves behind, and what becomes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/api_client.h"
#include "support/program.h"

namespace fathom {
namespace {

using test::Program;
using test::RunFathom;
using test::TextAt;
using testing::HasSubstr;

// A server of the bundled model on a free port.
class ServedModel {
 public:
  explicit ServedModel(std::vector<std::string> flags) : program_(Arguments(std::move(flags))) {
    for (int i = 0; i < 6000 && port_ == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const std::string out = program_.OutSoFar();
      const size_t at = out.find("127.0.0.1:");
      if (out.ends_with('\n') && at != out.npos) {
        port_ = static_cast<uint16_t>(std::stoi(out.substr(at + 10)));
      }
    }
    FATHOM_CHECK(port_ != 0, "the server does not start");
  }

  uint16_t port() const { return port_; }
  test::ProgramResult Stop() {
    program_.Signal(SIGTERM);
    return program_.Wait();
  }

 private:
  static std::vector<std::string> Arguments(std::vector<std::string> flags) {
    std::vector<std::string> all = {FATHOM_PROGRAM, "serve", "--port", "0", "--max-running", "4"};
    all.insert(all.end(), flags.begin(), flags.end());
    return all;
  }

  Program program_;
  uint16_t port_ = 0;
};

std::vector<json::Value> LinesOf(const std::string& text) {
  std::vector<json::Value> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    auto value = json::Parse(line);
    EXPECT_TRUE(value.ok()) << line;
    if (value.ok()) lines.push_back(*std::move(value));
  }
  return lines;
}
std::vector<json::Value> LinesOfFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return LinesOf(text.str());
}

const std::vector<std::string> kChats = {
    R"({"messages": [{"role": "user", "content": "Write these words in reverse order: dog, cave"}],
      "temperature": 1.2, "max_tokens": 40})",
    R"({"messages": [{"role": "user", "content": "What is the second word in this list? key, boat"}],
      "temperature": 1.2, "max_tokens": 40, "thinking": true})",
    R"({"messages": [{"role": "user", "content": "Tell me a story."}], "temperature": 1.5,
      "seed": 7, "max_tokens": 30, "frequency_penalty": 0.5})"};

TEST(ServeRecord, ARecordIsRunAgain) {
  const test::TempDir dir;
  const std::string path = dir.Write("record.jsonl", "");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  ServedModel served({"--record", path, "--record-words"});
  std::vector<json::Value> answers;
  for (const std::string& chat : kChats) {
    answers.push_back(test::JsonOf(test::Post(served.port(), "/v1/chat/completions", chat)));
  }
  const test::ProgramResult end = served.Stop();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_THAT(end.err, HasSubstr("keeps what everybody says"));
  struct stat file = {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);

  const std::vector<json::Value> lines = LinesOfFile(path);
  ASSERT_EQ(lines.size(), 1 + kChats.size());
  EXPECT_EQ(TextAt(lines[0], "event"), "engine");
  for (const char* fact : {"version", "backend", "numerics", "cache.type"}) {
    EXPECT_NE(TextAt(lines[0], fact), "null") << fact;
  }
  std::string requests;
  for (size_t i = 1; i < lines.size(); ++i) {
    requests += TextAt(lines[i], "generations.0.request") + "\n";
  }
  const test::ProgramResult again = RunFathom({"run", "--jsonl", "-q"}, requests);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  const std::vector<json::Value> repeated = LinesOf(again.out);
  ASSERT_EQ(repeated.size(), answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    for (const char* what : {"content", "reasoning_content"}) {
      const std::string said = TextAt(answers[i], fmt::format("choices.0.message.{}", what));
      const std::string now = TextAt(repeated[i], fmt::format("message.{}", what));
      EXPECT_EQ(now, said) << i;
      EXPECT_TRUE(i == 1 || *what != 'c' || said.size() > 5) << said;
    }
    EXPECT_EQ(TextAt(repeated[i], "usage.completion_tokens"),
              TextAt(lines[i + 1], "generations.0.generated_tokens"));
  }
}

TEST(ServeRecord, ARecordHasNoWordsUnlessTheyAreAskedFor) {
  const test::TempDir dir;
  const std::string path = dir.File("record.jsonl");
  ServedModel served({"--record", path});
  EXPECT_EQ(test::Post(served.port(), "/v1/chat/completions", kChats[0]).status, 200);
  const test::ProgramResult end = served.Stop();
  EXPECT_EQ(end.err.find("word for word"), end.err.npos);
  const std::vector<json::Value> lines = LinesOfFile(path);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(TextAt(lines[1], "body.messages.0.content"),
            "Xxxxx xxxxx xxxxx xx xxxxxxx xxxxx: xxx, xxxx");
  struct stat file = {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
}

TEST(ServeRecord, WordsNeedARecord) {
  const test::ProgramResult run = RunFathom({"serve", "--record-words"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--record-words needs --record"));
}

}  // namespace
}  // namespace fathom
