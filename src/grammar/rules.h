// A grammar as a network of machines: one for each rule, whose edges are bytes, special tokens and
// calls of other rules. What the matcher follows.
//
// Rules that are used once are part of their user's machine; expressions that are used often become
// rules. A call is only taken for text that isn't empty: where a rule may match nothing, its
// callers have an edge round the call. No rule begins with itself.
//
// A repetition with large bounds is a rule of its own, a loop, whose state carries a count. Nothing
// is unrolled beyond AutomatonOptions::unrolled_states.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "grammar/byte_class.h"
#include "grammar/expression.h"
#include "grammar/expression_facts.h"
#include "grammar/limits.h"
#include "grammar/machine.h"

namespace fathom::grammar {

class Automaton {
 public:
  struct State {
    int32_t bytes = 0, bytes_end = 0;
    int32_t calls = 0, calls_end = 0;
    int32_t tokens = 0, tokens_end = 0;
    int32_t rule = 0;
    int32_t loop = -1;   // this state is the loop's head
    int32_t table = -1;  // of targets by byte, for states with many edges
    ClassSet stays = 0;  // all bytes of these classes lead back to this state; if deterministic
    bool takes_characters = false;  // so does every character of UTF-8 beyond ASCII
    bool accepting = false;
    bool deterministic = true;  // at most one byte edge takes a byte
    // Deterministic, and neither calling nor a head: one byte, one next state.
    bool plain = false;
    // Accepting, and nothing can follow within its rule.
    bool final = false;
  };

  // The head of a loop is accepting once it has counted `low`, and takes more up to `high`. A flat
  // loop's parts are bytes alone, and its states carry the count: a byte edge to the head adds one.
  // Otherwise the head calls a rule for each part, and the return adds one.
  struct Loop {
    int32_t low = 0, high = -1;  // high -1: without end, and counts stop at `low`
    bool flat = false;
  };

  struct Rule {
    std::string name;
    int32_t start = 0;
    int32_t flat_loop = -1;       // the rule is this loop, and it is flat
    ByteSet follow = {};          // bytes that may come behind the rule where it is called
    ClassSet follow_classes = 0;  // their classes
  };

  const State& state(int32_t id) const { return states_[static_cast<size_t>(id)]; }
  const Rule& rule(int32_t id) const { return rules_[static_cast<size_t>(id)]; }
  const Loop& loop(int32_t id) const { return loops_[static_cast<size_t>(id)]; }
  std::span<const Machine::ByteEdge> bytes(const State& s) const {
    return std::span(bytes_).subspan(static_cast<size_t>(s.bytes),
                                     static_cast<size_t>(s.bytes_end - s.bytes));
  }
  std::span<const Machine::SymbolEdge> calls(const State& s) const {
    return std::span(calls_).subspan(static_cast<size_t>(s.calls),
                                     static_cast<size_t>(s.calls_end - s.calls));
  }
  std::span<const Machine::SymbolEdge> tokens(const State& s) const {
    return std::span(tokens_).subspan(static_cast<size_t>(s.tokens),
                                      static_cast<size_t>(s.tokens_end - s.tokens));
  }

  // Where a deterministic state goes with a byte; -1 nowhere. A head's bound is the caller's.
  int32_t Target(const State& s, uint8_t byte) const {
    if (s.table >= 0) return tables_[static_cast<size_t>(s.table) * 256 + byte];
    for (int32_t e = s.bytes; e < s.bytes_end; ++e) {
      const Machine::ByteEdge& edge = bytes_[static_cast<size_t>(e)];
      if (byte < edge.low) return -1;
      if (byte <= edge.high) return edge.target;
    }
    return -1;
  }

  int32_t start() const { return rules_[0].start; }  // of the whole answer
  size_t states() const { return states_.size(); }
  size_t rules() const { return rules_.size(); }
  ByteSet used_bytes() const;                // on any edge
  std::vector<int32_t> used_tokens() const;  // on any edge; ascending, each once
  int64_t memory_bytes() const;

 private:
  friend class AutomatonBuilder;

  std::vector<State> states_;
  std::vector<Machine::ByteEdge> bytes_;
  std::vector<Machine::SymbolEdge> calls_, tokens_;
  std::vector<int32_t> tables_;  // 256 targets each
  std::vector<Rule> rules_;
  std::vector<Loop> loops_;
};

// kInvalidArgument: nothing matches, or a rule begins with itself. kResourceExhausted: beyond the
// limits.
Result<Automaton> MakeAutomaton(const Grammar& grammar, const GrammarLimits& limits,
                                const AutomatonOptions& options = {});

}  // namespace fathom::grammar
