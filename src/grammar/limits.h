// What a grammar may cost before its request is refused.
#pragma once

#include <cstdint>

namespace fathom::grammar {

struct GrammarLimits {
  int64_t schema_bytes = 256 << 10;  // of one schema, as JSON
  int64_t schema_depth = 64;         // nested subschemas, $ref followed
  int64_t expressions = 200'000;     // of a grammar
  int64_t states = 400'000;          // of its automaton
  double seconds = 0.06;    // of the thread's processor time, to compile all of a request's schemas
  double used_seconds = 0;  // of them, before this part of the work
};

}  // namespace fathom::grammar
