// The two official functions called by JSON: an object of keyword arguments in, their answer or
// their exception out. What the commands, the golden tests and the Python module share.
#pragma once

#include <string>
#include <string_view>

#include "chat/prompt.h"
#include "chat/python_error.h"
#include "json/value.h"

namespace fathom::chat {

// encode_messages(**arguments): messages, thinking_mode, context, drop_thinking,
// add_default_bos_token. Missing and unknown arguments are TypeErrors, as in Python.
Outcome<Prompt> CallEncodeMessages(json::Value arguments);

// parse_message_from_completion_text(**arguments): text, thinking_mode. The message has the
// members role, content, reasoning_content and tool_calls.
Outcome<json::Value> CallParseMessage(const json::Value& arguments);

// One line of a --jsonl stream: the JSON text of the arguments in; out comes {"prompt": ...} or
// {"message": ...} or {"error": {"type": ..., "message": ...}}, printed as Python prints JSON.
std::string EncodeLine(std::string_view line);
std::string ParseLine(std::string_view line);

}  // namespace fathom::chat
