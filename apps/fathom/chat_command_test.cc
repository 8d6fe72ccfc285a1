// fathom chat with the bundled model, from a pipe and on a terminal of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <regex>
#include <thread>

#include "json/parse.h"
#include "support/program.h"
#include "support/temp_dir.h"
#include "support/terminal_program.h"

namespace fathom {
namespace {

using test::ProgramResult;
using test::RunFathom;
using test::TerminalProgram;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kReady = "\x1b[?2004h";  // sent whenever a line is read
constexpr std::string_view kSecondWord = "What is the second word in this list? sailor, key, boat";

std::string WithoutEscapes(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;?]*[A-Za-z]|\r"), "");
}

json::Value MessagesOf(const std::string& path) {
  const auto value = json::ParseFile(path);
  EXPECT_TRUE(value.ok()) << value.status().message();
  const json::Value* messages = value.ok() ? value->Find("messages") : nullptr;
  return messages != nullptr ? *messages : json::Value();
}

TEST(ChatPipe, TalksAndObeysCommands) {
  const ProgramResult run =
      RunFathom({"chat", "--greedy"},
                "/help\n\nWrite these words in reverse order: dog, shovel, cave\n/tools on\n"
                "What is 482 * 37?\n/think\n"
                "/nonsense\n/new\n");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("cave, shovel, dog\n"));
  EXPECT_THAT(run.out, HasSubstr("→ calculator {\"expression\": \"482 * 37\"}\n← 17834\n"));
  EXPECT_THAT(run.out, HasSubstr("error: there is no command /nonsense"));
  EXPECT_THAT(run.out, HasSubstr("A new conversation.\n"));
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos) << "styles without a terminal";
}

TEST(ChatPipe, AFullContextIsSummedUp) {
  std::string story = "Tell me more about:";
  for (int i = 0; i < 60; ++i) story += fmt::format(" ship {}", i);
  const ProgramResult run =
      RunFathom({"chat", "--greedy", "--max-tokens", "20", "--context", "1024"},
                story + "\n" + story + "\n" + story + "\n" + story + "\n");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("(the context is nearly full: summary; 0 rounds of tool calls"));
  EXPECT_THAT(run.out, Not(HasSubstr("error")));
}

TEST(ChatPipe, FlagsOfTheLoopAreChecked) {
  const ProgramResult rounds = RunFathom({"chat", "--max-rounds", "101"}, "");
  EXPECT_EQ(rounds.exit_code, 1);
  EXPECT_THAT(rounds.err, HasSubstr("--max-rounds: 101 is outside [1, 100]"));
  const ProgramResult strategy = RunFathom({"chat", "--context-strategy", "forget"}, "");
  EXPECT_NE(strategy.exit_code, 0);
  EXPECT_THAT(strategy.err, HasSubstr("discard-75"));
}

