// How the text of a string is written: automata over characters become automata over bytes.
//
// As raw text a character is its UTF-8. In JSON it is that too, but for quotes, backslashes and
// controls, which are written as Python writes them (\n, \u001f); the quotes around the string are
// the caller's. Where a string may be any text, JSON's other spellings (\/, \u00e9, \ud83d\ude00)
// are allowed as well.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/code_dfa.h"
#include "grammar/expression.h"

namespace fathom::grammar {

enum class StringForm { kRaw, kJson };

// The same texts in bytes. kResourceExhausted beyond the budget.
Result<ByteDfa> WriteTexts(const CodeDfa& dfa, StringForm form, Budget& budget);

// One character in every spelling, and any number of them.
ByteDfa AnyCharacter(StringForm form);
ByteDfa AnyCharacters(StringForm form);

}  // namespace fathom::grammar
