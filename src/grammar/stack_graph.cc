#include "grammar/stack_graph.h"

#include <algorithm>

namespace fathom::grammar {
namespace {
size_t At(int32_t id) { return static_cast<size_t>(id); }
}  // namespace

StackGraph::StackGraph(const Automaton& automaton)
    : automaton_(automaton), nodes_(1), node_of_(automaton.rules(), -1) {}

bool StackGraph::Push(const Way& way, std::vector<Way>* ways) {
  work_ += 1 + static_cast<int64_t>(ways->size() / 8);
  if (std::find(ways->begin(), ways->end(), way) != ways->end()) return false;
  if (ways->size() >= kMostWays) {
    narrowed_ = true;
    return false;
  }
  ways->push_back(way);
  return true;
}

// A loop that has no upper bound stops counting where it may end.
int32_t StackGraph::Counted(int32_t state, int32_t count) const {
  const Automaton::Loop& loop = automaton_.loop(automaton_.state(state).loop);
  return loop.high < 0 ? std::min(count + 1, loop.low) : count + 1;
}

void StackGraph::Expand(std::span<const Way> place, std::vector<Way>* expanded) {
  expanded->assign(place.begin(), place.end());
  const size_t made_here = nodes_.size();
  for (size_t i = 0; i < expanded->size(); ++i) {
    const Way way = (*expanded)[i];
    const Automaton::State& state = automaton_.state(way.state);
    if (state.calls == state.calls_end || !GoesOn(way)) continue;
    for (const Machine::SymbolEdge& call : automaton_.calls(state)) {
      ++work_;
      int32_t& node = node_of_[At(call.symbol)];
      if (node < 0 || At(node) < made_here || At(node) >= nodes_.size() ||
          nodes_[At(node)].rule != call.symbol) {
        node = static_cast<int32_t>(nodes_.size());
        nodes_.push_back({.rule = call.symbol});
        expanded->push_back({automaton_.rule(call.symbol).start, 0, node});
      }
      const bool head = state.loop >= 0;
      const Way to{call.target, head ? Counted(way.state, way.count) : way.count, way.node};
      // A rule that only returns is left out of the stack, so that lists written as recursion don't
      // grow it. (Returns of a node made here aren't all known yet.)
      if (automaton_.state(call.target).final && way.node != kRoot && At(way.node) < made_here) {
        for (int32_t r = nodes_[At(way.node)].first_return; r >= 0; r = returns_[At(r)].next) {
          ++work_;
          const Way over = returns_[At(r)].to;
          AddReturn(node, over);
        }
      } else {
        AddReturn(node, to);
      }
    }
  }
}

void StackGraph::Close(size_t from, std::vector<Way>* ways) {
  for (size_t i = from; i < ways->size(); ++i) {
    const Way way = (*ways)[i];
    if (!Accepts(way)) continue;
    for (int32_t r = nodes_[At(way.node)].first_return; r >= 0; r = returns_[At(r)].next) {
      Push(returns_[At(r)].to, ways);
    }
  }
}

void StackGraph::Arrive(int32_t target, int32_t count, int32_t node, std::vector<Way>* next) {
  if (automaton_.state(target).loop >= 0) count = Counted(target, count);
  const size_t from = next->size();
  if (Push({target, count, node}, next)) Close(from, next);
}

void StackGraph::AddReturns(const Way& way, std::vector<Way>* next) {
  for (int32_t r = nodes_[At(way.node)].first_return; r >= 0; r = returns_[At(r)].next) {
    const size_t from = next->size();
    if (Push(returns_[At(r)].to, next)) Close(from, next);
  }
}

void StackGraph::StepByte(std::span<const Way> expanded, uint8_t byte, std::vector<Way>* next) {
  next->clear();
  for (const Way& way : expanded) {
    ++work_;
    const Automaton::State& state = automaton_.state(way.state);
    if (!GoesOn(way)) continue;
    if (state.deterministic) {
      const int32_t target = automaton_.Target(state, byte);
      if (target >= 0) Arrive(target, way.count, way.node, next);
      continue;
    }
    for (const Machine::ByteEdge& edge : automaton_.bytes(state)) {
      ++work_;
      if (edge.low > byte) break;
      if (byte <= edge.high) Arrive(edge.target, way.count, way.node, next);
    }
  }
}

void StackGraph::StepToken(std::span<const Way> expanded, int32_t token, std::vector<Way>* next) {
  next->clear();
  for (const Way& way : expanded) {
    for (const Machine::SymbolEdge& edge : automaton_.tokens(automaton_.state(way.state))) {
      if (edge.symbol == token) Arrive(edge.target, way.count, way.node, next);
    }
  }
}

void StackGraph::TakeBack(Mark mark) {
  nodes_.resize(mark.nodes);
  returns_.resize(mark.returns);
}

void StackGraph::Keep(std::vector<Way>* place) {
  std::vector<int32_t> ids(nodes_.size(), -1), todo;
  const auto reach = [&](int32_t node) {
    if (ids[At(node)] >= 0) return;
    ids[At(node)] = 0;
    todo.push_back(node);
  };
  reach(kRoot);
  for (const Way& way : *place) reach(way.node);
  while (!todo.empty()) {
    const int32_t node = todo.back();
    todo.pop_back();
    for (int32_t r = nodes_[At(node)].first_return; r >= 0; r = returns_[At(r)].next) {
      reach(returns_[At(r)].to.node);
    }
  }
  int32_t kept = 0;
  for (int32_t& id : ids) {
    if (id >= 0) id = kept++;
  }
  std::vector<Node> nodes;
  std::vector<Return> returns;
  for (size_t n = 0; n < nodes_.size(); ++n) {
    if (ids[n] < 0) continue;
    Node node{.rule = nodes_[n].rule};
    for (int32_t r = nodes_[n].first_return; r >= 0; r = returns_[At(r)].next) {
      Way to = returns_[At(r)].to;
      to.node = ids[At(to.node)];
      returns.push_back({to, node.first_return});
      node.first_return = static_cast<int32_t>(returns.size()) - 1;
    }
    nodes.push_back(node);
  }
  for (Way& way : *place) way.node = ids[At(way.node)];
  nodes_ = std::move(nodes);
  returns_ = std::move(returns);
}

}  // namespace fathom::grammar
