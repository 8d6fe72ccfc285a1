#include "grammar/expression_facts.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace fathom::grammar {
namespace {

constexpr int64_t kHuge = int64_t{1} << 40;

size_t At(int32_t id) { return static_cast<size_t>(id); }

bool DfaAccepts(const ByteDfa& dfa) {
  std::vector<bool> seen(dfa.states.size());
  std::vector<size_t> todo;
  if (!seen.empty()) {
    seen[0] = true;
    todo.push_back(0);
  }
  while (!todo.empty()) {
    const ByteDfa::State& state = dfa.states[todo.back()];
    todo.pop_back();
    if (state.accepting) return true;
    for (const ByteDfa::Edge& edge : state.edges) {
      if (seen[At(edge.target)]) continue;
      seen[At(edge.target)] = true;
      todo.push_back(At(edge.target));
    }
  }
  return false;
}

// Who would have to be looked at again when an expression turns out true.
struct Users {
  std::vector<int32_t> begin;  // [expressions + 1]
  std::vector<ExprId> users;

  Users(const Grammar& grammar, const std::vector<ExprId>& reachable) {
    begin.assign(grammar.expressions() + 1, 0);
    const auto each = [&](auto fn) {
      for (const ExprId id : reachable) {
        const Expression& e = grammar.at(id);
        for (const ExprId part : e.parts) fn(part, id);
        if (e.kind == ExprKind::kRule) fn(grammar.body(e.index), id);
      }
    };
    each([&](ExprId part, ExprId) { ++begin[At(part) + 1]; });
    for (size_t i = 0; i + 1 < begin.size(); ++i) begin[i + 1] += begin[i];
    users.resize(At(begin.back()));
    std::vector<int32_t> at(begin.begin(), begin.end() - 1);
    each([&](ExprId part, ExprId user) { users[At(at[At(part)]++)] = user; });
  }
};

std::vector<ExprId> FindReachable(const Grammar& grammar) {
  std::vector<bool> seen(grammar.expressions());
  std::vector<ExprId> reachable;
  const auto reach = [&](ExprId id) {
    FATHOM_CHECK(id >= 0 && At(id) < seen.size(), "expression {} of {}", id, seen.size());
    if (seen[At(id)]) return;
    seen[At(id)] = true;
    reachable.push_back(id);
  };
  reach(grammar.start());
  for (size_t i = 0; i < reachable.size(); ++i) {
    const ExprId id = reachable[i];
    const Expression& e = grammar.at(id);
    for (const ExprId part : e.parts) {
      FATHOM_CHECK(part < id, "part {} of expression {}", part, id);
      reach(part);
    }
    if (e.kind == ExprKind::kRule) reach(grammar.body(e.index));
  }
  std::sort(reachable.begin(), reachable.end());
  return reachable;
}

// The least solution of: a leaf is true by itself, a sequence when all parts are, a choice when one
// is, a repetition when it needs no part or its part is, a use when the rule's body is.
std::vector<bool> Solve(const Grammar& grammar, const std::vector<ExprId>& reachable,
                        const Users& users, const std::function<bool(const Expression&)>& leaf) {
  std::vector<bool> truth(grammar.expressions());
  std::vector<size_t> missing(grammar.expressions());  // of a sequence's parts
  std::vector<ExprId> todo;
  const auto set = [&](ExprId id) {
    if (truth[At(id)]) return;
    truth[At(id)] = true;
    todo.push_back(id);
  };
  for (const ExprId id : reachable) {
    const Expression& e = grammar.at(id);
    missing[At(id)] = e.parts.size();
    if (e.parts.empty() ? leaf(e) : e.kind == ExprKind::kRepeat && e.low == 0) set(id);
  }
  while (!todo.empty()) {
    const ExprId id = todo.back();
    todo.pop_back();
    for (int32_t u = users.begin[At(id)]; u < users.begin[At(id) + 1]; ++u) {
      const ExprId user = users.users[At(u)];
      if (grammar.at(user).kind != ExprKind::kSequence || --missing[At(user)] == 0) set(user);
    }
  }
  return truth;
}

int64_t SizeOf(const Grammar& grammar, const Expression& e, const std::vector<int64_t>& size,
               const AutomatonOptions& options) {
  int64_t sum = 2;
  switch (e.kind) {
    case ExprKind::kText:
      return static_cast<int64_t>(e.text.size());
    case ExprKind::kDfa:
      return static_cast<int64_t>(grammar.dfa(e).states.size());
    case ExprKind::kRepeat: {
      const int64_t part = size[At(e.parts[0])];
      return std::min(kHuge, part * std::max<int64_t>(1, UnrolledTimes(e, part, options)) + 2);
    }
    case ExprKind::kSequence:
    case ExprKind::kChoice:
      for (const ExprId part : e.parts) sum = std::min(kHuge, sum + size[At(part)]);
      return sum;
    default:
      return 1;
  }
}

}  // namespace

