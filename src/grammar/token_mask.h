// Which tokens one way of standing in a grammar allows.
//
// What a token does within the way's own rule, and within the rules called from there, depends on
// the way's state alone: that part is worked out once a state and kept (LocalMask). Where a token
// leaves the rule, the rest of its bytes is up to the stack beneath. Those rests are kept too, as a
// small trie, and tried when the mask is asked for. So are calls of flat loops (bounded strings): a
// loop's own mask is found fast and is the same for all who call it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "grammar/stack_graph.h"
#include "grammar/token_table.h"

namespace fathom::grammar {

// A token that leaves the rule, once for each place in it where it may.
struct LeavingToken {
  int32_t token = 0;
  int32_t parts = 0;  // of the flat loop, taken before it leaves
};

struct LocalMask {
  // Tokens that stay in the rule, or end with it: bits [words], or a list when there are few.
  std::vector<uint64_t> bits;
  std::vector<int32_t> few;
  // In a flat loop, how many parts a token begins, less one; kNever for other tokens.
  // [words * 64], or empty.
  std::vector<uint8_t> parts;
  int32_t most_parts = 0;
  // What leaving tokens have left, and which tokens: those of node n are leaving[first[n]] up to
  // leaving[first[n + 1]].
  Trie rests;
  std::vector<int32_t> first;
  std::vector<LeavingToken> leaving;
  // Not all tokens were tried, or not all ways kept: it would have taken too long.
  bool narrowed = false;

  static constexpr uint8_t kNever = 255;

  // Sets the bits of the tokens that stay. `room`: parts that the flat loop may still take; without
  // meaning for other masks.
  void AddTo(int64_t room, std::span<uint64_t> words) const;
  int64_t memory_bytes() const;
};

// Work, as StackGraph counts it, after which no more tokens are tried. Some 20 ns each: what a
// grammar made to be slow can cost the others in one step. Real schemas stay far below: see
// docs/grammar.md.
inline constexpr int64_t kMaskWork = 2'000'000;
inline constexpr int64_t kRestWork = 500'000;

// Whether the way is the beginning of a flat loop, which a place's other masks leave out.
inline bool BeginsFlatLoop(const Automaton& automaton, const Way& way) {
  const Automaton::State& state = automaton.state(way.state);
  return state.loop >= 0 && automaton.loop(state.loop).flat;
}

// The mask of a way, whatever is beneath it, without what flat loops allow that are called from it.
// In a flat loop the way's count doesn't matter.
LocalMask MakeLocalMask(const Automaton& automaton, const TokenTable& table, const Way& way,
                        int64_t max_work = kMaskWork);

// Whether all that is said from the node on, the node's byte included, is characters that lead from
// the state back to it, and none that could come behind `rule`, if it is given.
inline bool StaysBelow(const Trie& trie, size_t node, const Automaton::State& state,
                       const Automaton::Rule* rule) {
  if (trie.below.empty() || !state.takes_characters || !trie.characters[node]) return false;
  const auto classes = static_cast<ClassSet>(ClassOf(trie.byte[node]) | trie.below[node]);
  return (classes & ~(state.stays | kBeyondAscii)) == 0 &&
         (rule == nullptr || (classes & rule->follow_classes) == 0);
}

// Walks a trie of bytes from a place. One object may be used again and again; it keeps its memory.
class TrieWalk {
 public:
  explicit TrieWalk(const Automaton& automaton) : automaton_(automaton) {}

  // With `rule` the place is one way of that rule, at the graph's root, and flat loops that can be
  // called from it at once are left out.
  // Calls on_node(n) for each node that can be reached, in order; where all of a node's subtree can
  // be, on_subtree(n) may stand for what is below it. on_leave(n) is called for each node that
  // could be reached from behind the rule, if there is one.
  // The graph is as before afterwards. False when the work was too much and the walk stopped.
  template <typename OnNode, typename OnSubtree, typename OnLeave>
  bool Run(const Trie& trie, std::span<const Way> place, StackGraph* graph, int64_t max_work,
           const Automaton::Rule* rule, OnNode on_node, OnSubtree on_subtree, OnLeave on_leave);

  // The single bytes of `trie` that can be reached; what Run would find at depth 1, at little cost.
  template <typename OnNode>
  void RunFirstBytes(const Trie& trie, std::span<const Way> place, StackGraph* graph,
                     OnNode on_node) const;

