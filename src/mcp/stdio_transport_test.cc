#include "mcp/stdio_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_dir.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Patience Patient() { return Patience::For(seconds(60)); }

// What came from a server, to be waited for.
class Inbox {
 public:
  Transport::Receiver Receiver() {
    return {.on_message = [this](std::string_view text) { Add(&messages_, text); },
            .on_closed =
                [this](const Status& why) {
                  const std::lock_guard lock(mutex_);
                  closed_.push_back(why);
                  changed_.notify_all();
                },
            .on_log = [this](std::string_view line) { Add(&log_, line); }};
  }
  std::string Message(size_t index) { return Wait(&messages_, index); }
  std::string Log(size_t index) { return Wait(&log_, index); }
  Status Closed() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(60), [&] { return !closed_.empty(); });
    return closed_.empty() ? Status() : closed_[0];
  }
  size_t log_lines() {
    const std::lock_guard lock(mutex_);
    return log_.size();
  }

 private:
  void Add(std::vector<std::string>* list, std::string_view text) {
    const std::lock_guard lock(mutex_);
    list->emplace_back(text);
    changed_.notify_all();
  }
  std::string Wait(std::vector<std::string>* list, size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(60), [&] { return list->size() > index; });
    return list->size() > index ? (*list)[index] : "";
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> messages_, log_;
  std::vector<Status> closed_;
};

StdioConfig Shell(const std::string& script) {
  return {.command = "sh", .args = {"-c", script}, .env = {}, .cwd = ""};
}

