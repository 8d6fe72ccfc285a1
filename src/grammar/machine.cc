#include "grammar/machine.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace fathom::grammar {
namespace {

using Subset = std::vector<int32_t>;  // ascending

struct SubsetHash {
  size_t operator()(const Subset& subset) const {
    uint64_t hash = 1469598103934665603u;
    for (const int32_t state : subset) {
      hash = (hash ^ static_cast<uint32_t>(state)) * 1099511628211u;
      hash ^= hash >> 29;
    }
    return static_cast<size_t>(hash);
  }
};

class Builder {
 public:
  Builder(const Nfa& nfa, Budget* budget)
      : nfa_(nfa), budget_(*budget), seen_(nfa.states()), behind_(nfa.states(), -1) {}

  // False: too many subsets.
  Result<bool> Deterministic(size_t most_states, Machine* machine);
  Status WithChoices(Machine* machine);

 private:
  // Everything that empty edges lead to, of all states in subset_.
  void Close(Subset* subset) {
    ++round_;
    size_t kept = 0;
    for (size_t i = 0; i < subset->size(); ++i) {
      const int32_t state = (*subset)[i];
      if (std::exchange(seen_[static_cast<size_t>(state)], round_) == round_) continue;
      (*subset)[kept++] = state;
    }
    subset->resize(kept);
    for (size_t i = 0; i < subset->size(); ++i) {
      for (int32_t e = nfa_.first((*subset)[i]); e >= 0; e = nfa_.edge(e).next) {
        const Nfa::Edge& edge = nfa_.edge(e);
        if (edge.kind != Nfa::Kind::kEmpty) continue;
        if (std::exchange(seen_[static_cast<size_t>(edge.target)], round_) == round_) continue;
        subset->push_back(edge.target);
      }
    }
    // States with empty edges alone say nothing of a subset.
    std::erase_if(*subset, [&](int32_t state) { return state != nfa_.end && !Matters(state); });
    std::sort(subset->begin(), subset->end());
  }

  bool Matters(int32_t state) const {
    for (int32_t e = nfa_.first(state); e >= 0; e = nfa_.edge(e).next) {
      if (nfa_.edge(e).kind != Nfa::Kind::kEmpty) return true;
    }
    return false;
  }

  // The state of a closed subset, made when it is new.
  int32_t StateOf(Subset subset) {
    const auto [it, fresh] = ids_.try_emplace(std::move(subset), ids_.size());
    if (fresh) todo_.push_back(&it->first);
    return static_cast<int32_t>(it->second);
  }

  // The same for what one edge leads to. Most edges are of this kind, many with the same target.
  int32_t StateBehind(int32_t target) {
    int32_t& id = behind_[static_cast<size_t>(target)];
    if (id < 0) {
      Subset subset = {target};
      Close(&subset);
      id = StateOf(std::move(subset));
    }
    return id;
  }

  void AddByteEdges(std::vector<Nfa::Edge>* edges, Machine* machine);
  void AddSymbolEdges(std::vector<Nfa::Edge>* edges, std::vector<Machine::SymbolEdge>* out);

  const Nfa& nfa_;
  Budget& budget_;
  std::vector<int32_t> seen_;  // the round in which a state was seen
  int32_t round_ = 0;
  std::unordered_map<Subset, size_t, SubsetHash> ids_;
  std::vector<const Subset*> todo_;  // by id
  std::vector<int32_t> behind_;      // by target: StateBehind, -1 where it wasn't asked
};

void Builder::AddByteEdges(std::vector<Nfa::Edge>* edges, Machine* machine) {
  const auto add = [&](int low, int high, int32_t target) {
    const auto first = static_cast<size_t>(machine->states.back().bytes);
    if (machine->bytes.size() > first && machine->bytes.back().target == target &&
        machine->bytes.back().high + 1 == low) {
      machine->bytes.back().high = static_cast<uint8_t>(high);
      return;
    }
    machine->bytes.push_back({static_cast<uint8_t>(low), static_cast<uint8_t>(high), target});
  };
  std::ranges::sort(*edges, {}, &Nfa::Edge::low);
  const auto overlap = [](const Nfa::Edge& a, const Nfa::Edge& b) { return a.high >= b.low; };
  if (std::ranges::adjacent_find(*edges, overlap) == edges->end()) {
    for (const Nfa::Edge& edge : *edges) add(edge.low, edge.high, StateBehind(edge.target));
    return;
  }
  // Bytes between two borders go the same ways.
  std::array<bool, 257> border{};
  for (const Nfa::Edge& edge : *edges) border[edge.low] = border[edge.high + 1] = true;
  std::array<int, 256> piece_of{};
  std::vector<std::pair<int, int>> pieces;  // from, up to
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == 0 || border[static_cast<size_t>(byte)]) pieces.push_back({byte, byte + 1});
    pieces.back().second = byte + 1;
    piece_of[static_cast<size_t>(byte)] = static_cast<int>(pieces.size()) - 1;
  }
  std::vector<Subset> targets(pieces.size());
  for (const Nfa::Edge& edge : *edges) {
    for (int p = piece_of[edge.low]; p <= piece_of[edge.high]; ++p) {
      targets[static_cast<size_t>(p)].push_back(edge.target);
    }
  }
  for (size_t p = 0; p < pieces.size(); ++p) {
    if (targets[p].empty()) continue;
    Close(&targets[p]);
    add(pieces[p].first, pieces[p].second - 1, StateOf(std::move(targets[p])));
  }
}

