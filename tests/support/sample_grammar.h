// Random texts of a grammar, as a model would write them that knows nothing but what it may write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grammar/expression.h"

namespace fathom::test {

// Keeps what it found out about the grammar, which outlives it and doesn't change.
class GrammarSampler {
 public:
  explicit GrammarSampler(const grammar::Grammar& grammar);

  // Whether there is any text at all, without tokens of the vocabulary.
  bool HasText() const;

  // The same text for the same seed. Beyond about `bytes` bytes it goes the shortest way to an end.
  std::string Sample(uint64_t seed, size_t bytes) const;

 private:
  struct Walk;

  void MeasureDfas();
  int64_t Measure(const grammar::Expression& e) const;
  void Write(grammar::ExprId id, Walk& walk) const;
  void WriteDfa(grammar::ExprId id, Walk& walk) const;
  void WriteChoice(const grammar::Expression& e, Walk& walk) const;

  const grammar::Grammar& grammar_;
  std::vector<int64_t> shortest_;  // by expression: bytes of its shortest text
  // By expression that is an automaton: for each state the bytes to the nearest end.
  std::vector<std::vector<int64_t>> to_end_;
};

}  // namespace fathom::test
