// fathom chat --mcp with the bundled model on a terminal, and a server made with the protocol's
// SDK. test.sh says where that is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <string>
#include <thread>

#include "json/write.h"
#include "support/program.h"
#include "support/temp_dir.h"
#include "support/terminal_program.h"

namespace fathom {
namespace {

using test::TerminalProgram;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kReady = "\x1b[?2004h";  // sent whenever a line is read

std::string WithoutEscapes(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;?]*[A-Za-z]|\r"), "");
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Not even a process that nobody has waited for.
bool IsAlive(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  status >> number >> name >> state;
  return !state.empty() && state != "Z";
}

class McpChat : public testing::Test {
 protected:
  McpChat() {
    const json::Value servers = json::Object{
        {"sdk", json::Object{{"command", Variable("FATHOM_SDK_NODE")},
                             {"args", json::Array{Variable("FATHOM_SDK_SERVER"), "stdio"}},
                             {"tools", json::Array{"get_weather", "set_timer"}}}},
        {"gone", json::Object{{"command", "no-such-program"}}}};
    file_ = dir_.Write("mcp.json",
                       json::Dump(json::Object{{"mcpServers", servers}}, json::Style::kCompact));
  }

  // What is on the screen until the next line is read.
  std::string Enter(TerminalProgram& program, std::string_view line) {
    program.Type(std::string(line) + "\r");
    return WithoutEscapes(program.ReadUntil(kReady));
  }

  TerminalProgram::Variables Variables() const {
    return {{"TERM", "xterm-256color"},
            {"NO_COLOR", ""},
            {"XDG_STATE_HOME", dir_.path()},
            {"HOME", dir_.path()}};
  }

  const test::TempDir dir_;
  std::string file_;
};

TEST_F(McpChat, CallsToolsOfAServerAndSwitchesThem) {
  TerminalProgram program({FATHOM_PROGRAM, "chat", "--greedy", "--mcp", file_}, Variables());
  const std::string start = WithoutEscapes(program.ReadUntil(kReady));
  EXPECT_TRUE(
      std::regex_search(start, std::regex("mcp sdk: 2 tools in [0-9.]+ s \\(sdk 1\\.0\\)\n")))
      << start;
  EXPECT_THAT(start, HasSubstr("mcp gone: no-such-program: no program of this name in PATH\n"));

  EXPECT_THAT(Enter(program, "What is the weather in Oslo?"),
              HasSubstr("→ get_weather {\"city\": \"Oslo\"}\n"
                        "← {\"temperature\":12,\"sky\":\"rain\"}\n"
                        "It is 12 degrees in Oslo, and the sky report says rain.\n"));
  const std::string off = Enter(program, "/tools off sdk");
  EXPECT_THAT(off, HasSubstr("sdk      off  get_weather, set_timer\n"));
  EXPECT_THAT(off, HasSubstr("gone     on   (no-such-program"));
  EXPECT_THAT(Enter(program, "/retry"), Not(HasSubstr("→")));
  EXPECT_THAT(Enter(program, "/tools on nobody"),
              HasSubstr("error: /tools: there is no group nobody; there are: builtin, sdk, gone"));
  EXPECT_THAT(Enter(program, "/tools on sdk"), HasSubstr("sdk      on   get_weather, set_timer\n"));
  EXPECT_THAT(Enter(program, "/retry"), HasSubstr("← {\"temperature\":12,\"sky\":\"rain\"}\n"));
  program.Type("\x04");
  std::string rest;
  EXPECT_EQ(program.Wait(&rest), 0) << rest;
}

TEST_F(McpChat, CtrlCStopsARunningCall) {
  TerminalProgram program({FATHOM_PROGRAM, "chat", "--greedy", "--mcp", file_}, Variables());
  program.ReadUntil(kReady);
  program.Type("Set a timer for 5 minutes.\r");
  EXPECT_THAT(program.ReadUntil("→ set_timer"), HasSubstr("→ set_timer"));
  program.ReadUntil("}");
  program.Type("\x03");
  EXPECT_THAT(WithoutEscapes(program.ReadUntil(kReady)), HasSubstr("(stopped)"));
  EXPECT_THAT(Enter(program, "/clear"), HasSubstr("A new conversation."));
  EXPECT_THAT(Enter(program, "What is the weather in Oslo?"), HasSubstr("It is 12 degrees"))
      << "the server is as good as before";
  program.Type("\x04");
  std::string rest;
  EXPECT_EQ(program.Wait(&rest), 0) << rest;
}

// Its server ignores SIGTERM and the end of its input.
TEST_F(McpChat, AServerEndsEvenWhenTheProgramIsKilled) {
  const std::string pid_file = dir_.File("pid");
  const std::string peer = std::string(FATHOM_SOURCE_DIR) + "/tests/support/mcp_peer.py";
  const json::Value server = json::Object{
      {"command", "sh"},
      {"args",
       json::Array{"-c", "echo $$ > " + pid_file + "; exec python3 " + peer + " stubborn"}}};
  const std::string file = dir_.Write(
      "stubborn.json", json::Dump(json::Object{{"mcpServers", json::Object{{"peer", server}}}},
                                  json::Style::kCompact));
  int pid = 0;
  {
    TerminalProgram program({FATHOM_PROGRAM, "chat", "--mcp", file}, Variables());
    EXPECT_THAT(program.ReadUntil(kReady), HasSubstr("mcp peer: 4 tools"));
    std::ifstream(pid_file) >> pid;
    ASSERT_GT(pid, 0);
    EXPECT_TRUE(IsAlive(pid));
  }  // killed here
  for (int i = 0; i < 3000 && IsAlive(pid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(IsAlive(pid));
}

TEST(McpChatFile, AFileThatIsWrongEndsTheStart) {
  const test::TempDir dir;
  const auto run =
      test::RunFathom({"chat", "--mcp", dir.Write("bad.json", R"({"mcpServers": {"a": {}}})")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("bad.json: mcpServers.a: expected either"));
}

}  // namespace
}  // namespace fathom