TEST(StdioTransport, CarriesLinesBothWays) {
  Inbox inbox;
  const auto transport = MakeStdioTransport(Shell("while read -r l; do echo \"{$l}\"; done"));
  ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
  const std::string large(300'000, 'x');
  ASSERT_TRUE(transport->Send("one", nullptr, Patient()).ok());
  ASSERT_TRUE(transport->Send(large, nullptr, Patient()).ok());
  EXPECT_EQ(inbox.Message(0), "{one}");
  EXPECT_EQ(inbox.Message(1), "{" + large + "}");
}

TEST(StdioTransport, WhatIsNoMessageGoesToTheLog) {
  Inbox inbox;
  const auto transport = MakeStdioTransport(
      Shell("echo 'ready \\033[31m'; echo; echo '  '; printf 'bad \\377\\n' >&2; echo '[1]'; cat"));
  ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
  EXPECT_EQ(inbox.Message(0), "[1]");
  const std::string both = inbox.Log(0) + "|" + inbox.Log(1);
  EXPECT_THAT(both, HasSubstr("ready"));
  EXPECT_THAT(both, HasSubstr("bad \xEF\xBF\xBD"));
}

TEST(StdioTransport, SaysHowTheServerEnded) {
  struct Case {
    const char* script;
    const char* message;
  };
  for (const Case& each : std::vector<Case>{
           {"exit 0", "exit code 0"},
           {"echo 'no disk left' >&2; exit 3", "exit code 3: no disk left"},
           {"kill -9 $$", "signal 9"},
           {"exec 1>&-; sleep 60", "closed its output"},
           {"head -c 6000000 /dev/zero; sleep 60", "more than 4194304 bytes"},
       }) {
    Inbox inbox;
    const auto transport = MakeStdioTransport(Shell(each.script), {.end = milliseconds(50)});
    ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
    EXPECT_THAT(inbox.Closed().message(), HasSubstr(each.message));
    EXPECT_FALSE(transport->Send("x", nullptr, Patient()).ok());
  }
}

TEST(StdioTransport, WhatCannotBeStartedIsSaid) {
  const test::TempDir dir;
  struct Case {
    StdioConfig config;
    const char* message;
  };
  for (const Case& each : std::vector<Case>{
           {{.command = "no-such-program", .args = {}, .env = {}, .cwd = ""}, "in PATH"},
           {{.command = "./no-such-program", .args = {}, .env = {}, .cwd = ""}, "can be run"},
           {{.command = dir.path(), .args = {}, .env = {}, .cwd = ""}, "can be run"},
           {{.command = dir.Write("plain", "x"), .args = {}, .env = {}, .cwd = ""}, "can be run"},
           {{.command = "sh", .args = {}, .env = {{"PATH", "/nowhere"}}, .cwd = ""}, "in PATH"},
           {{.command = "sh", .args = {}, .env = {}, .cwd = dir.File("none")}, "No such file"},
       }) {
    Inbox inbox;
    const auto transport = MakeStdioTransport(each.config);
    const Status opened = transport->Open(inbox.Receiver(), Patient());
    EXPECT_EQ(opened.code(), Code::kNotFound);
    EXPECT_THAT(opened.message(), HasSubstr(each.message));
  }
}

TEST(StdioTransport, TheEnvironmentIsSmall) {
  ::setenv("FATHOM_TEST_SECRET", "hidden", 1);
  const test::TempDir dir;
  Inbox inbox;
  const auto transport = MakeStdioTransport({.command = "sh",
                                             .args = {"-c", "echo [$(env | sort | tr '\\n' ' ')]"},
                                             .env = {{"A", "b"}, {"HOME", "/elsewhere"}},
                                             .cwd = dir.path()});
  ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
  const std::string environment = inbox.Message(0);
  EXPECT_THAT(environment, HasSubstr("A=b "));
  EXPECT_THAT(environment, HasSubstr("HOME=/elsewhere "));
  EXPECT_THAT(environment, HasSubstr("PATH="));
  EXPECT_THAT(environment, HasSubstr("PWD=" + dir.path()));
  EXPECT_THAT(environment, testing::Not(HasSubstr("FATHOM_TEST_SECRET")));
  ::unsetenv("FATHOM_TEST_SECRET");
}

TEST(StdioTransport, AServerThatReadsNothingFillsItsQueueAndNoMore) {
  Inbox inbox;
  const auto transport =
      MakeStdioTransport(Shell("sleep 600"), {.queue_bytes = 1 << 20, .end = milliseconds(10)});
  ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
  Status sent;
  int count = 0;
  const std::string text(100'000, 'x');
  for (; sent.ok() && count < 1000; ++count) sent = transport->Send(text, nullptr, Patient());
  EXPECT_EQ(sent.code(), Code::kResourceExhausted);
  EXPECT_LT(count, 40);
}

TEST(StdioTransport, AFloodOfLogIsThinned) {
  Inbox inbox;
  const auto transport = MakeStdioTransport(
      Shell("i=0; while [ $i -lt 5000 ]; do echo line >&2; i=$((i+1)); done; echo '{}'; cat"));
  ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
  EXPECT_EQ(inbox.Message(0), "{}");
  EXPECT_LE(inbox.log_lines(), 450U);
}

bool IsAlive(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  status >> number >> name >> state;
  return !state.empty() && state != "Z";
}

TEST(StdioTransport, WhateverWasStartedEndsWithIt) {
  // It ignores the end of its input and SIGTERM, and has started another that does too.
  Inbox inbox;
  auto transport = MakeStdioTransport(
      Shell("trap '' TERM; sh -c \"trap '' TERM; sleep 600\" & echo [$$, $!]; sleep 600"),
      {.end = milliseconds(20)});
  ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
  int parent = 0, child = 0;
  ASSERT_EQ(std::sscanf(inbox.Message(0).c_str(), "[%d, %d]", &parent, &child), 2);
  EXPECT_TRUE(IsAlive(parent));
  EXPECT_TRUE(IsAlive(child));
  transport.reset();
  for (int i = 0; i < 200 && (IsAlive(parent) || IsAlive(child)); ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_FALSE(IsAlive(parent));
  EXPECT_FALSE(IsAlive(child));
}

TEST(StdioTransport, AServerThatEndsWithItsInputIsNotKilled) {
  const test::TempDir dir;
  const std::string file = dir.File("goodbye");
  Inbox inbox;
  auto transport = MakeStdioTransport(Shell("cat > /dev/null; echo done > " + file));
  ASSERT_TRUE(transport->Open(inbox.Receiver(), Patient()).ok());
  transport.reset();
  std::string word;
  std::ifstream(file) >> word;
  EXPECT_EQ(word, "done");
}

}  // namespace
}  // namespace fathom::mcp
