// Anthropic's messages and OpenAI's responses from arbitrary bytes: each reader gives a request or
// a refusal that becomes valid JSON with status 400; what was accepted can be said in the model's
// format, in both modes, and a response can be continued by another.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/anthropic_messages.h"
#include "api/errors.h"
#include "api/openai_responses.h"
#include "base/check.h"
#include "base/utf8.h"
#include "chat/encode.h"
#include "json/parse.h"

namespace fathom::api {
namespace {

void CheckRefusal(Dialect dialect, const Status& status) {
  const http::Response response = ErrorResponse(dialect, status);
  FATHOM_CHECK(response.status == 400, "{}: {}", response.status, status.message());
  FATHOM_CHECK(IsValidUtf8(response.body), "{}", status.message());
  FATHOM_CHECK(json::Parse(response.body).ok(), "{}", response.body);
}

void CheckRequest(const AnswerRequest& request) {
  FATHOM_CHECK(!request.messages.empty(), "nothing to answer");
  FATHOM_CHECK(request.sampling.ValidateNumbers().ok(), "numbers out of range");
  std::vector<chat::Message> messages = request.messages;
  if (request.prefix) messages.pop_back();
  chat::AttachTools(request.tools, request.response_format, &messages);
  for (const auto mode : {chat::ThinkingMode::kChat, chat::ThinkingMode::kThinking}) {
    const Result<chat::Prompt> prompt = chat::Encode(messages, {.thinking_mode = mode});
    FATHOM_CHECK(prompt.ok(), "{}", prompt.status().message());
  }
}

void CheckResponse(ResponseRequest request) {
  // With itself as the earlier one, answered.
  std::vector<chat::Message> earlier = request.history;
  earlier.push_back({.role = chat::Role::kAssistant, .content = "a"});
  const Status continued = ContinueResponse(earlier, &request);
  if (continued.ok()) {
    CheckRequest(request.answer);
  } else {
    CheckRefusal(Dialect::kOpenAi, continued);
  }
}

void TestOneInput(std::string_view text) {
  const Result<json::Value> body = json::Parse(text);
  if (!body.ok()) return;
  const auto counted = ReadCountTokens(*body);
  if (!counted.ok()) CheckRefusal(Dialect::kAnthropic, counted.status());
  if (const auto messages = ReadMessages(*body, {}); messages.ok()) {
    FATHOM_CHECK(counted.ok(), "counting refuses what answering takes: {}",
                 counted.status().message());
    CheckRequest(*messages);
  } else {
    CheckRefusal(Dialect::kAnthropic, messages.status());
  }
  if (const auto response = ReadResponse(*body, {}); response.ok()) {
    if (response->answer.previous_response.empty()) CheckRequest(response->answer);
    CheckResponse(*response);
  } else {
    CheckRefusal(Dialect::kOpenAi, response.status());
  }
}

}  // namespace
}  // namespace fathom::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fathom::api::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
