// A request's body without anybody's words, so that it can be shown to whoever looks for a bug.
//
// The structure stays: every member, every kind of value, the order and length of lists. Of text
// the length in bytes and the kinds of characters stay: letters become x and X, digits 0, and
// letters, numbers, marks and symbols outside ASCII one of their kind of the same length; spaces,
// punctuation and the bars of the model's markup (｜ and ▁) are kept.
//
// What is kept as it is, in kKept of the source, are words of the API itself and names of models
// and tools, and those only where they look like a name. Names of members likewise. Numbers are
// parameters and stay, but for those inside of what a client says: token ids of a prompt, arguments
// of a call, metadata, the values that a schema names.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace fathom::api {

json::Value Redacted(const json::Value& body);

// One text.
std::string RedactedText(std::string_view text);

}  // namespace fathom::api
