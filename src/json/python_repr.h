// A JSON value as Python prints the object that json.loads makes of it.
//
// The official chat encoder formats whole messages into its error texts and whatever stands in
// `content` into its prompts, so both str() and repr() are part of the chat format.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace fathom::json {

// repr(value): {'role': 'user', 'content': None}, True, 1.5, inf, 'it\'s "so"'.
std::string PythonRepr(const Value& value);
void PythonReprTo(const Value& value, std::string* out);

// str(value), which "{}".format prints: a string as it is, everything else as its repr.
std::string PythonStr(const Value& value);

// repr of a string: the quotes and escapes that Python chooses.
void PythonReprString(std::string_view text, std::string* out);

}  // namespace fathom::json
