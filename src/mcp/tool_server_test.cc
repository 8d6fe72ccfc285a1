#include "mcp/tool_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "json/parse.h"
#include "support/mcp_http_peer.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Patience Patient() { return Patience::For(seconds(60)); }

http::Client& TheClient() {
  static const std::unique_ptr<http::Client> client = http::Client::Create().value();
  return *client;
}

ServerConfig Peer(std::vector<std::string> modes, milliseconds timeout = seconds(60)) {
  ServerConfig config;
  config.name = "peer";
  config.timeout = timeout;
  modes.insert(modes.begin(), FATHOM_SOURCE_DIR "/tests/support/mcp_peer.py");
  config.stdio = {.command = "python3", .args = std::move(modes), .env = {{"A", "b"}}, .cwd = "/"};
  return config;
}

class KeptServer {
 public:
  explicit KeptServer(ServerConfig config)
      : server_(std::move(config), TheClient(),
                {.log =
                     [this](std::string_view line) {
                       const std::lock_guard lock(mutex_);
                       log_ += std::string(line) + "\n";
                     },
                 .first_pause = milliseconds(10),
                 .longest_pause = milliseconds(50)}) {
    EXPECT_TRUE(server_.WaitForFirst(Patient()).ok());
  }

  ToolServer* operator->() { return &server_; }
  Result<ToolAnswer> Call(const std::string& tool, const json::Object& arguments = {}) {
    return server_.Call(tool, arguments, {});
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  // Until the state is as `wanted`.
  bool Becomes(const std::function<bool(const ToolServer::State&)>& wanted) {
    for (int i = 0; i < 3000; ++i) {
      if (wanted(*server_.state())) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }

 private:
  std::mutex mutex_;
  std::string log_;
  ToolServer server_;
};

TEST(ToolServer, ListsAndCallsTools) {
  for (const char* mode : {"normal", "paged", "noisy", "flood"}) {
    KeptServer server(Peer({mode}));
    const auto state = server->state();
    EXPECT_EQ(state->problem, "") << mode;
    EXPECT_EQ(state->info.name, "peer");
    ASSERT_EQ(state->tools.size(), 4U) << mode;
    EXPECT_EQ(state->tools[0].name, "echo");
    EXPECT_EQ(server.Call("echo", {{"text", "ä\n"}})->text, "{\"text\": \"\\u00e4\\n\"}") << mode;
    const auto failed = server.Call("fail");
    EXPECT_TRUE(failed->failed);
    EXPECT_EQ(failed->text, "it did not work");
    EXPECT_EQ(server.Call("where")->text, "/");
    EXPECT_EQ(json::Parse(server.Call("environment")->text)->Find("A")->string(), "b");
  }
}

TEST(ToolServer, AServerThatCannotBeStartedHasAProblem) {
  ServerConfig config = Peer({});
  config.stdio->command = "no-such-program";
  KeptServer server(std::move(config));
  EXPECT_THAT(server->state()->problem, HasSubstr("no-such-program"));
  EXPECT_THAT(server.Call("echo").status().message(), HasSubstr("no-such-program"));
  EXPECT_TRUE(server.Becomes([](const auto& state) { return state.attempts >= 3; }));
}

TEST(ToolServer, AServerThatEndsIsStartedAnew) {
  KeptServer server(Peer({"dying"}));
  const auto call = server.Call("echo");
  EXPECT_THAT(call.status().message(), HasSubstr("exit code 3: no disk left"));
  EXPECT_TRUE(server.Becomes(
      [](const auto& state) { return state.connections == 2 && state.problem.empty(); }));
  EXPECT_EQ(server->state()->tools.size(), 4U);
  EXPECT_THAT(server.log(), HasSubstr("no disk left"));
}

TEST(ToolServer, AServerThatEndsAtOnceIsTriedWithPauses) {
  KeptServer server(Peer({"short-lived"}));
  EXPECT_TRUE(server.Becomes([](const auto& state) { return state.attempts >= 3; }));
  EXPECT_THAT(server.log(), HasSubstr("next try"));
}

TEST(ToolServer, SilenceEndsWithTheTimeout) {
  {
    // The time is that of the handshake too, which a busy machine may need more than once.
    KeptServer server(Peer({"silent"}, seconds(3)));
    ASSERT_TRUE(server.Becomes([](const auto& state) { return state.problem.empty(); }));
    const auto call = server.Call("echo");
    EXPECT_EQ(call.status().code(), Code::kResourceExhausted);
    EXPECT_THAT(call.status().message(), HasSubstr("within 3 s"));
    EXPECT_EQ(server->state()->problem, "") << "the server may still do other things";
  }
  for (const char* mode : {"mute", "deaf", "chatter"}) {
    KeptServer server(Peer({mode}, milliseconds(200)));
    EXPECT_THAT(server->state()->problem, HasSubstr("no answer in time")) << mode;
  }
}

TEST(ToolServer, AStopEndsACall) {
  KeptServer server(Peer({"silent"}));
  std::stop_source source;
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    source.request_stop();
  });
  EXPECT_EQ(server->Call("echo", {}, source.get_token()).status().code(), Code::kCancelled);
  stopper.join();
}

