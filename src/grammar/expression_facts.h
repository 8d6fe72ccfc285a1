// What can be said of each expression of a grammar before it is built: whether it matches anything
// at all, whether it matches the empty text, how large it is, and how often it stands somewhere.
#pragma once

#include <cstdint>
#include <vector>

#include "grammar/expression.h"

namespace fathom::grammar {

// Where an automaton is written out and where it is shared. It accepts the same whatever these are.
struct AutomatonOptions {
  // Repetitions whose parts together have at most this many states are written out.
  int64_t unrolled_states = 64;
  // A shared expression of this size becomes a rule.
  int64_t hoisted_size = 16;
  // A rule of at most this size that uses no other is part of its users' machines, however many.
  int64_t inlined_size = 32;
  // A rule may get this many states for each that it is written with, and as many again as the
  // floor, before its machine is left with choices.
  size_t growth = 4, growth_floor = 512;
};

// How often a repetition's part is written out; 0: it is a loop with a count.
int64_t UnrolledTimes(const Expression& repeat, int64_t part_size, const AutomatonOptions& options);

struct ExpressionFacts {
  std::vector<bool> possible;  // [expressions]  matches some text
  std::vector<bool> nullable;  // [expressions]  matches the empty text
  std::vector<int64_t> size;   // [expressions]  about the states it takes when written out, uses of
                               // rules counted as one; saturates at 2^40
  std::vector<int32_t> depth;  // [expressions]  of parts in parts; 1 for one without
  std::vector<bool> hoisted;   // [expressions]  stands in several places and is worth a rule
  std::vector<bool> uses_rules;  // [expressions]  a rule stands in it
  std::vector<bool> used_once;   // [rules]  would be written out in exactly one place
};

// Of what can be reached from the start; other expressions have no facts worth reading. Linear.
ExpressionFacts FindFacts(const Grammar& grammar, const AutomatonOptions& options);

}  // namespace fathom::grammar
