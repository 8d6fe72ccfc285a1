// The text of a pattern (ECMA-262, as "pattern" of JSON Schema has it) → a tree.
//
// Known: alternatives, groups of every kind, classes, escapes (\d \w \s \p{L} and the like, with
// general categories of one letter), quantifiers, anchors, and lookahead directly behind a leading
// "^". Not known, and an error that says so: back references, other lookaround, \b.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "grammar/code_set.h"

namespace fathom::grammar {

enum class PatternKind : uint8_t {
  kEmpty,
  kSet,       // one character of sets[index]
  kBegin,     // ^
  kEnd,       // $
  kSequence,  // parts
  kChoice,    // parts
  kRepeat,    // parts[0], low to high times; high may be kUnbounded
};

struct PatternNode {
  PatternKind kind = PatternKind::kEmpty;
  std::vector<int32_t> parts{};
  int32_t index = 0;
  int64_t low = 0, high = 0;
};

struct PatternTree {
  std::vector<PatternNode> nodes;
  std::vector<CodeSet> sets;
  int32_t root = 0;
  // What must, or must not, stand at the beginning besides.
  struct Ahead {
    int32_t root = 0;
    bool negative = false;
  };
  std::vector<Ahead> ahead;
};

// kInvalidArgument: no pattern; kUnsupported: one that isn't known here. Messages name the byte.
Result<PatternTree> ParsePattern(std::string_view pattern);

}  // namespace fathom::grammar
