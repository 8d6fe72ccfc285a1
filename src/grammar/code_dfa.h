// Finite automata over Unicode characters: what the text of a string must be, before it is known
// how the string is written (as raw text or as JSON).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/code_set.h"

namespace fathom::grammar {

// State 0 is the start. Every state of an automaton that the functions below return can reach an
// accepting one, but for the only state of one that accepts nothing.
struct CodeDfa {
  CodeClasses classes;
  std::vector<int32_t> next;       // [states, classes.count]; -1: nothing follows
  std::vector<uint8_t> accepting;  // [states]

  size_t states() const { return accepting.size(); }
  int32_t Next(int32_t state, int32_t code_class) const {
    return next[static_cast<size_t>(state) * static_cast<size_t>(classes.count) +
                static_cast<size_t>(code_class)];
  }
  bool AcceptsNothing() const;
  // Whether it is AnyText, which a reduced automaton of all texts always is.
  bool AcceptsAll() const;
  // `text` is UTF-8.
  bool Accepts(std::string_view text) const;
};

CodeDfa AnyText();
// Texts of low to high characters; high may be kUnbounded.
Result<CodeDfa> TextsOfLength(int64_t low, int64_t high, Budget& budget);
// Exactly these texts.
Result<CodeDfa> TheseTexts(const std::vector<std::string>& texts, Budget& budget);

enum class SetOperation { kBoth, kEither, kFirstOnly };
// kResourceExhausted beyond the budget or a table of 16 MB.
Result<CodeDfa> Combine(const CodeDfa& a, const CodeDfa& b, SetOperation operation, Budget& budget);

// The same language with the states that lead nowhere left out and, up to 2,000 states, with as few
// as can be.
Result<CodeDfa> Reduce(CodeDfa dfa, Budget& budget);

}  // namespace fathom::grammar
