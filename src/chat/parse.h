// A finished completion → the message it holds, as strictly as the official
// parse_message_from_completion_text, quirks and error texts included (spec 7.9).
//
// This is the yardstick for stream_parser.h, which serves generation and mends what models get
// wrong. It reads special strings wherever they stand in the text.
#pragma once

#include <string_view>

#include "chat/conversation.h"
#include "chat/python_error.h"

namespace fathom::chat {

// `thinking`: the text starts inside the reasoning. Calls have no id. A value with string="false"
// is not checked, so an arguments text may be no JSON: that is the official behaviour.
// `text` is UTF-8. O(length).
Outcome<Message> ParseCompletion(std::string_view text, bool thinking);

}  // namespace fathom::chat
