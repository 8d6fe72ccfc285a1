// All the ways in which a text can stand in an automaton, as one graph of stacks.
//
// A way is a state and what to return to when its rule ends. Calls of one rule at one place in the
// text share a node, whatever they came from, so the number of ways grows with the length of the
// text at most, never with the number of ways to read it. (The idea is that of generalised LL
// parsing.) Places follow each other like a stack of their own: what was made since a mark can be
// taken back, and so tokens are tried.
//
// There is a limit, kMostWays, on how many ways are kept at a place. Beyond it ways are dropped and
// narrowed() says so: what goes on is still of the grammar, but not all of the grammar.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "grammar/rules.h"

namespace fathom::grammar {

// A state of the automaton, the count of the loop it belongs to, if any, and the node of the call
// of its rule.
struct Way {
  int32_t state = 0;
  int32_t count = 0;
  int32_t node = 0;
  bool operator==(const Way&) const = default;
};

class StackGraph {
 public:
  static constexpr size_t kMostWays = 512;
  static constexpr int32_t kRoot = 0;  // the node of the first rule: it returns to nothing

  explicit StackGraph(const Automaton& automaton);

  // Ways are lists in which each stands once. Those "at a place" hold the returns of rules that
  // end there too, but not the starts of the rules that are called from there.

  // The ways of a place with the starts of the rules that can be called from them; to be called
  // once a place, before the Step functions.
  void Expand(std::span<const Way> place, std::vector<Way>* expanded);
  // Where `expanded` goes with a byte, or a special token: the ways of the next place.
  void StepByte(std::span<const Way> expanded, uint8_t byte, std::vector<Way>* next);
  void StepToken(std::span<const Way> expanded, int32_t token, std::vector<Way>* next);
  // Where a plain state's byte edge leads.
  void Arrive(int32_t target, int32_t count, int32_t node, std::vector<Way>* next);
  // Where the rule of `way` returns to.
  void AddReturns(const Way& way, std::vector<Way>* next);

  // The way may end its rule here.
  bool Accepts(const Way& way) const {
    const Automaton::State& state = automaton_.state(way.state);
    return state.accepting && (state.loop < 0 || way.count >= automaton_.loop(state.loop).low);
  }
  // The way may take another part, if it is at a loop's head.
  bool GoesOn(const Way& way) const {
    const int32_t loop = automaton_.state(way.state).loop;
    return loop < 0 || automaton_.loop(loop).high < 0 || way.count < automaton_.loop(loop).high;
  }

  struct Mark {
    size_t nodes = 0, returns = 0;
  };
  Mark mark() const { return {nodes_.size(), returns_.size()}; }
  void TakeBack(Mark mark);

  // Forgets all nodes that no way of the place needs, and renumbers the others.
  void Keep(std::vector<Way>* place);

  bool narrowed() const { return narrowed_; }
  // Ways made or compared, a measure of work.
  int64_t work() const { return work_; }

 private:
  struct Node {
    int32_t rule = 0;
    int32_t first_return = -1;  // a list
  };
  struct Return {
    Way to;
    int32_t next = -1;
  };

  int32_t Counted(int32_t state, int32_t count) const;
  void AddReturn(int32_t node, const Way& to) {
    returns_.push_back({to, nodes_[static_cast<size_t>(node)].first_return});
    nodes_[static_cast<size_t>(node)].first_return = static_cast<int32_t>(returns_.size()) - 1;
  }
  bool Push(const Way& way, std::vector<Way>* ways);
  // Adds the returns of all ways from index `from` on.
  void Close(size_t from, std::vector<Way>* ways);

  const Automaton& automaton_;
  std::vector<Node> nodes_;
  std::vector<Return> returns_;
  std::vector<int32_t> node_of_;  // [rules]  the last node made for a rule
  bool narrowed_ = false;
  int64_t work_ = 0;
};

}  // namespace fathom::grammar
