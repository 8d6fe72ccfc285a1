// The encoder on arbitrary JSON: every line is answered by one JSON object, text of others never
// becomes a special token, and typed messages print what raw ones do.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "chat/dsml.h"
#include "chat/encode.h"
#include "chat/reference_call.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

using json::Value;

void CheckLine(std::string_view line) {
  const Result<Value> answer = json::Parse(EncodeLine(line), {.python_constants = true});
  FATHOM_CHECK(answer.ok() && answer->is_object() && answer->object().size() == 1, "{}", line);
  const Value* error = answer->Find("error");
  FATHOM_CHECK(
      answer->Find("prompt") != nullptr ||
          (error != nullptr && error->Find("type") != nullptr && error->Find("message") != nullptr),
      "{}", line);
}

void CheckSegments(const Prompt& prompt) {
  bool after_text = false;
  for (const Segment& segment : prompt.segments()) {
    const bool known = std::ranges::find(kSpecialStrings, segment.text) != kSpecialStrings.end();
    FATHOM_CHECK(!segment.special || known, "'{}' is no special token", segment.text);
    FATHOM_CHECK(segment.special || !segment.text.empty(), "empty text");
    FATHOM_CHECK(segment.special || !after_text, "two texts in a row");
    after_text = !segment.special;
  }
}

void TestOneInput(uint8_t flags, std::string_view text) {
  CheckLine(text);
  const Result<Value> messages = json::Parse(text, {.python_constants = true});
  if (!messages.ok()) return;
  const bool thinking = (flags & 1) != 0;
  EncodeArguments arguments;
  arguments.messages = *messages;
  arguments.thinking_mode = thinking ? "thinking" : "chat";
  arguments.drop_thinking = false;
  arguments.add_default_bos_token = (flags & 2) != 0;
  const Outcome<Prompt> raw = EncodeMessages(arguments);
  if (raw.ok()) CheckSegments(*raw);

  const Result<std::vector<Message>> typed = MessagesFromJson(*messages, "messages");
  if (!typed.ok()) return;
  EncodeOptions options;
  options.thinking_mode = thinking ? ThinkingMode::kThinking : ThinkingMode::kChat;
  options.begin_of_sentence = (flags & 2) != 0;
  const Result<Prompt> prompt = Encode(*typed, options);
  // What only the typed way takes: contents as lists, arguments as objects, other names.
  for (const char* lenient : {"[{", "\"reasoning\"", "\"arguments\"", "tool"}) {
    if (text.find(lenient) != std::string_view::npos) return;
  }
  FATHOM_CHECK(!raw.ok() || !prompt.ok() || prompt->Joined() == raw->Joined(), "{}", text);
}

}  // namespace
}  // namespace fathom::chat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  fathom::chat::TestOneInput(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