void Builder::AddSymbolEdges(std::vector<Nfa::Edge>* edges, std::vector<Machine::SymbolEdge>* out) {
  std::sort(edges->begin(), edges->end(),
            [](const auto& a, const auto& b) { return a.symbol < b.symbol; });
  for (size_t i = 0; i < edges->size();) {
    Subset targets;
    size_t end = i;
    for (; end < edges->size() && (*edges)[end].symbol == (*edges)[i].symbol; ++end) {
      targets.push_back((*edges)[end].target);
    }
    Close(&targets);
    out->push_back({(*edges)[i].symbol, StateOf(std::move(targets))});
    i = end;
  }
}

Result<bool> Builder::Deterministic(size_t most_states, Machine* machine) {
  Subset start = {nfa_.start};
  Close(&start);
  StateOf(std::move(start));
  std::vector<Nfa::Edge> bytes, calls, tokens;
  for (size_t id = 0; id < todo_.size(); ++id) {
    if (todo_.size() > most_states) return false;
    budget_.Count(1);
    if (id % 64 == 0) FATHOM_RETURN_IF_ERROR(budget_.Check());
    const Subset& subset = *todo_[id];
    bytes.clear(), calls.clear(), tokens.clear();
    for (const int32_t state : subset) {
      for (int32_t e = nfa_.first(state); e >= 0; e = nfa_.edge(e).next) {
        const Nfa::Edge& edge = nfa_.edge(e);
        if (edge.kind == Nfa::Kind::kBytes) bytes.push_back(edge);
        if (edge.kind == Nfa::Kind::kCall) calls.push_back(edge);
        if (edge.kind == Nfa::Kind::kToken) tokens.push_back(edge);
      }
    }
    auto& made = machine->states.emplace_back();
    made.accepting = std::binary_search(subset.begin(), subset.end(), nfa_.end);
    made.bytes = static_cast<int32_t>(machine->bytes.size());
    made.calls = static_cast<int32_t>(machine->calls.size());
    made.tokens = static_cast<int32_t>(machine->tokens.size());
    if (!bytes.empty()) AddByteEdges(&bytes, machine);
    if (!calls.empty()) AddSymbolEdges(&calls, &machine->calls);
    if (!tokens.empty()) AddSymbolEdges(&tokens, &machine->tokens);
    made.bytes_end = static_cast<int32_t>(machine->bytes.size());
    made.calls_end = static_cast<int32_t>(machine->calls.size());
    made.tokens_end = static_cast<int32_t>(machine->tokens.size());
  }
  return true;
}

Status Builder::WithChoices(Machine* machine) {
  // Targets stay single states; a state has the edges of all that its empty edges lead to.
  std::vector<int32_t> ids(nfa_.states(), -1), todo;
  const auto state_of = [&](int32_t state) {
    int32_t& id = ids[static_cast<size_t>(state)];
    if (id < 0) {
      id = static_cast<int32_t>(todo.size());
      todo.push_back(state);
    }
    return id;
  };
  machine->deterministic = false;
  state_of(nfa_.start);
  for (size_t i = 0; i < todo.size(); ++i) {
    budget_.Count(1);
    if (i % 64 == 0) FATHOM_RETURN_IF_ERROR(budget_.Check());
    Subset subset = {todo[i]};
    Close(&subset);
    Machine::State made;
    made.accepting = std::binary_search(subset.begin(), subset.end(), nfa_.end);
    made.bytes = static_cast<int32_t>(machine->bytes.size());
    made.calls = static_cast<int32_t>(machine->calls.size());
    made.tokens = static_cast<int32_t>(machine->tokens.size());
    for (const int32_t state : subset) {
      for (int32_t e = nfa_.first(state); e >= 0; e = nfa_.edge(e).next) {
        const Nfa::Edge& edge = nfa_.edge(e);
        if (edge.kind == Nfa::Kind::kEmpty) continue;
        const int32_t target = state_of(edge.target);
        if (edge.kind == Nfa::Kind::kBytes) machine->bytes.push_back({edge.low, edge.high, target});
        if (edge.kind == Nfa::Kind::kCall) machine->calls.push_back({edge.symbol, target});
        if (edge.kind == Nfa::Kind::kToken) machine->tokens.push_back({edge.symbol, target});
      }
    }
    std::sort(machine->bytes.begin() + made.bytes, machine->bytes.end(),
              [](const auto& a, const auto& b) { return a.low < b.low; });
    made.bytes_end = static_cast<int32_t>(machine->bytes.size());
    made.calls_end = static_cast<int32_t>(machine->calls.size());
    made.tokens_end = static_cast<int32_t>(machine->tokens.size());
    machine->states.push_back(made);
  }
  return {};
}

