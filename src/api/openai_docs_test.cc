// docs/api.md says what the code does: the fields of its tables are read, accepted or refused, and
// every field that the code knows stands there.
#include <gtest/gtest.h>

#include "agent/form_fields.h"
#include "agent/sampling_json.h"
#include "api/openai_chat.h"
#include "api/openai_completions.h"
#include "api/openai_fields.h"
#include "api/thinking_switch.h"
#include "base/mapped_file.h"
#include "support/doc_table.h"

namespace fathom::api {
namespace {

std::string Docs() {
  Result<std::string> text = ReadFile(FATHOM_SOURCE_DIR "/docs/api.md", 1 << 20);
  FATHOM_CHECK(text.ok(), "{}", text.status().message());
  return *std::move(text);
}

// The names in the first column of the table whose head begins with `head`.
std::vector<std::string> FirstColumn(const std::string& head) {
  return test::FirstColumn(Docs(), head);
}

Result<AnswerRequest> ReadChatWith(const std::string& field, json::Value value) {
  json::Object body{{"messages", json::Array{json::Object{{"role", "user"}, {"content", "Hi"}}}}};
  if (field != "messages") body.Set(field, std::move(value));
  return ReadChatCompletion(body, SamplingParams());
}

TEST(ApiDocs, FieldsOfTheChatTableAreKnown) {
  const std::vector<std::string> names = FirstColumn("field");
  EXPECT_GT(names.size(), 30u);
  for (const std::string& name : names) {
    const auto request = ReadChatWith(name, nullptr);
    ASSERT_TRUE(request.ok()) << name << ": " << request.status().message();
    EXPECT_TRUE(request->ignored_fields.empty()) << name;
  }
}

TEST(ApiDocs, FieldsOfTheRefusedTableAreRefused) {
  const std::vector<std::string> names = FirstColumn("refused");
  EXPECT_GT(names.size(), 20u);
  for (const std::string& name : names) {
    const auto request = ReadChatWith(name, json::Array{"x"});
    ASSERT_FALSE(request.ok()) << name;
    EXPECT_EQ(request.status().code(), Code::kUnsupported) << name;
    EXPECT_TRUE(request.status().message().starts_with(name + ": ")) << request.status().message();
  }
}

TEST(ApiDocs, FieldsOfTheCompletionTableAreKnown) {
  const std::vector<std::string> names = FirstColumn("completion field");
  EXPECT_GT(names.size(), 8u);
  for (const std::string& name : names) {
    json::Object body{{"prompt", "x"}};
    if (name != "prompt") body.Set(name, nullptr);
    const auto request = ReadCompletion(body, SamplingParams());
    ASSERT_TRUE(request.ok()) << name << ": " << request.status().message();
    EXPECT_TRUE(request->ignored_fields.empty()) << name;
  }
}

TEST(ApiDocs, EveryKnownFieldIsThere) {
  const std::string docs = Docs();
  const auto expect = [&](std::string_view name) {
    EXPECT_NE(docs.find("`" + std::string(name) + "`"), std::string::npos) << name;
  };
  for (const std::string_view name : kSamplingFields) expect(name);
  for (const std::string_view name : kThinkingFields) expect(name);
  for (const std::string_view name : kCommonFields) expect(name);
  for (const RefusedField& row : kCommonRefused) expect(row.name);
}

// The limits as the text writes them.
TEST(ApiDocs, LimitsAreThoseOfTheCode) {
  const std::string docs = Docs();
  const auto expect = [&](const std::string& text) {
    EXPECT_NE(docs.find(text), std::string::npos) << text;
  };
  const auto grouped = [](size_t number) {
    std::string text = std::to_string(number);
    for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
    return text;
  };
  expect("1 to " + grouped(kMaxMessages) + " |");
  expect(fmt::format("| `n` | so many answers | 1 to {} |", kMaxChoices));
  expect(fmt::format("| {}; names of 1 to {} bytes", kMaxTools, kMaxToolNameBytes));
  expect(fmt::format("| {} of {} bytes |", kMaxStops, grouped(kMaxStopBytes)));
  expect(fmt::format("; {} tokens |", grouped(kMaxBiases)));
  expect(fmt::format("| it ends with one of these tokens | {} |", kMaxStopTokens));
  expect(fmt::format("| {} prompts, {} ids |", kMaxPrompts, grouped(kMaxPromptIds)));
  expect(fmt::format("prompts · n at most {} |", kMaxCompletionChoices));
  expect(fmt::format("| {} bytes |", kMaxModelNameBytes));
  expect(fmt::format("| {} bytes |", kMaxUserBytes));
}

}  // namespace
}  // namespace fathom::api
