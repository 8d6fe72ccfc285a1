// The strict parser on arbitrary text: nothing crashes, and a message that it accepts is written by
// the encoder and read back until nothing changes any more.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "chat/encode.h"
#include "chat/parse.h"

namespace fathom::chat {
namespace {

// What the encoder prints for the message as the model's answer to a user, or nothing when it can't
// be printed (arguments that are no JSON object).
std::string Written(const Message& message) {
  Message bare = message;
  bare.reasoning.clear();
  const std::vector<Message> messages = {{.role = Role::kUser, .content = ""}, bare};
  const Result<Prompt> prompt = Encode(messages, {.encoded_before = 1});
  return prompt.ok() ? prompt->Joined() : "";
}

void TestOneInput(std::string_view text, bool thinking) {
  const Outcome<Message> message = ParseCompletion(text, thinking);
  if (!message.ok()) {
    FATHOM_CHECK(message.error().type == ErrorType::kAssertionError, "another exception");
    FATHOM_CHECK(!message.error().message.empty(), "no text");
    return;
  }
  const std::string once = Written(*message);
  if (once.empty()) return;
  const Outcome<Message> again = ParseCompletion(once, false);
  // A JSON value may hold escaped markup, which the encoder writes out: then it isn't read back.
  if (!again.ok()) return;
  const std::string twice = Written(*again);
  FATHOM_CHECK(twice.empty() || twice == once, "no fixed point: {} and {}", once, twice);
  FATHOM_CHECK(again->content == message->content, "another content: {}", once);
}

}  // namespace
}  // namespace fathom::chat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  // The official function takes a str, so the text is valid.
  fathom::chat::TestOneInput(fathom::ReplaceInvalidUtf8(text), (data[0] & 1) != 0);
  return 0;
}
