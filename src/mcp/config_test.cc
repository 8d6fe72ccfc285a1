#include "mcp/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "json/parse.h"
#include "support/temp_dir.h"

namespace fathom::mcp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Result<std::vector<ServerConfig>> Read(const std::string& text) {
  const auto value = json::Parse(text);
  EXPECT_TRUE(value.ok()) << text << ": " << value.status().message();
  return ReadServers(*value);
}

TEST(McpConfig, ReadsBothKindsOfServersInOrder) {
  const auto servers = Read(R"({"mcpServers": {
    "files": {"command": "npx", "args": ["-y", "x"], "env": {"A": "b=c"}, "cwd": "/tmp",
              "type": "stdio"},
    "a-Z_9": {"url": "https://example.org/mcp?x", "headers": {"Authorization": "Bearer k"},
              "timeout_seconds": 2.5, "tools": ["find"], "type": "http"}}})");
  ASSERT_TRUE(servers.ok()) << servers.status().message();
  ASSERT_EQ(servers->size(), 2U);
  const ServerConfig& files = (*servers)[0];
  EXPECT_EQ(files.name, "files");
  ASSERT_TRUE(files.stdio && !files.http);
  EXPECT_EQ(files.stdio->command, "npx");
  EXPECT_THAT(files.stdio->args, ElementsAre("-y", "x"));
  EXPECT_THAT(files.stdio->env, ElementsAre(Pair("A", "b=c")));
  EXPECT_EQ(files.stdio->cwd, "/tmp");
  EXPECT_EQ(files.timeout.count(), 60'000);
  EXPECT_FALSE(files.tools);
  const ServerConfig& web = (*servers)[1];
  ASSERT_TRUE(web.http && !web.stdio);
  EXPECT_EQ(web.http->url.target, "/mcp?x");
  EXPECT_EQ(web.http->headers.Find("authorization"), "Bearer k");
  EXPECT_EQ(web.timeout.count(), 2'500);
  EXPECT_THAT(*web.tools, ElementsAre("find"));
  EXPECT_TRUE(Read(R"({"mcpServers": {}})")->empty());
}

std::string Server(const std::string& fields) {
  return "{\"mcpServers\": {\"s\": " + fields + "}}";
}

TEST(McpConfig, SaysWhatIsWrongAndWhere) {
  std::string many;
  for (int i = 0; i < 40; ++i) {
    many += (many.empty() ? "" : ", ") + ("\"s" + std::to_string(i)) + "\": {\"command\": \"x\"}";
  }
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"[]", "the file: expected object"},
      {"{}", "mcpServers: missing"},
      {R"({"mcpServers": {}, "servers": {}})", "servers: unknown field"},
      {R"({"mcpServers": []})", "mcpServers: expected object"},
      {"{\"mcpServers\": {" + many + "}}", "40 servers, at most 32"},
      {R"({"mcpServers": {"": {"command": "x"}}})", "1 to 64"},
      {R"({"mcpServers": {"a b": {"command": "x"}}})", "1 to 64"},
      {"{\"mcpServers\": {\"" + std::string(65, 'a') + R"(": {"command": "x"}}})", "1 to 64"},
      {R"({"mcpServers": {"a__b": {"command": "x"}}})", "__"},
      {R"({"mcpServers": {"a_": {"command": "x"}}})", "end with"},
      {R"({"mcpServers": {"builtin": {"command": "x"}}})", "built-in"},
      {Server("7"), "mcpServers.s: expected object"},
      {Server("{}"), "either \"command\" or \"url\""},
      {Server(R"({"command": "x", "url": "http://a/"})"), "either \"command\" or \"url\""},
      {Server(R"({"command": ""})"), "mcpServers.s.command: empty"},
      {Server(R"({"command": "a\u0000b"})"), "zero byte"},
      {Server(R"({"command": "x", "args": "y"})"), "mcpServers.s.args: expected array"},
      {Server(R"({"command": "x", "args": [1]})"), "mcpServers.s.args[0]: expected string"},
      {Server(R"({"command": "x", "env": {"A": 1}})"), "mcpServers.s.env.A: expected string"},
      {Server(R"({"command": "x", "env": {"A=B": "1"}})"), "is no name"},
      {Server(R"({"command": "x", "headers": {}})"), "mcpServers.s.headers: unknown field"},
      {Server(R"({"command": "x", "autoApprove": []})"), "mcpServers.s.autoApprove: unknown field"},
      {Server(R"({"command": "x", "timeout_seconds": 0})"), "timeout_seconds"},
      {Server(R"({"command": "x", "timeout_seconds": 1e9})"), "timeout_seconds"},
      {Server(R"({"command": "x", "type": "http"})"), "does not fit"},
      {Server(R"({"command": "x", "type": "sse"})"), "expected stdio, http"},
      {Server(R"({"url": "example.org"})"), "mcpServers.s.url: expected http"},
      {Server(R"({"url": "http://a/", "cwd": "/"})"), "mcpServers.s.cwd: unknown field"},
      {Server(R"({"url": "http://a/", "headers": {"A": "b\r\nC: d"}})"), "control character"},
      {Server(R"({"url": "http://a/", "headers": {"A b": "c"}})"), "no name of a header"},
      {Server(R"({"url": "http://a/", "headers": {"mcp-session-id": "c"}})"), "the protocol's"},
      {Server(R"({"url": "http://a/", "tools": "x"})"), "mcpServers.s.tools: expected array"},
  };
  for (const auto& [text, message] : cases) {
    const auto servers = Read(text);
    EXPECT_FALSE(servers.ok()) << text;
    EXPECT_THAT(servers.status().message(), HasSubstr(message)) << text;
  }
}

TEST(McpConfig, FilesAreNamedInErrors) {
  const test::TempDir dir;
  EXPECT_TRUE(LoadServers(dir.Write("good.json", R"({"mcpServers": {}})")).ok());
  const std::string twice = R"({"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}})";
  for (const auto& [name, text] :
       std::vector<std::pair<std::string, std::string>>{{"no.json", "{"}, {"twice.json", twice}}) {
    const auto servers = LoadServers(dir.Write(name, text));
    EXPECT_FALSE(servers.ok());
    EXPECT_THAT(servers.status().message(), HasSubstr(name));
  }
  EXPECT_EQ(LoadServers(dir.File("none.json")).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace fathom::mcp
