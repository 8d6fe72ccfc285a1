#include "mcp_servers.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "base/clock.h"
#include "mcp/config.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

constexpr double kQuietSeconds = 2;  // of waiting, until it is said

void ShowLine(std::string_view server, std::string_view line) {
  fmt::print(stderr, "mcp {}: {}\n", server, SafeForTerminal(line));
}

std::string Describe(const McpToolGroups::ServerView& view) {
  const mcp::ToolServer::State& state = *view.state;
  if (!state.problem.empty()) {
    return fmt::format("mcp {}: {}\n", view.name, SafeForTerminal(state.problem));
  }
  std::string who = state.info.name.empty() ? "" : state.info.name + " " + state.info.version;
  if (!who.empty()) who = fmt::format(" ({})", SafeForTerminal(who));
  std::string text = fmt::format("mcp {}: {} tool{} in {:.2f} s{}\n", view.name, state.tools.size(),
                                 state.tools.size() == 1 ? "" : "s", state.seconds, who);
  for (const std::string& note : state.notes) {
    text += fmt::format("mcp {}: {}\n", view.name, SafeForTerminal(note));
  }
  return text;
}

}  // namespace

Result<std::shared_ptr<McpToolGroups>> StartMcpServers(const std::optional<std::string>& file,
                                                       Toolbox builtin, bool show) {
  std::vector<mcp::ServerConfig> servers;
  if (file) {
    Result<std::vector<mcp::ServerConfig>> read = mcp::LoadServers(*file);
    if (!read.ok()) return read.status().At("--mcp");
    servers = std::move(read).value();
  }
  const auto drop = [](std::string_view, std::string_view) {};
  return McpToolGroups::Start(std::move(builtin), std::move(servers),
                              show ? McpToolGroups::Log(ShowLine) : McpToolGroups::Log(drop));
}

void WaitForMcpServers(const McpToolGroups& groups, const std::function<bool()>& stopped) {
  // Each attempt has its own end: the timeout of its server.
  const Stopwatch watch;
  bool told = false;
  while (!stopped() && !groups.WaitForFirst(Patience::For(std::chrono::milliseconds(50))).ok()) {
    if (told || watch.seconds() < kQuietSeconds) continue;
    fmt::print(stderr, "waiting for MCP servers\n");
    told = true;
  }
}

std::string DescribeMcpServers(const McpToolGroups& groups) {
  std::string text;
  for (const McpToolGroups::ServerView& view : groups.Servers()) text += Describe(view);
  return text;
}

}  // namespace fathom