 private:
  // Where the walk stands at one depth. A single way in a plain state needs no lists, unless its
  // rule may end there and returns to something.
  struct Level {
    bool plain = false;
    bool expanded = false;
    bool leaves = false;  // the root's rule may end here
    Way way;              // when plain
    std::vector<Way> place, ways;
    StackGraph::Mark before, after;  // of Expand; both the same until then
  };

  bool IsPlain(int32_t state, int32_t node) const {
    const Automaton::State& s = automaton_.state(state);
    return s.plain && (!s.accepting || node == StackGraph::kRoot);
  }
  // Expand, without flat loops that are called.
  void ExpandOwn(std::span<const Way> place, StackGraph* graph, std::vector<Way>* ways) const;
  bool Step(Level* parent, uint8_t byte, StackGraph* graph, Level* level);
  void Settle(bool root_may_end, StackGraph* graph, Level* level);

  const Automaton& automaton_;
  std::vector<Level> levels_;  // by depth
};

template <typename OnNode, typename OnSubtree, typename OnLeave>
bool TrieWalk::Run(const Trie& trie, std::span<const Way> place, StackGraph* graph,
                   int64_t max_work, const Automaton::Rule* rule, OnNode on_node,
                   OnSubtree on_subtree, OnLeave on_leave) {
  const StackGraph::Mark mark = graph->mark();
  const int64_t work_end = graph->work() + max_work;
  if (levels_.empty()) levels_.resize(1);
  levels_[0].place.assign(place.begin(), place.end());
  Settle(rule != nullptr, graph, &levels_[0]);
  levels_[0].leaves = false;  // what leaves before any byte stands in the place already
  if (rule != nullptr && !levels_[0].plain) {
    ExpandOwn(place, graph, &levels_[0].ways);
    levels_[0].expanded = true;
    levels_[0].after = graph->mark();
  }
  bool done = true;
  for (size_t n = 0; n < trie.size();) {
    const size_t depth = trie.depth[n];
    if (depth >= levels_.size()) levels_.resize(depth + 1);
    Level& parent = levels_[depth - 1];
    const uint8_t byte = trie.byte[n];
    if (parent.leaves && rule->follow.Has(byte)) on_leave(n);
    Level& level = levels_[depth];
    if (parent.plain) {
      const Automaton::State& from = automaton_.state(parent.way.state);
      if (StaysBelow(trie, n, from, from.accepting ? rule : nullptr)) {
        on_node(n);
        on_subtree(n);
        n = static_cast<size_t>(trie.skip[n]);
        continue;
      }
      const int32_t target = automaton_.Target(from, byte);
      if (target < 0) {
        n = static_cast<size_t>(trie.skip[n]);
        continue;
      }
      if (IsPlain(target, parent.way.node)) {
        level.plain = true;
        const Automaton::State& state = automaton_.state(target);
        level.leaves = rule != nullptr && state.accepting;
        level.way = {target, parent.way.count, parent.way.node};
        level.before = level.after = parent.after;
        on_node(n);
        if (!trie.below.empty() && (trie.below[n] & ~state.stays) == 0 &&
            (!level.leaves || (trie.below[n] & rule->follow_classes) == 0)) {
          on_subtree(n);
          n = static_cast<size_t>(trie.skip[n]);
        } else {
          ++n;
        }
        continue;
      }
    }
    if (!Step(&parent, byte, graph, &level)) {
      n = static_cast<size_t>(trie.skip[n]);
      continue;
    }
    Settle(rule != nullptr, graph, &level);
    on_node(n++);
    if (graph->work() > work_end) {
      done = false;
      break;
    }
  }
  graph->TakeBack(mark);
  return done;
}

template <typename OnNode>
void TrieWalk::RunFirstBytes(const Trie& trie, std::span<const Way> place, StackGraph* graph,
                             OnNode on_node) const {
  const StackGraph::Mark mark = graph->mark();
  std::vector<Way> ways, next;
  ExpandOwn(place, graph, &ways);
  const StackGraph::Mark after = graph->mark();
  for (size_t n = 0; n < trie.size(); n = static_cast<size_t>(trie.skip[n])) {
    graph->TakeBack(after);
    graph->StepByte(ways, trie.byte[n], &next);
    if (!next.empty()) on_node(n);
  }
  graph->TakeBack(mark);
}

}  // namespace fathom::grammar
