#include "mcp/tool_result.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "json/parse.h"

namespace fathom::mcp {
namespace {

TEST(McpToolResult, BecomesText) {
  struct Case {
    const char* result;
    const char* text;
    bool failed = false;
  };
  for (const Case& each : std::vector<Case>{
           {R"({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})",
            "a\nb"},
           {R"({"content": []})", ""},
           {R"({"content": [{"type": "text", "text": "no"}], "isError": true})", "no", true},
           {R"({"content": [{"type": "image", "data": "AAAA", "mimeType": "image/png"},
                            {"type": "audio", "data": "AAA=", "mimeType": "audio/wav"}]})",
            "[image: image/png, 3 bytes]\n[audio: audio/wav, 2 bytes]"},
           {R"({"content": [{"type": "resource_link", "name": "n", "uri": "file:///a",
                             "description": "d"}]})",
            "[resource n: file:///a, d]"},
           {R"({"content": [{"type": "resource", "resource": {"uri": "u", "text": "t"}},
                            {"type": "resource", "resource": {"uri": "v", "blob": "AAAA"}},
                            {"type": "resource"}]})",
            "[resource u]\nt\n[resource v: of no type, 3 bytes]\n[resource: empty]"},
           {R"({"content": [{"type": "hologram"}, 7, {"type": 8}]})",
            "[content of the unknown type 'hologram']\n[content of the unknown type '']\n[content "
            "of the unknown type '']"},
           {R"({"structuredContent": {"a": [1, "ä"]}})", "{\"a\": [1, \"ä\"]}"},
           {R"({"content": [], "structuredContent": {"a": 1}})", "{\"a\": 1}"},
           {R"({"content": [{"type": "text", "text": "same"}], "structuredContent": {"a": 1}})",
            "same"},
       }) {
    const auto answer = ReadToolAnswer(*json::Parse(each.result));
    ASSERT_TRUE(answer.ok()) << each.result << ": " << answer.status().message();
    EXPECT_EQ(answer->text, each.text);
    EXPECT_EQ(answer->failed, each.failed) << each.result;
  }
}

TEST(McpToolResult, RefusesWhatIsNone) {
  for (const char* text :
       {"null", "[]", "{}", R"({"content": "text"})", R"({"content": [], "isError": "yes"})"}) {
    EXPECT_FALSE(ReadToolAnswer(*json::Parse(text)).ok()) << text;
  }
}

}  // namespace
}  // namespace fathom::mcp
