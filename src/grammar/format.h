// The formats of JSON Schema as patterns: for each a part of what it allows that every validator
// agrees on.
#pragma once

#include <string_view>

namespace fathom::grammar {

// An anchored pattern (pattern.h), "" for a format that any text keeps to, or null for one that is
// not known here.
const char* FindFormat(std::string_view name);

}  // namespace fathom::grammar
