// The file that names MCP servers, in the form that people's files have:
//
//   {"mcpServers": {
//     "files": {"command": "npx", "args": ["server-files", "notes/"], "env": {"A": "b"}, "cwd":
//     "/"}, "search": {"url": "https://example.org/mcp", "headers": {"Authorization": "Bearer …"},
//                "timeout_seconds": 30, "tools": ["find"]}}}
//
// What runs on this machine is decided here and nowhere else: no request can name a server.
// docs/mcp.md describes each field.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "http/client.h"
#include "json/value.h"

namespace fathom::mcp {

inline constexpr size_t kMaxServers = 32;
inline constexpr size_t kMaxServerNameBytes = 64;

// A program to start, which speaks on its standard input and output.
struct StdioConfig {
  std::string command;  // a path, or a name that PATH finds
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // besides the few that are passed on
  std::string cwd;                                       // empty: the program's own
};

struct HttpConfig {
  http::Url url;
  http::Headers headers;
};

struct ServerConfig {
  std::string name;                           // [A-Za-z0-9_-]{1,64}, no "__" and no "_" at its end
  std::optional<StdioConfig> stdio;           // this
  std::optional<HttpConfig> http;             // or this
  std::chrono::milliseconds timeout{60'000};  // of every request
  std::optional<std::vector<std::string>> tools;  // the only ones that are taken
};

// In the file's order. Errors name the place: "mcpServers.files.command: missing".
Result<std::vector<ServerConfig>> ReadServers(const json::Value& file);
Result<std::vector<ServerConfig>> LoadServers(const std::string& path);

}  // namespace fathom::mcp
