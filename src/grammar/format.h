// The formats of JSON Schema as patterns: for each a part of what it allows that every validator
// agrees on.
#pragma once

#include <string_view>

#include "grammar/code_dfa.h"
#include "grammar/expression.h"
#include "grammar/string_form.h"

namespace fathom::grammar {

// A format's texts; null for a format that is not known here. Made when a process first asks for
// it, which takes up to some tens of milliseconds, and kept for its life. Any thread.
const CodeDfa* FindFormat(std::string_view name);

// How the texts of a format are written, for what FindFormat returned; null for any other.
const ByteDfa* WrittenFormat(const CodeDfa* format, StringForm form);

}  // namespace fathom::grammar
