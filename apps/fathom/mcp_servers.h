// The MCP servers of --mcp, for the commands that have tools.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/mcp_tools.h"
#include "agent/toolbox.h"
#include "base/status.h"

namespace fathom {

// Begins to start the servers of `file`, where one is given; without one there are only the
// built-in tools. What the servers say goes to standard error, a line each, where `show` says so.
Result<std::shared_ptr<McpToolGroups>> StartMcpServers(const std::optional<std::string>& file,
                                                       Toolbox builtin, bool show);

// Until every server is there or has failed, or `stopped` says so.
void WaitForMcpServers(const McpToolGroups& groups, const std::function<bool()>& stopped);

// A line for each: "mcp files: 4 tools in 0.21 s (server-files 1.2)", or what is wrong with it.
std::string DescribeMcpServers(const McpToolGroups& groups);

}  // namespace fathom
