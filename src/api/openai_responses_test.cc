// The requests of tests/cases/api_responses/requests.case: the body under "request", and under
// "accepted" the request that it becomes, or under "refused" the message. "earlier" holds the
// messages of a response that it continues. Setting: show echo, to see what the answer repeats.
#include "api/openai_responses.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "chat/encode.h"
#include "json/parse.h"
#include "support/case_file.h"
#include "support/hostile_json.h"
#include "support/request_lines.h"

namespace fathom::api {
namespace {

json::Value SectionJson(const test::Case& one, const std::string& section) {
  std::string text;
  for (const std::string& line : one.Section(section)) text += line;
  const Result<json::Value> value = json::Parse(text);
  FATHOM_CHECK(value.ok(), "{}: {}", one.place, value.status().message());
  return *value;
}

std::vector<test::Case> Cases() {
  return test::ReadCases(FATHOM_SOURCE_DIR "/tests/cases/api_responses/requests.case");
}

Result<ResponseRequest> Read(const test::Case& one) {
  FATHOM_ASSIGN_OR_RETURN(ResponseRequest read, ReadResponse(SectionJson(one, "request"), {}));
  if (one.sections.contains("earlier")) {
    const auto earlier = chat::MessagesFromJson(SectionJson(one, "earlier"), "earlier");
    FATHOM_CHECK(earlier.ok(), "{}: {}", one.place, earlier.status().message());
    FATHOM_RETURN_IF_ERROR(ContinueResponse(*earlier, &read));
  }
  return read;
}

std::vector<std::string> Show(const ResponseRequest& read, bool with_echo) {
  std::vector<std::string> lines = test::RequestLines(read.answer);
  for (const chat::Message& message : read.history) {
    lines.push_back("history " + test::CompactText(chat::ToJson(message)));
  }
  if (read.form.summary) lines.emplace_back("summary");
  if (read.form.encrypted_content) lines.emplace_back("encrypted_content");
  if (with_echo) lines.push_back("echo " + test::CompactText(read.form.echo));
  return lines;
}

TEST(OpenAiResponses, RequestsAreReadAsWritten) {
  for (const test::Case& one : Cases()) {
    const auto read = Read(one);
    const bool accepted = one.sections.contains("accepted");
    const std::vector<std::string> found = read.ok()
                                               ? Show(*read, one.Setting("show", "") == "echo")
                                               : std::vector{read.status().message()};
    EXPECT_EQ(read.ok(), accepted) << one.place << ": " << one.name;
    EXPECT_EQ(found, one.Section(accepted ? "accepted" : "refused"))
        << one.place << ": " << one.name << "\n"
        << test::AsSection(found);
  }
}

// The fullest request, with every place in it replaced and every member taken out.
TEST(OpenAiResponses, HostileFieldsAreAnswered) {
  const std::vector<test::Case> cases = Cases();
  const auto full = std::ranges::find(cases, "everything", &test::Case::name);
  ASSERT_NE(full, cases.end());
  json::Value body = SectionJson(*full, "request");
  int accepted = 0, refused = 0;
  const auto check = [&] {
    const Result<ResponseRequest> read = ReadResponse(body, {});
    ++(read.ok() ? accepted : refused);
    if (!read.ok()) {
      EXPECT_EQ(HttpStatus(read.status().code()), 400) << read.status().message();
      return;
    }
    EXPECT_TRUE(read->answer.sampling.ValidateNumbers().ok());
    EXPECT_TRUE(json::Parse(test::CompactText(read->form.echo)).ok());
    if (!read->answer.previous_response.empty()) return;  // not complete
    EXPECT_FALSE(read->answer.messages.empty());
    const auto mode = read->answer.thinking.value_or(true) ? chat::ThinkingMode::kThinking
                                                           : chat::ThinkingMode::kChat;
    const auto prompt = chat::Encode(read->answer.messages, {.thinking_mode = mode});
    EXPECT_TRUE(prompt.ok()) << prompt.status().message();
  };
  for (const json::Value& hostile : test::HostileValues()) {
    test::WithEveryPlaceReplaced(&body, hostile, check);
    ASSERT_FALSE(HasFailure());
  }
  test::WithEveryMemberRemoved(&body, check);
  EXPECT_GT(accepted, 300);
  EXPECT_GT(refused, 700);
}

// What is kept of an answer and continued is the conversation as one request would have sent it.
TEST(OpenAiResponses, ContinuingIsLikeSendingEverything) {
  const auto read = [](const std::string& body) {
    const Result<ResponseRequest> request = ReadResponse(*json::Parse(body), {});
    EXPECT_TRUE(request.ok()) << request.status().message();
    return *request;
  };
  const std::string calls =
      R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"t"}]},)"
      R"({"type":"function_call","call_id":"1","name":"f","arguments":"{}"},)"
      R"({"type":"function_call","call_id":"2","name":"f","arguments":"{}"},)";
  const std::string outputs = R"({"type":"function_call_output","call_id":"2","output":"b"},)"
                              R"({"type":"function_call_output","call_id":"1","output":"a"})";
  const ResponseRequest first = read(R"({"instructions":"Old.","input":"Hi"})");
  chat::Message answer{.role = chat::Role::kAssistant, .reasoning = "t"};
  answer.tool_calls = {{"1", "f", "{}"}, {"2", "f", "{}"}};
  std::vector<chat::Message> kept = first.history;
  kept.push_back(answer);

  ResponseRequest second =
      read(R"({"instructions":"New.","previous_response_id":"resp_1","input":[)" + outputs + "]}");
  const Status continued = ContinueResponse(kept, &second);
  ASSERT_TRUE(continued.ok()) << continued.message();
  const ResponseRequest at_once =
      read(R"({"instructions":"New.","input":[{"role":"user","content":"Hi"},)" + calls + outputs +
           "]}");
  EXPECT_EQ(second.answer.messages, at_once.answer.messages);
  EXPECT_EQ(second.history, at_once.history);
}

}  // namespace
}  // namespace fathom::api
