// A conversation → the prompt of DeepSeek-V3.2 (spec 7.4 to 7.7).
//
// Two levels. EncodeMessages takes JSON as the official encode_messages does and answers as it
// does: the same bytes, or the exception it raises. Encode takes the typed conversation of the
// rest of the program and goes through the first one.
#pragma once

#include <span>

#include "base/status.h"
#include "chat/conversation.h"
#include "chat/prompt.h"
#include "chat/python_error.h"
#include "json/value.h"

namespace fathom::chat {

// The arguments of encode_messages, any JSON each; the defaults are the official ones.
struct EncodeArguments {
  json::Value messages = {};
  json::Value thinking_mode = {};
  json::Value context = {};  // messages that were encoded before: looked at, not printed
  json::Value drop_thinking = true;
  json::Value add_default_bos_token = true;
};

Outcome<Prompt> EncodeMessages(const EncodeArguments& arguments);

struct EncodeOptions {
  ThinkingMode thinking_mode = ThinkingMode::kChat;
  bool begin_of_sentence = true;  // only ever printed when nothing was encoded before
  size_t encoded_before = 0;      // how many messages at the front are context
};

// Reasoning before the last user message is never printed. The official drop_thinking does not
// appear among the options: beside that it only deletes earlier developer messages, and then fails
// on the list it made shorter.
Result<Prompt> Encode(std::span<const Message> messages, const EncodeOptions& options);

}  // namespace fathom::chat
