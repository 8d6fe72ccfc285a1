// Finite machines over bytes, special tokens and calls of rules: as they are built (Nfa, with empty
// edges) and as they are followed (Machine, without).
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/expression.h"

namespace fathom::grammar {

// Built state by state; the edges of a state are a list through `next`.
class Nfa {
 public:
  enum class Kind : uint8_t { kEmpty, kBytes, kToken, kCall };
  struct Edge {
    Kind kind = Kind::kEmpty;
    uint8_t low = 0, high = 0;  // kBytes, inclusive
    int32_t symbol = 0;         // kToken: the id; kCall: the rule
    int32_t target = 0;
    int32_t next = -1;
  };

  int32_t AddState() {
    first_.push_back(-1);
    return static_cast<int32_t>(first_.size()) - 1;
  }
  void AddEdge(int32_t from, Edge edge) {
    edge.next = first_[static_cast<size_t>(from)];
    first_[static_cast<size_t>(from)] = static_cast<int32_t>(edges_.size());
    edges_.push_back(edge);
  }
  void AddEmpty(int32_t from, int32_t to) { AddEdge(from, {.target = to}); }
  void AddBytes(int32_t from, uint8_t low, uint8_t high, int32_t to) {
    AddEdge(from, {.kind = Kind::kBytes, .low = low, .high = high, .target = to});
  }
  void AddSet(int32_t from, const ByteSet& set, int32_t to);

  size_t states() const { return first_.size(); }
  int32_t first(int32_t state) const { return first_[static_cast<size_t>(state)]; }
  const Edge& edge(int32_t index) const { return edges_[static_cast<size_t>(index)]; }

  int32_t start = 0, end = 0;  // `end` has no edges

 private:
  std::vector<int32_t> first_;
  std::vector<Edge> edges_;
};

// State 0 is the start. From every state an accepting one can be reached, except from a start from
// which none can. A state takes a byte, a token or a call in at most one way, unless
// `deterministic` is false.
struct Machine {
  struct ByteEdge {
    uint8_t low = 0, high = 0;  // inclusive
    int32_t target = 0;
  };
  struct SymbolEdge {
    int32_t symbol = 0;
    int32_t target = 0;
  };
  struct State {
    // Ranges of the tables below: a state's byte edges (ascending), calls and tokens.
    int32_t bytes = 0, bytes_end = 0;
    int32_t calls = 0, calls_end = 0;
    int32_t tokens = 0, tokens_end = 0;
    bool accepting = false;
  };
  std::vector<State> states;
  std::vector<ByteEdge> bytes;
  std::vector<SymbolEdge> calls, tokens;
  bool deterministic = true;
};

// The Nfa's language without the empty edges. Subsets of states become one state, unless that makes
// more than `most_states`; then the machine stays one with choices, of at most the Nfa's states.
// kResourceExhausted beyond the budget.
Result<Machine> MakeMachine(const Nfa& nfa, size_t most_states, Budget* budget);

}  // namespace fathom::grammar
