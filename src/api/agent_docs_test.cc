// docs/api-anthropic.md and docs/api-responses.md say what the code does: their tables have the
// fields that are known, and no others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "api/anthropic_messages.h"
#include "api/openai_responses.h"
#include "api/thinking_switch.h"
#include "base/mapped_file.h"
#include "support/doc_table.h"

namespace fathom::api {
namespace {

// The names in the first column of the tables whose head begins with `head`.
std::vector<std::string> FirstColumn(const std::string& path, const std::string& head) {
  const Result<std::string> text = ReadFile(FATHOM_SOURCE_DIR "/docs/" + path, 1 << 20);
  FATHOM_CHECK(text.ok(), "{}", text.status().message());
  return test::FirstColumn(*text, head);
}

std::vector<std::string> Names(std::span<const RefusedField> fields) {
  std::vector<std::string> names;
  for (const RefusedField& field : fields) names.emplace_back(field.name);
  return names;
}

TEST(AgentDocs, FieldsOfAnthropic) {
  EXPECT_THAT(FirstColumn("api-anthropic.md", "field"),
              testing::UnorderedElementsAreArray(kMessagesFields));
  EXPECT_THAT(FirstColumn("api-anthropic.md", "refused"),
              testing::UnorderedElementsAreArray(Names(kMessagesRefused)));
}

TEST(AgentDocs, FieldsOfResponses) {
  std::vector<std::string_view> known(kResponseFields.begin(), kResponseFields.end());
  known.insert(known.end(), kThinkingFields.begin(), kThinkingFields.end());
  EXPECT_THAT(FirstColumn("api-responses.md", "field"), testing::UnorderedElementsAreArray(known));
  EXPECT_THAT(FirstColumn("api-responses.md", "refused"),
              testing::UnorderedElementsAreArray(Names(kResponseRefused)));
}

}  // namespace
}  // namespace fathom::api