int64_t UnrolledTimes(const Expression& repeat, int64_t part_size,
                      const AutomatonOptions& options) {
  // The last part of an endless repetition goes back to its own beginning.
  const int64_t times = repeat.high == kUnbounded ? std::max<int64_t>(1, repeat.low) : repeat.high;
  if (times <= 1) return times;
  const int64_t most = options.unrolled_states;
  return times <= most && part_size * times <= most ? times : 0;
}

ExpressionFacts FindFacts(const Grammar& grammar, const AutomatonOptions& options) {
  ExpressionFacts facts;
  const std::vector<ExprId> reachable = FindReachable(grammar);
  const Users users(grammar, reachable);
  facts.possible = Solve(grammar, reachable, users, [&](const Expression& e) {
    switch (e.kind) {
      case ExprKind::kEmpty:
      case ExprKind::kText:
      case ExprKind::kToken:
        return true;
      case ExprKind::kBytes:
        return !(grammar.bytes(e) == ByteSet());
      case ExprKind::kDfa:
        return DfaAccepts(grammar.dfa(e));
      default:
        return false;
    }
  });
  facts.nullable = Solve(grammar, reachable, users, [&](const Expression& e) {
    return e.kind == ExprKind::kEmpty || (e.kind == ExprKind::kText && e.text.empty()) ||
           (e.kind == ExprKind::kDfa && !grammar.dfa(e).states.empty() &&
            grammar.dfa(e).states[0].accepting);
  });

  const size_t n = grammar.expressions();
  facts.size.assign(n, 0);
  facts.depth.assign(n, 0);
  facts.uses_rules.assign(n, false);
  for (const ExprId id : reachable) {
    const Expression& e = grammar.at(id);
    facts.size[At(id)] = SizeOf(grammar, e, facts.size, options);
    int32_t deepest = 0;
    facts.uses_rules[At(id)] = e.kind == ExprKind::kRule;
    for (const ExprId part : e.parts) {
      deepest = std::max(deepest, facts.depth[At(part)]);
      if (facts.uses_rules[At(part)]) facts.uses_rules[At(id)] = true;
    }
    facts.depth[At(id)] = deepest + 1;
  }

  // What stands in several places is written out in each, with its parts, unless it is hoisted.
  // The start and the bodies of rules stand in one.
  facts.hoisted.assign(n, false);
  std::vector<int32_t> places(n);
  places[At(grammar.start())] = 1;
  std::vector<bool> used(grammar.rules()), used_again(grammar.rules());
  for (const ExprId id : reachable) {
    const Expression& e = grammar.at(id);
    for (const ExprId part : e.parts) ++places[At(part)];
    if (e.kind == ExprKind::kRule && !used[At(e.index)]) ++places[At(grammar.body(e.index))];
    if (e.kind == ExprKind::kRule) used[At(e.index)] = true;
  }
  used.assign(used.size(), false);
  for (auto it = reachable.rbegin(); it != reachable.rend(); ++it) {
    const Expression& e = grammar.at(*it);
    bool several = places[At(*it)] > 1;
    if (several && facts.size[At(*it)] >= options.hoisted_size) {
      facts.hoisted[At(*it)] = true;
      several = false;
    }
    if (e.kind == ExprKind::kRepeat) {
      several = several || UnrolledTimes(e, facts.size[At(e.parts[0])], options) > 1;
    }
    for (const ExprId part : e.parts) {
      if (several) places[At(part)] = 2;
    }
    if (e.kind != ExprKind::kRule) continue;
    if (several || used[At(e.index)]) used_again[At(e.index)] = true;
    used[At(e.index)] = true;
  }
  facts.used_once.assign(grammar.rules(), false);
  for (size_t r = 0; r < used.size(); ++r) facts.used_once[r] = used[r] && !used_again[r];
  return facts;
}

}  // namespace fathom::grammar