// Calls fn(target) for every edge of a state.
template <typename Fn>
void ForEachTarget(const Machine& machine, const Machine::State& state, Fn fn) {
  for (int32_t e = state.bytes; e < state.bytes_end; ++e) {
    fn(machine.bytes[static_cast<size_t>(e)].target);
  }
  for (int32_t e = state.calls; e < state.calls_end; ++e) {
    fn(machine.calls[static_cast<size_t>(e)].target);
  }
  for (int32_t e = state.tokens; e < state.tokens_end; ++e) {
    fn(machine.tokens[static_cast<size_t>(e)].target);
  }
}

// Which states can reach an accepting one.
std::vector<bool> FindLive(const Machine& machine) {
  const size_t n = machine.states.size();
  std::vector<int32_t> begin(n + 1), sources;
  for (const auto& state : machine.states) {
    ForEachTarget(machine, state,
                  [&](int32_t target) { ++begin[static_cast<size_t>(target) + 1]; });
  }
  for (size_t i = 0; i < n; ++i) begin[i + 1] += begin[i];
  sources.resize(static_cast<size_t>(begin[n]));
  std::vector<int32_t> at(begin.begin(), begin.end() - 1);
  std::vector<bool> live(n);
  std::vector<int32_t> todo;
  for (size_t i = 0; i < n; ++i) {
    ForEachTarget(machine, machine.states[i], [&](int32_t target) {
      sources[static_cast<size_t>(at[static_cast<size_t>(target)]++)] = static_cast<int32_t>(i);
    });
    if (machine.states[i].accepting) {
      live[i] = true;
      todo.push_back(static_cast<int32_t>(i));
    }
  }
  while (!todo.empty()) {
    const auto state = static_cast<size_t>(todo.back());
    todo.pop_back();
    for (int32_t s = begin[state]; s < begin[state + 1]; ++s) {
      const int32_t source = sources[static_cast<size_t>(s)];
      if (live[static_cast<size_t>(source)]) continue;
      live[static_cast<size_t>(source)] = true;
      todo.push_back(source);
    }
  }
  return live;
}

template <typename Edge>
void KeepEdges(const std::vector<Edge>& edges, const std::vector<int32_t>& ids, int32_t* begin,
               int32_t* end, std::vector<Edge>* out) {
  const int32_t from = *begin, to = *end;
  *begin = static_cast<int32_t>(out->size());
  for (int32_t e = from; e < to; ++e) {
    Edge edge = edges[static_cast<size_t>(e)];
    edge.target = ids[static_cast<size_t>(edge.target)];
    if (edge.target >= 0) out->push_back(edge);
  }
  *end = static_cast<int32_t>(out->size());
}

// Without states from which nothing is ever accepted; the start stays.
Machine RemoveDead(Machine machine) {
  const std::vector<bool> live = FindLive(machine);
  std::vector<int32_t> ids(machine.states.size(), -1);
  int32_t kept = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (live[i] || i == 0) ids[i] = kept++;
  }
  if (static_cast<size_t>(kept) == ids.size()) return machine;
  if (!live[0]) ids[0] = -1;  // no edge leads to it
  Machine out;
  out.deterministic = machine.deterministic;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!live[i] && i != 0) continue;
    Machine::State state = machine.states[i];
    KeepEdges(machine.bytes, ids, &state.bytes, &state.bytes_end, &out.bytes);
    KeepEdges(machine.calls, ids, &state.calls, &state.calls_end, &out.calls);
    KeepEdges(machine.tokens, ids, &state.tokens, &state.tokens_end, &out.tokens);
    out.states.push_back(state);
  }
  return out;
}

}  // namespace

void Nfa::AddSet(int32_t from, const ByteSet& set, int32_t to) {
  for (int byte = 0; byte < 256; ++byte) {
    if (!set.Has(static_cast<uint8_t>(byte))) continue;
    const int low = byte;
    while (byte < 255 && set.Has(static_cast<uint8_t>(byte + 1))) ++byte;
    AddBytes(from, static_cast<uint8_t>(low), static_cast<uint8_t>(byte), to);
  }
}

Result<Machine> MakeMachine(const Nfa& nfa, size_t most_states, Budget* budget) {
  Machine machine;
  {
    Builder builder(nfa, budget);
    FATHOM_ASSIGN_OR_RETURN(const bool done, builder.Deterministic(most_states, &machine));
    if (done) return RemoveDead(std::move(machine));
  }
  machine = {};
  Builder builder(nfa, budget);
  FATHOM_RETURN_IF_ERROR(builder.WithChoices(&machine));
  return RemoveDead(std::move(machine));
}

}  // namespace fathom::grammar
