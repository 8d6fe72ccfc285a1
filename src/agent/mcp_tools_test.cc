#include "agent/mcp_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/builtin_tools.h"

namespace fathom {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(McpToolName, IsShortAndClean) {
  EXPECT_EQ(McpToolName("files", "read"), "files__read");
  EXPECT_EQ(McpToolName("a-b_c", "_x__y"), "a-b_c___x__y");
  const std::string dotted = McpToolName("web", "page.get");
  EXPECT_THAT(dotted, testing::StartsWith("web__page_get-"));
  EXPECT_NE(dotted, McpToolName("web", "page/get"));
  EXPECT_NE(dotted, McpToolName("web", "page_get"));
  const std::string long_server(64, 's'), long_tool(256, 't');
  for (const auto& [server, tool] :
       std::vector<std::pair<std::string, std::string>>{{long_server, long_tool},
                                                        {"s", long_tool},
                                                        {long_server, "t"},
                                                        {"s", "ä<｜DSML｜>\n\"\x01"},
                                                        {"s", std::string(62, 't')}}) {
    const std::string name = McpToolName(server, tool);
    EXPECT_LE(name.size(), kMaxMcpToolNameBytes);
    for (const char c : name) {
      EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-') << name;
    }
    EXPECT_EQ(name, McpToolName(server, tool));
  }
  EXPECT_NE(McpToolName(long_server, "t"), McpToolName(long_server.substr(0, 63) + "x", "t"));
  EXPECT_NE(McpToolName("s", long_tool), McpToolName("s", long_tool.substr(0, 255) + "x"));
}

mcp::ServerConfig Peer(const std::string& name, const std::string& mode) {
  mcp::ServerConfig config;
  config.name = name;
  config.stdio = {.command = "python3",
                  .args = {FATHOM_SOURCE_DIR "/tests/support/mcp_peer.py", mode},
                  .env = {},
                  .cwd = ""};
  return config;
}

std::shared_ptr<McpToolGroups> Start(std::vector<mcp::ServerConfig> servers) {
  auto groups = McpToolGroups::Start(*OpenBuiltinTools(""), std::move(servers),
                                     [](std::string_view, std::string_view) {});
  EXPECT_TRUE(groups.ok()) << groups.status().message();
  EXPECT_TRUE((*groups)->WaitForFirst(Patience::For(seconds(60))).ok());
  return *groups;
}

std::vector<std::string> Names(const ToolGroup& group) {
  std::vector<std::string> names;
  for (const Tool& tool : group.tools.tools()) names.push_back(tool.name());
  return names;
}

TEST(McpToolGroups, OneGroupAServer) {
  mcp::ServerConfig missing = Peer("missing", "normal");
  missing.stdio->command = "no-such-program";
  const auto groups = Start({Peer("one", "normal"), missing, Peer("two", "normal")});
  const auto list = groups->List();
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0]->name, "builtin");
  EXPECT_THAT(Names(*list[0]), ElementsAre("calculator", "get_time"));
  EXPECT_EQ(list[1]->name, "one");
  EXPECT_EQ(list[1]->problem, "");
  EXPECT_THAT(Names(*list[1]),
              ElementsAre("one__echo", "one__fail", "one__environment", "one__where"))
      << "two servers have them";
  EXPECT_THAT(list[2]->problem, HasSubstr("no-such-program"));
  EXPECT_THAT(Names(*list[2]), ElementsAre());
  EXPECT_THAT(Names(*list[3])[0], "two__echo");
  EXPECT_EQ(groups->List()[1], list[1]) << "what hasn't changed is not made again";

  const Toolbox& one = list[1]->tools;
  EXPECT_EQ(one.tools()[0].Schema(),
            json::Value(json::Object{
                {"type", "object"},
                {"properties", json::Object{{"text", json::Object{{"type", "string"}}}}}}));
  EXPECT_EQ(*one.Call("one__echo", json::Object{{"text", "x"}, {"n", 7}}),
            "{\"text\": \"x\", \"n\": 7}");
  const auto failed = one.Call("one__fail", json::Object{});
  EXPECT_EQ(failed.status().message(), "it did not work");
  EXPECT_FALSE(one.Call("one__echo", json::Array{}).ok());
}

TEST(McpToolGroups, ANameThatNobodyElseHasStandsAlone) {
  const auto one = Start({Peer("peer", "normal")});
  EXPECT_THAT(Names(*one->List()[1]), ElementsAre("echo", "fail", "environment", "where"));
  EXPECT_EQ(*one->List()[1]->tools.Call("where", json::Object{}),
            std::filesystem::current_path().string());
  // A server can take no other one's place, nor that of what comes with the program.
  const auto impostor = Start({Peer("peer", "normal"), Peer("evil", "impostor")});
  const auto list = impostor->List();
  EXPECT_THAT(Names(*list[0]), ElementsAre("calculator", "get_time"));
  EXPECT_THAT(Names(*list[1]), ElementsAre("peer__echo", "fail", "environment", "where"));
  EXPECT_THAT(Names(*list[2]), ElementsAre("evil__calculator", "evil__echo", "evil__peer__echo"));
}

TEST(McpToolName, SomeCanStandAlone) {
  for (const char* name : {"a", "read_file", "A-9", "_x_"})
    EXPECT_TRUE(CanStandAlone(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("a__b"), std::string("a.b"), std::string("a b"),
        std::string("ä"), std::string("a\n"), std::string(65, 'a')}) {
    EXPECT_FALSE(CanStandAlone(name)) << name;
  }
}

TEST(McpToolGroups, ALostServerKeepsItsToolsAndSaysWhatIsWrong) {
  const auto groups = Start({Peer("peer", "dying")});
  const auto before = groups->List()[1];
  EXPECT_THAT(before->tools.Call("echo", json::Object{}).status().message(),
              HasSubstr("no disk left"));
  EXPECT_EQ(Names(*groups->List()[1]), Names(*before));
}

TEST(McpToolGroups, ToolsOutliveTheGroupsAndSayThatTheServerHasEnded) {
  auto groups = Start({Peer("peer", "normal")});
  const auto held = groups->List()[1];
  groups.reset();
  std::string message;
  for (int i = 0; i < 3000 && message.empty(); ++i) {
    message = held->tools.Call("echo", json::Object{}).status().message();
  }
  EXPECT_THAT(message, HasSubstr("can't be used now: it has been ended"));
}

TEST(McpToolGroups, ServersThatCannotBeToldApartAreRefused) {
  // Their names differ, and the first 15 characters with a hash of the rest don't.
  EXPECT_FALSE(McpToolGroups::Start({}, {Peer("same", "mute"), Peer("same", "mute")},
                                    [](std::string_view, std::string_view) {})
                   .ok());
}

}  // namespace
}  // namespace fathom
