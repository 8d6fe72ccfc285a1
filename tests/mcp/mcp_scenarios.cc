// The client against a server made with the protocol's SDK (sdk_server.mjs).
//
//   mcp_scenarios stdio NODE SERVER.mjs        mcp_scenarios stateful|stateless URL
//
// A line for each scenario; ends with 1 when one was wrong, after all have run.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "http/client.h"
#include "mcp/config.h"
#include "mcp/tool_server.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Scenarios {
 public:
  Scenarios(std::string way, ServerConfig config)
      : way_(std::move(way)),
        client_(http::Client::Create().value()),
        server_(std::make_unique<ToolServer>(
            std::move(config), *client_,
            ToolServerOptions{.log = [](std::string_view) {}, .first_pause = milliseconds(50)})) {}

  int Run();

 private:
  void Check(std::string_view scenario, const std::string& found, std::string_view expected) {
    const bool right = found == expected;
    failed_ = failed_ || !right;
    fmt::print("{} {}: {}\n", way_, scenario,
               right ? "ok" : fmt::format("expected '{}', found '{}'", expected, found));
  }

  // The text of an answer, behind "failed: " or "error: " where it is one.
  std::string Call(const std::string& tool, const json::Object& arguments = {},
                   const std::stop_token& stop = {}) {
    const Result<ToolAnswer> answer = server_->Call(tool, arguments, stop);
    if (!answer.ok()) return "error: " + answer.status().message();
    return (answer->failed ? "failed: " : "") + answer->text;
  }

  bool HasTool(std::string_view name) const {
    const auto state = server_->state();
    return std::ranges::any_of(state->tools, [&](const ToolInfo& t) { return t.name == name; });
  }

  void CheckParallelCalls();
  void CheckCancellation();

  const std::string way_;
  const std::unique_ptr<http::Client> client_;
  std::unique_ptr<ToolServer> server_;
  bool failed_ = false;
};

void Scenarios::CheckParallelCalls() {
  std::vector<std::string> sums(16);
  std::vector<std::thread> callers;
  for (size_t i = 0; i < sums.size(); ++i) {
    callers.emplace_back([&, i] {
      sums[i] = Call("add", {{"a", static_cast<int>(i)}, {"b", 100}});
    });
  }
  for (std::thread& caller : callers) caller.join();
  std::string all;
  for (const std::string& sum : sums) all += sum + " ";
  Check("parallel calls", all, "100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 ");
}

void Scenarios::CheckCancellation() {
  std::stop_source source;
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(200));
    source.request_stop();
  });
  Check("stop", Call("slow", {}, source.get_token()), "error: stopped");
  stopper.join();
  // Without a session the server can't tell which call is meant.
  if (way_ == "stateless") return;
  std::string count;
  for (int i = 0; i < 200 && count != "1"; ++i) {
    count = Call("cancelled");
    std::this_thread::sleep_for(milliseconds(20));
  }
  Check("the server hears of it", count, "1");
}

int Scenarios::Run() {
  const Stopwatch watch;
  const Status waited = server_->WaitForFirst(Patience::For(seconds(60)));
  const auto state = server_->state();
  Check("connects", waited.ok() ? state->problem : waited.message(), "");
  Check("says who it is", state->info.name + " " + state->info.version, "sdk 1.0");
  Check("version", state->info.protocol_version, "2025-06-18");
  Check("tools", std::to_string(state->tools.size()), "11");
  Check("call", Call("add", {{"a", 2}, {"b", 0.5}}), "2.5");
  Check("structured", Call("get_weather", {{"city", "Oslo"}}),
        R"({"temperature":12,"sky":"rain"})");
  Check("failure", Call("fail"), "failed: the disk is on fire");
  const std::string wrong = Call("add", {{"a", "two"}});
  Check("wrong arguments", wrong.substr(0, wrong.find(' ')), "failed:");
  const std::string unknown = Call("nothing");
  Check("unknown tool", unknown.substr(0, unknown.find(' ')), "failed:");
  Check("contents", Call("mixed"),
        "first\n[image: image/png, 8 bytes]\n[audio: audio/wav, 4 bytes]\n[resource notes: "
        "file:///notes.txt]\n[resource file:///a.txt]\ninside");
  Check("large", std::to_string(Call("large", {{"bytes", 2'000'000}}).size()), "2000000");
  CheckParallelCalls();
  CheckCancellation();
  if (way_ != "stateless") {
    Check("what the server asks", Call("ask"), "pong, refused -32601");
    Check("a new tool", Call("grow"), "grown");
    for (int i = 0; i < 500 && !HasTool("grown"); ++i) {
      std::this_thread::sleep_for(milliseconds(20));
    }
    Check("is listed", Call("grown"), "new");
  }
  if (way_ == "stateful") {
    Check("sessions end", Call("forget"), "forgotten");
    std::this_thread::sleep_for(milliseconds(100));
    Check("a new session", Call("add", {{"a", 1}, {"b", 1}}), "2");
    Check("connections", std::to_string(server_->state()->connections), "2");
  }
  const Stopwatch ending;
  server_.reset();
  fmt::print("{}: {:.2f} s, connected in {:.2f} s, ended in {:.2f} s\n", way_, watch.seconds(),
             state->seconds, ending.seconds());
  return failed_ ? 1 : 0;
}

}  // namespace
}  // namespace fathom::mcp

int main(int count, char** args) {
  using namespace fathom::mcp;
  const std::string_view way = count > 1 ? args[1] : "";
  ServerConfig config;
  config.name = "sdk";
  if (way == "stdio" && count == 4) {
    config.stdio =
        StdioConfig{.command = args[2], .args = {args[3], "stdio"}, .env = {}, .cwd = ""};
  } else if ((way == "stateful" || way == "stateless") && count == 3) {
    const auto url = fathom::http::ParseUrl(args[2]);
    if (!url.ok()) return 1;
    config.http = HttpConfig{.url = *url, .headers = {}};
  } else {
    fmt::print(stderr, "usage: {} stdio NODE SERVER.mjs | stateful URL | stateless URL\n", args[0]);
    return 1;
  }
  return Scenarios(std::string(way), std::move(config)).Run();
}
