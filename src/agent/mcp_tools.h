// The tools of MCP servers, and those that come with the program, as groups: "builtin" first, then
// one group for every server of the file, in its order.
//
// A tool keeps its name as long as no other group has one of that name, chosen or not; where
// another has, the tools of servers are called "server__tool". So no server can take the place of
// another one's tool, or of one of the program's, and a model reads the names that it knows.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tool_groups.h"
#include "agent/toolbox.h"
#include "base/patience.h"
#include "base/status.h"
#include "http/client.h"
#include "mcp/tool_server.h"

namespace fathom {

inline constexpr std::string_view kBuiltinGroup = "builtin";
inline constexpr size_t kMaxMcpToolNameBytes = 64;

// Whether a server's tool can be called by its own name: 1 to 64 of A-Z a-z 0-9 _ -, without "__".
bool CanStandAlone(std::string_view tool);

// The name with its server's: [A-Za-z0-9_-], at most 64 of them. Characters that it can't hold
// become "_", and what is too long is cut; then a hash of the whole stands at its end. Names of
// different servers of one file are different; two tools of one server get the same name only
// where a hash of 32 bits says so.
std::string McpToolName(std::string_view server, std::string_view tool);

class McpToolGroups final : public ToolGroups {
 public:
  // Lines of the servers, and about them, of any characters. Any thread, quick.
  using Log = std::function<void(std::string_view server, std::string_view line)>;

  // Begins to start or connect every server, and waits for none. Errors: two servers whose tools
  // could not be told apart, and those of http::Client::Create.
  static Result<std::shared_ptr<McpToolGroups>> Start(Toolbox builtin,
                                                      std::vector<mcp::ServerConfig> servers,
                                                      Log log);
  ~McpToolGroups() override;  // ends all servers at once, but for those whose tools are still held

  // Until the first attempt at every server has ended, either way.
  Status WaitForFirst(const Patience& patience) const;

  // A server that is lost keeps its last tools; calls then say what is wrong with it.
  std::vector<std::shared_ptr<const ToolGroup>> List() const override;

  // Each server as it is now, in the file's order.
  struct ServerView {
    std::string name;
    std::shared_ptr<const mcp::ToolServer::State> state;
  };
  std::vector<ServerView> Servers() const;

 private:
  // A server with what it needs. Tools hold it too.
  struct Kept {
    Kept(std::shared_ptr<http::Client> shared, mcp::ServerConfig config,
         mcp::ToolServerOptions options)
        : client(std::move(shared)), server(std::move(config), *client, std::move(options)) {}
    std::shared_ptr<http::Client> client;
    mcp::ToolServer server;
  };
  using State = std::shared_ptr<const mcp::ToolServer::State>;

  explicit McpToolGroups(Toolbox builtin);
  // Names that more than one group has.
  std::set<std::string> SharedNames(const std::vector<State>& states) const;
  static std::shared_ptr<const ToolGroup> MakeGroup(const std::shared_ptr<Kept>& kept,
                                                    const mcp::ToolServer::State& state,
                                                    const std::set<std::string>& shared);

  std::shared_ptr<const ToolGroup> builtin_;
  std::vector<std::shared_ptr<Kept>> kept_;
  mutable std::mutex mutex_;
  mutable std::vector<State> states_;  // that groups_ was made of
  mutable std::vector<std::shared_ptr<const ToolGroup>> groups_;
};

}  // namespace fathom
