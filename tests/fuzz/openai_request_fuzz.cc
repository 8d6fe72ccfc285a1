// OpenAI's bodies from arbitrary bytes: each reader gives a request or a refusal that becomes valid
// JSON with status 400; a chat that was accepted can be said in the model's format, and what was
// accepted keeps its limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/errors.h"
#include "api/openai_chat.h"
#include "api/openai_completions.h"
#include "api/openai_fields.h"
#include "api/tokenize.h"
#include "base/check.h"
#include "base/utf8.h"
#include "chat/encode.h"
#include "json/parse.h"

namespace fathom::api {
namespace {

void CheckRefusal(const Status& status) {
  const http::Response response = ErrorResponse(Dialect::kOpenAi, status);
  FATHOM_CHECK(response.status == 400, "{}: {}", response.status, status.message());
  FATHOM_CHECK(IsValidUtf8(response.body), "{}", status.message());
  FATHOM_CHECK(json::Parse(response.body).ok(), "{}", response.body);
}

void CheckChat(const AnswerRequest& request) {
  FATHOM_CHECK(!request.messages.empty(), "a chat without messages");
  FATHOM_CHECK(request.choices >= 1 && request.choices <= kMaxChoices, "{}", request.choices);
  FATHOM_CHECK(request.sampling.ValidateNumbers().ok(), "numbers out of range");
  std::vector<chat::Message> messages = request.messages;
  if (request.prefix) messages.pop_back();
  chat::AttachTools(request.tools, request.response_format, &messages);
  const Result<chat::Prompt> prompt = chat::Encode(messages, {});
  FATHOM_CHECK(prompt.ok(), "{}", prompt.status().message());
}

void TestOneInput(std::string_view text) {
  const Result<json::Value> body = json::Parse(text);
  if (!body.ok()) return;
  const SamplingParams defaults;
  if (const auto chat = ReadChatCompletion(*body, defaults); chat.ok()) {
    CheckChat(*chat);
  } else {
    CheckRefusal(chat.status());
  }
  if (const auto completion = ReadCompletion(*body, defaults); completion.ok()) {
    const auto choices = static_cast<int64_t>(completion->prompts.size()) * completion->choices;
    FATHOM_CHECK(choices >= 1 && choices <= kMaxCompletionChoices, "{} choices", choices);
  } else {
    CheckRefusal(completion.status());
  }
  if (const auto tokenize = ReadTokenize(*body); !tokenize.ok()) CheckRefusal(tokenize.status());
  if (const auto back = ReadDetokenize(*body); !back.ok()) CheckRefusal(back.status());
}

}  // namespace
}  // namespace fathom::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fathom::api::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