TEST(ChatPipe, CtrlCStopsTheAnswerAndNotTheProgram) {
  test::Program program(
      {FATHOM_PROGRAM, "chat", "--greedy", "--ignore-eos", "--max-tokens", "20000"},
      "Tell me a story.\nhi\n");
  const auto wait_for = [&](const char* text) {
    for (int i = 0; i < 600 && program.OutSoFar().find(text) == std::string::npos; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  };
  wait_for("leaves.\n> ");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  program.Signal(SIGINT);
  wait_for("(stopped");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  program.Signal(SIGINT);
  const ProgramResult run = program.Wait();
  EXPECT_EQ(run.exit_code, 0);
  const size_t first = run.out.find("(stopped");
  ASSERT_NE(first, std::string::npos) << run.out;
  EXPECT_NE(run.out.find("(stopped", first + 1), std::string::npos) << run.out;
}

class ChatTerminal : public testing::Test {
 protected:
  // A conversation whose history and files lie in a folder of the test's own.
  void Start(std::vector<std::string> flags = {}, TerminalProgram::Variables more = {}) {
    std::vector<std::string> args = {FATHOM_PROGRAM, "chat", "--greedy"};
    args.insert(args.end(), flags.begin(), flags.end());
    TerminalProgram::Variables variables = {{"TERM", "xterm-256color"},
                                            {"NO_COLOR", ""},
                                            {"XDG_STATE_HOME", dir_.path()},
                                            {"HOME", dir_.path()}};
    variables.insert(variables.end(), more.begin(), more.end());
    program_.emplace(args, variables);
  }
  void StartAndWait(std::vector<std::string> flags = {}) {
    Start(std::move(flags));
    program_->ReadUntil(kReady);
  }

  // What is on the screen until the next line is read.
  std::string Raw(std::string_view keys) {
    program_->Type(keys);
    return program_->ReadUntil(kReady);
  }
  std::string Enter(std::string_view line) { return WithoutEscapes(Raw(std::string(line) + "\r")); }

  void Leave() {
    program_->Type("\x04");
    std::string rest;
    EXPECT_EQ(program_->Wait(&rest), 0) << rest;
  }

  const test::TempDir dir_;
  std::optional<TerminalProgram> program_;
};

TEST_F(ChatTerminal, ThinkingIsDimAndCanBeFolded) {
  StartAndWait({"--thinking"});
  const std::string shown = Raw(std::string(kSecondWord) + "\r");
  EXPECT_THAT(shown, HasSubstr("\x1b[2m"));
  EXPECT_THAT(WithoutEscapes(shown), HasSubstr("The second word is key."));
  EXPECT_THAT(Enter("/think hide"), HasSubstr("folded into one line"));
  const std::string hidden = Enter("/retry");
  EXPECT_TRUE(std::regex_search(hidden, std::regex("thought for [0-9]+ tokens\n"))) << hidden;
  EXPECT_THAT(hidden, HasSubstr("The second word is key."));
  EXPECT_THAT(Enter("/nothink"), HasSubstr("at once"));
  EXPECT_THAT(Enter("/retry"), Not(HasSubstr("thought for")));
  Leave();
}

TEST_F(ChatTerminal, ToolsSaveLoadAndStats) {
  StartAndWait();
  EXPECT_THAT(Enter("/stats"), HasSubstr("There is no answer yet."));
  EXPECT_THAT(Enter("/tools on"), HasSubstr("Tools are on: calculator"));
  const std::string answer = Enter("What is 482 * 37?");
  EXPECT_THAT(answer, HasSubstr("→ calculator {\"expression\": \"482 * 37\"}\n← 17834\n"));
  const std::string stats = Enter("/stats");
  for (const char* row : {"\nread ", "\nwritten ", "\ncontext ", "\ncache ", "\nkeys "}) {
    EXPECT_THAT(stats, HasSubstr(row));
  }
  const std::string file = dir_.File("talk.json");
  EXPECT_THAT(Enter("/save " + file), HasSubstr("Saved 1 question with answers"));
  EXPECT_THAT(Enter("/save " + file), HasSubstr("exists; /save!"));
  EXPECT_THAT(Enter("/save! " + file), HasSubstr("Saved 1 question"));
  const json::Value messages = MessagesOf(file);
  ASSERT_EQ(messages.array().size(), 4U) << "question, call, result, answer";
  EXPECT_EQ(messages.array()[2].Find("content")->string(), "17834");

  EXPECT_THAT(Enter("/clear"), HasSubstr("A new conversation."));
  EXPECT_THAT(Enter("/undo"), HasSubstr("error: there is nothing to take back"));
  EXPECT_THAT(Enter("/load " + file), HasSubstr("Loaded 4 messages, 1 question"));
  EXPECT_THAT(Enter("/load " + dir_.Write("bad.json", "[{}]")), HasSubstr("error: "));
  EXPECT_THAT(Enter("/undo"), HasSubstr("Forgotten: What is 482 * 37?"))
      << "a file that can't be read changes nothing";
  EXPECT_THAT(Enter("/set temperature 9"), HasSubstr("error: temperature: 9 is outside [0, 2]"));
  EXPECT_THAT(Enter("/set max_tokens 5"), HasSubstr("max_tokens is 5"));
  EXPECT_THAT(Enter("Tell me a story."), HasSubstr("(cut off: max_tokens"));
  EXPECT_THAT(Enter("/system Be brief."), HasSubstr("System message: Be brief."));
  Leave();
}

TEST_F(ChatTerminal, ALongPasteIsOneMessage) {
  StartAndWait();
  std::string paste;
  for (int i = 1; i <= 40; ++i) paste += "line " + std::to_string(i) + "\r";
  program_->Type("\x1b[200~" + paste + "\x1b[201~");
  EXPECT_THAT(WithoutEscapes(program_->ReadUntil("lines]")), HasSubstr("[pasted 40 lines]"));
  Enter(" What is this?");
  const std::string file = dir_.File("paste.json");
  Enter("/save " + file);
  const std::string said = MessagesOf(file).array().at(0).Find("content")->string();
  EXPECT_THAT(said, HasSubstr("line 1\nline 2\n"));
  EXPECT_THAT(said, HasSubstr("\nline 40 What is this?"));
  Leave();
}

TEST_F(ChatTerminal, SeveralLinesAreOneMessage) {
  StartAndWait();
  Enter("\"\"\"");
  Enter("one");
  Enter("/two");
  Enter("\"\"\"");
  Enter("three \\");
  Enter("four");
  const std::string file = dir_.File("lines.json");
  Enter("/save " + file);
  const json::Value messages = MessagesOf(file);
  ASSERT_EQ(messages.array().size(), 4U);
  EXPECT_EQ(messages.array()[0].Find("content")->string(), "one\n/two");
  EXPECT_EQ(messages.array()[2].Find("content")->string(), "three \nfour");
  Leave();
}

TEST_F(ChatTerminal, CtrlCStopsTheAnswerAndWhatWasSaidStays) {
  StartAndWait({"--ignore-eos", "--max-tokens", "20000"});
  program_->Type("Tell me a story.\r");
  program_->ReadUntil("\x1b[?2004l");  // the line was read
  program_->ReadUntil(" ");            // the first words
  EXPECT_THAT(WithoutEscapes(Raw("\x03")), HasSubstr("\n(stopped)\n"));
  const std::string file = dir_.File("stopped.json");
  Enter("/save " + file);
  const json::Value messages = MessagesOf(file);
  ASSERT_EQ(messages.array().size(), 2U);
  EXPECT_NE(messages.array()[1].Find("content")->string(), "");
  EXPECT_TRUE(messages.array()[1].Find("stopped")->boolean());
  Leave();
}

TEST_F(ChatTerminal, CtrlCAtThePromptClearsTheLine) {
  StartAndWait();
  program_->Type("half a line");
  program_->ReadUntil("line");
  EXPECT_THAT(Raw("\x03"), HasSubstr("(Ctrl-D leaves)"));
  EXPECT_THAT(Enter("/undo"), HasSubstr("error: there is nothing to take back"));
  Leave();
}

TEST_F(ChatTerminal, ANarrowerTerminalGetsTheLineAnew) {
  StartAndWait();
  const std::string line = "/undo" + std::string(60, ' ') + "twice";
  program_->Type(line);
  program_->ReadUntil("twice");
  program_->Resize(40, 50);
  constexpr std::string_view kUpAndErase = "\x1b[1A\r\x1b[J";
  EXPECT_THAT(program_->ReadUntil(kUpAndErase), HasSubstr(kUpAndErase));
  EXPECT_THAT(Enter(""), HasSubstr("/undo takes nothing after it, found twice"));
  Leave();
}

TEST_F(ChatTerminal, HistoryAndCompletion) {
  StartAndWait();
  EXPECT_THAT(Enter("/sta\t"), HasSubstr("There is no answer yet."));
  Leave();
  const std::string history = dir_.File("fathom/history");
  EXPECT_EQ(std::filesystem::status(history).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(std::filesystem::status(dir_.File("fathom")).permissions(),
            std::filesystem::perms::owner_all);
  StartAndWait();
  EXPECT_THAT(WithoutEscapes(Raw("\x1b[A\r")), HasSubstr("There is no answer yet."));
  Leave();
}

TEST_F(ChatTerminal, NoColorAndDumbTerminals) {
  Start({}, {{"NO_COLOR", "1"}});
  program_->ReadUntil(kReady);
  const std::string plain = Raw(std::string(kSecondWord) + "\r");
  EXPECT_THAT(plain, HasSubstr("The second word is key."));
  EXPECT_FALSE(std::regex_search(plain, std::regex("\x1b\\[[0-9;]*m"))) << plain;
  Leave();
  Start({}, {{"TERM", "dumb"}});
  program_->ReadUntil("> ");
  program_->Type(std::string(kSecondWord) + "\r");
  const std::string dumb = program_->ReadUntil("key.\r\n");
  EXPECT_THAT(dumb, HasSubstr("The second word is key."));
  EXPECT_EQ(dumb.find('\x1b'), std::string::npos);
  Leave();
}

}  // namespace
}  // namespace fathom