TEST(ToolServer, HostileServersAreBounded) {
  KeptServer huge(Peer({"huge"}));
  EXPECT_THAT(huge.Call("echo").status().message(), HasSubstr("more than 4194304 bytes"));
  KeptServer many(Peer({"many"}));
  EXPECT_EQ(many->state()->tools.size(), kMaxTools);
  EXPECT_THAT(many->state()->notes.at(0), HasSubstr("9744 tools"));
  KeptServer garbage(Peer({"garbage"}));
  EXPECT_THAT(garbage->state()->problem, HasSubstr("no messages"));
}

TEST(ToolServer, ChangedToolsAreListedAgain) {
  KeptServer server(Peer({"changing"}));
  ASSERT_TRUE(server.Call("echo").ok());
  EXPECT_TRUE(server.Becomes([](const auto& state) { return state.tools.size() > 4; }));
  EXPECT_EQ(server->state()->tools[4].name, "new_0");
}

TEST(ToolServer, OnlyWantedToolsAreTaken) {
  ServerConfig config = Peer({"many"});
  config.tools = {"tool_9999"};
  KeptServer server(std::move(config));
  ASSERT_EQ(server->state()->tools.size(), 1U);
  EXPECT_EQ(server->state()->tools[0].name, "tool_9999");
}

TEST(ToolServer, CallsAtATime) {
  KeptServer server(Peer({"normal"}));
  std::vector<std::thread> callers;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      for (int j = 0; j < 10; ++j) {
        const auto answer = server.Call("echo", {{"n", i * 100 + j}});
        right += answer.ok() && answer->text == fmt::format("{{\"n\": {}}}", i * 100 + j);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 80);
}

ServerConfig HttpPeer(const std::string& url) {
  ServerConfig config;
  config.name = "peer";
  config.http = HttpConfig{.url = *http::ParseUrl(url), .headers = {}};
  return config;
}

TEST(ToolServer, ACallInAForgottenSessionIsMadeAgainInANewOne) {
  test::McpHttpPeer peer(test::McpHttpPeer::Style::kJson);
  KeptServer server(HttpPeer(peer.url()));
  EXPECT_EQ(server.Call("echo")->text, "session-1");
  peer.ForgetSession();
  const auto again = server.Call("echo");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->text, "session-2");
  EXPECT_EQ(server->state()->connections, 2);
}

TEST(ToolServer, AServerBehindHttpThatIsNotThereIsTriedAgain) {
  KeptServer server(HttpPeer("http://127.0.0.1:1/mcp"));
  EXPECT_THAT(server->state()->problem, HasSubstr("Connection refused"));
  EXPECT_TRUE(server.Becomes([](const auto& state) { return state.attempts >= 2; }));
}

TEST(ToolServer, EndsWhileItConnects) {
  for (const char* mode : {"mute", "deaf", "stubborn"}) {
    ToolServer server(Peer({mode}), TheClient(), {.log = [](std::string_view) {}});
    server.BeginEnd();
  }
}

}  // namespace
}  // namespace fathom::mcp
