// A slow and obvious answer to "does this text match the grammar?": the sets of places where an
// expression may end are computed until nothing changes. The specification of the matcher, and the
// judge of what the compilers of schemas build.
//
// Any grammar may be asked, also one whose rules begin with themselves. Costs about (expressions
// met) × (symbols)² set operations and keeps all sets: for texts of a few thousand symbols.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "grammar/expression.h"

namespace fathom::test {

// A byte, or a special token of the vocabulary, which no byte stands for.
struct Symbol {
  int32_t token = -1;  // -1: a byte
  uint8_t byte = 0;
};

std::vector<Symbol> BytesOf(std::string_view text);

// Whether the symbols are a text of the grammar, from its start to its end.
bool SlowMatches(const grammar::Grammar& grammar, std::span<const Symbol> symbols);
bool SlowMatches(const grammar::Grammar& grammar, std::string_view text);

// Whether the symbols begin, or are, a text of the grammar.
bool SlowCanContinue(const grammar::Grammar& grammar, std::span<const Symbol> symbols);
bool SlowCanContinue(const grammar::Grammar& grammar, std::string_view text);

}  // namespace fathom::test
