#include "agent/mcp_tools.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "mcp/message.h"

namespace fathom {
namespace {

constexpr size_t kMaxPrefixBytes = 24;         // of a server's name in front of its tools
constexpr size_t kMaxFailureBytes = 16 << 10;  // of what a tool says about its failure

// FNV-1a, the same on every machine: names must not change from one start to the next.
uint32_t HashOf(std::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return hash;
}

bool IsNameChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

// `text` in at most `most` characters that a name can hold.
std::string Fit(std::string_view text, size_t most) {
  std::string fit(text.substr(0, most));
  std::ranges::replace_if(
      fit, [](char c) { return !IsNameChar(c); }, '_');
  if (fit == text) return fit;
  const std::string mark = fmt::format("-{:08x}", HashOf(text));
  fit.resize(std::min(fit.size(), most - mark.size()));
  return fit + mark;
}

// A server's name has no "__" and no "_" at its end, so the first "__" of a tool's name stands
// behind this, and different prefixes are different names.
std::string PrefixOf(std::string_view server) { return Fit(server, kMaxPrefixBytes) + "__"; }

Result<std::string> TextOf(Result<mcp::ToolAnswer> answer) {
  if (!answer.ok()) return answer.status();
  if (!answer->failed) return std::move(answer->text);
  if (answer->text.empty()) return InvalidArgument("the tool failed, and did not say why");
  return InvalidArgument("{}", mcp::Cut(answer->text, kMaxFailureBytes));
}

}  // namespace

bool CanStandAlone(std::string_view tool) {
  return !tool.empty() && tool.size() <= kMaxMcpToolNameBytes &&
         std::ranges::all_of(tool, IsNameChar) && tool.find("__") == tool.npos;
}

std::string McpToolName(std::string_view server, std::string_view tool) {
  const std::string prefix = PrefixOf(server);
  return prefix + Fit(tool, kMaxMcpToolNameBytes - prefix.size());
}

McpToolGroups::McpToolGroups(Toolbox builtin)
    : builtin_(std::make_shared<const ToolGroup>(
          ToolGroup{std::string(kBuiltinGroup), "", std::move(builtin)})) {}

McpToolGroups::~McpToolGroups() {
  for (const std::shared_ptr<Kept>& kept : kept_) kept->server.BeginEnd();
}

Result<std::shared_ptr<McpToolGroups>> McpToolGroups::Start(Toolbox builtin,
                                                            std::vector<mcp::ServerConfig> servers,
                                                            Log log) {
  std::set<std::string> prefixes;
  for (const mcp::ServerConfig& server : servers) {
    if (!prefixes.insert(PrefixOf(server.name)).second) {
      return InvalidArgument("mcpServers.{}: another server's tools have the same names as its own",
                             server.name);
    }
  }
  FATHOM_ASSIGN_OR_RETURN(std::unique_ptr<http::Client> made, http::Client::Create());
  const std::shared_ptr<http::Client> client = std::move(made);
  const std::shared_ptr<McpToolGroups> groups(new McpToolGroups(std::move(builtin)));
  for (mcp::ServerConfig& server : servers) {
    mcp::ToolServerOptions options;
    options.log = [log, name = server.name](std::string_view line) { log(name, line); };
    groups->kept_.push_back(std::make_shared<Kept>(client, std::move(server), std::move(options)));
  }
  return groups;
}

Status McpToolGroups::WaitForFirst(const Patience& patience) const {
  for (const std::shared_ptr<Kept>& kept : kept_) {
    FATHOM_RETURN_IF_ERROR(kept->server.WaitForFirst(patience));
  }
  return {};
}

std::set<std::string> McpToolGroups::SharedNames(const std::vector<State>& states) const {
  std::set<std::string> seen, shared;
  for (const Tool& tool : builtin_->tools.tools()) seen.insert(tool.name());
  for (const State& state : states) {
    for (const mcp::ToolInfo& tool : state->tools) {
      if (!seen.insert(tool.name).second) shared.insert(tool.name);
    }
  }
  return shared;
}

std::shared_ptr<const ToolGroup> McpToolGroups::MakeGroup(const std::shared_ptr<Kept>& kept,
                                                          const mcp::ToolServer::State& state,
                                                          const std::set<std::string>& shared) {
  auto group = std::make_shared<ToolGroup>();
  group->name = kept->server.name();
  group->problem = state.problem;
  std::set<std::string> names;
  for (const mcp::ToolInfo& tool : state.tools) {
    const bool alone = CanStandAlone(tool.name) && !shared.contains(tool.name);
    std::string name = alone ? tool.name : McpToolName(group->name, tool.name);
    if (!names.insert(name).second) continue;  // the hash says so
    group->tools.Add(Tool::WithSchema(
        std::move(name), tool.description, tool.schema,
        [kept, remote = tool.name](const json::Object& arguments, const std::stop_token& stop) {
          return TextOf(kept->server.Call(remote, arguments, stop));
        }));
  }
  return group;
}

std::vector<std::shared_ptr<const ToolGroup>> McpToolGroups::List() const {
  std::vector<State> states;
  for (const std::shared_ptr<Kept>& kept : kept_) states.push_back(kept->server.state());
  const std::lock_guard lock(mutex_);
  if (groups_.empty() || states != states_) {
    const std::set<std::string> shared = SharedNames(states);
    groups_ = {builtin_};
    for (size_t i = 0; i < kept_.size(); ++i) {
      groups_.push_back(MakeGroup(kept_[i], *states[i], shared));
    }
    states_ = std::move(states);
  }
  return groups_;
}

std::vector<McpToolGroups::ServerView> McpToolGroups::Servers() const {
  std::vector<ServerView> views;
  for (const std::shared_ptr<Kept>& kept : kept_) {
    views.push_back({kept->server.name(), kept->server.state()});
  }
  return views;
}

}  // namespace fathom
