#include "api/agent_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "json/parse.h"
#include "support/doc_table.h"

namespace fathom::api {
namespace {

Result<AgentRequest> Read(const std::string& more) {
  const std::string body = R"({"messages": [{"role": "user", "content": "Hi"}])" +
                           (more.empty() ? "" : ", " + more) + "}";
  const auto value = json::Parse(body);
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  return ReadAgent(*value, {});
}

TEST(AgentRequest, Defaults) {
  const auto request = Read("");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_TRUE(request->tool_groups.empty());
  EXPECT_EQ(request->max_rounds, 16);
  EXPECT_EQ(request->context, ContextStrategy::kSummary);
  ASSERT_EQ(request->answer.messages.size(), 1U);
}

TEST(AgentRequest, EverythingIsRead) {
  const auto request = Read(
      R"("tool_groups": ["builtin", "files"], "max_rounds": 3, "context": "discard-75",
         "temperature": 0.5, "thinking": true, "stop": "END", "tools": [], "n": null)");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->tool_groups, (std::vector<std::string>{"builtin", "files"}));
  EXPECT_EQ(request->max_rounds, 3);
  EXPECT_EQ(request->context, ContextStrategy::kDiscard75);
  EXPECT_EQ(request->answer.sampling.temperature, 0.5);
  EXPECT_EQ(request->answer.thinking, true);
  EXPECT_EQ(request->answer.stop, std::vector<std::string>{"END"});
  EXPECT_TRUE(request->answer.ignored_fields.empty());
}

TEST(AgentRequest, ErrorsNameTheField) {
  const std::pair<std::string, std::string> kCases[] = {
      {R"("tool_groups": "builtin")", "tool_groups: expected array"},
      {R"("tool_groups": [7])", "tool_groups[0]: expected string"},
      {R"("tool_groups": ["a", "b", "a"])", "tool_groups[2]: \"a\" is named twice"},
      {R"("max_rounds": 0)", "max_rounds: 0 is outside [1, 100]"},
      {R"("max_rounds": 101)", "max_rounds: 101 is outside [1, 100]"},
      {R"("max_rounds": 1.5)", "max_rounds: "},
      {R"("context": "forget")", "context: 'forget' is none of keep, summary, "},
      {R"("context": 3)", "context: expected string"},
      {R"("temperature": 9)", "temperature"},
      {R"("tools": [{"type": "function"}])", "tools: an agent uses the server's tools"},
      {R"("tool_choice": "auto")", "tool_choice: "},
      {R"("n": 1)", "n: "},
      {R"("stream": true)", "stream: "},
      {R"("response_format": {"type": "json_object"})", "response_format: "},
      {R"("logprobs": true)", "logprobs: "},
      {R"("continue_final_message": true)", "continue_final_message: "},
      {R"("functions": [{}])", "functions: "},
  };
  for (const auto& [more, message] : kCases) {
    const auto request = Read(more);
    ASSERT_FALSE(request.ok()) << more;
    EXPECT_THAT(request.status().message(), testing::StartsWith(message)) << more;
  }
  std::string many = "\"tool_groups\": [\"0\"";
  for (int i = 1; i < 65; ++i) many += fmt::format(", \"{}\"", i);
  EXPECT_THAT(Read(many + "]").status().message(), testing::StartsWith("tool_groups: 65 names"));
  const auto begun = json::Parse(
      R"({"messages": [{"role": "user", "content": "Hi"},
                       {"role": "assistant", "content": "He", "prefix": true}]})");
  EXPECT_THAT(ReadAgent(*begun, {}).status().message(), testing::StartsWith("messages[1].prefix"));
}

// docs/agent.md says what the code does.
TEST(AgentRequest, FieldsOfTheDocument) {
  const auto text = ReadFile(FATHOM_SOURCE_DIR "/docs/agent.md", 1 << 20);
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_THAT(test::FirstColumn(*text, "field"), testing::ElementsAreArray(kAgentFields));
  std::vector<std::string> refused;
  for (const RefusedField& row : kAgentRefused) refused.emplace_back(row.name);
  EXPECT_THAT(test::FirstColumn(*text, "refused"), testing::ElementsAreArray(refused));
}

}  // namespace
}  // namespace fathom::api
