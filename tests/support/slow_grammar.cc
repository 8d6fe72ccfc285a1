#include "support/slow_grammar.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/check.h"

namespace fathom::test {
namespace {

using grammar::ByteDfa;
using grammar::Expression;
using grammar::ExprId;
using grammar::ExprKind;
using grammar::Grammar;
using grammar::kUnbounded;

using Places = std::set<size_t>;

void AddAll(const Places& from, Places* to) { to->insert(from.begin(), from.end()); }

int32_t Step(const ByteDfa& dfa, int32_t state, uint8_t byte) {
  for (const ByteDfa::Edge& edge : dfa.states[static_cast<size_t>(state)].edges) {
    if (edge.low <= byte && byte <= edge.high) return edge.target;
  }
  return -1;
}

// For each state, whether an accepting one can be reached.
std::vector<bool> CanAccept(const ByteDfa& dfa) {
  std::vector<bool> can(dfa.states.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t state = 0; state < can.size(); ++state) {
      if (can[state]) continue;
      bool now = dfa.states[state].accepting;
      for (const ByteDfa::Edge& edge : dfa.states[state].edges) {
        if (can[static_cast<size_t>(edge.target)]) now = true;
      }
      if (now) can[state] = changed = true;
    }
  }
  return can;
}

class SlowRecogniser {
 public:
  SlowRecogniser(const Grammar& grammar, std::span<const Symbol> symbols)
      : grammar_(grammar), symbols_(symbols) {
    FATHOM_CHECK(grammar.start() >= 0, "a grammar without a start");
  }

  bool Matches() { return EndsOfStart().contains(symbols_.size()); }

  bool CanContinue() {
    FindProductive();
    EndsOfStart();
    // Grows from false until nothing changes, as the sets of ends do.
    do {
      changed_ = false;
      met_.clear();
      Partial(grammar_.start(), 0);
    } while (changed_);
    return partial_[{grammar_.start(), 0}];
  }

 private:
  using Key = std::pair<ExprId, size_t>;

  const Places& EndsOfStart() {
    do {
      changed_ = incomplete_ = false;
      met_.clear();
      Ends(grammar_.start(), 0);
    } while (changed_ && incomplete_);
    return ends_[{grammar_.start(), 0}];
  }

  // Where `id` may end when it begins at `from`, as far as is known in this round.
  const Places& Ends(ExprId id, size_t from) {
    Places& known = ends_[{id, from}];
    if (!met_.insert({id, from}).second) {
      if (open_.contains({id, from})) incomplete_ = true;
      return known;
    }
    open_.insert({id, from});
    Places found = ComputeEnds(grammar_.at(id), from);
    open_.erase({id, from});
    if (found.size() > known.size()) changed_ = true;
    known = std::move(found);
    return known;
  }

  Places ComputeEnds(const Expression& e, size_t from) {
    switch (e.kind) {
      case ExprKind::kEmpty:
        return {from};
      case ExprKind::kNever:
        return {};
      case ExprKind::kBytes:
        return TakesByte(e, from) ? Places{from + 1} : Places{};
      case ExprKind::kText:
        return CommonBytes(e.text, from) == e.text.size() ? Places{from + e.text.size()} : Places{};
      case ExprKind::kToken:
        return TakesToken(e, from) ? Places{from + 1} : Places{};
      case ExprKind::kDfa:
        return DfaEnds(grammar_.dfa(e), from);
      case ExprKind::kRule:
        return Ends(Body(e), from);
      case ExprKind::kSequence: {
        Places places = {from};
        for (const ExprId part : e.parts) places = EndsFrom(part, places);
        return places;
      }
      case ExprKind::kChoice: {
        Places places;
        for (const ExprId part : e.parts) AddAll(Ends(part, from), &places);
        return places;
      }
      case ExprKind::kRepeat:
        return RepeatEnds(e, from);
    }
    return {};
  }

  Places EndsFrom(ExprId part, const Places& starts) {
    Places ends;
    for (const size_t start : starts) AddAll(Ends(part, start), &ends);
    return ends;
  }

  // After each number of repetitions the places where it may stand; these die out, or stay the same
  // for ever when a part may be empty.
  Places RepeatEnds(const Expression& e, size_t from) {
    Places places = {from};
    Places ends;
    for (int64_t count = 0; e.high == kUnbounded || count <= e.high; ++count) {
      if (count >= e.low) AddAll(places, &ends);
      Places next = EndsFrom(e.parts[0], places);
      if (next == places) {
        AddAll(next, &ends);
        break;
      }
      places = std::move(next);
    }
    return ends;
  }

  Places DfaEnds(const ByteDfa& dfa, size_t from) {
    Places ends;
    int32_t state = dfa.states.empty() ? -1 : 0;
    for (size_t place = from; state >= 0; ++place) {
      if (dfa.states[static_cast<size_t>(state)].accepting) ends.insert(place);
      if (place >= symbols_.size() || symbols_[place].token >= 0) break;
      state = Step(dfa, state, symbols_[place].byte);
    }
    return ends;
  }

  // Whether the symbols from `from` on begin, or are, a text of `id`.
  bool Partial(ExprId id, size_t from) {
    if (from == symbols_.size()) {
      return partial_[{id, from}] = productive_[static_cast<size_t>(id)];
    }
    bool& known = partial_[{id, from}];
    if (known || !met_.insert({id, from}).second) return known;
    if (ComputePartial(id, from)) known = changed_ = true;
    return known;
  }

  bool ComputePartial(ExprId id, size_t from) {
    const Expression& e = grammar_.at(id);
    const size_t left = symbols_.size() - from;
    switch (e.kind) {
      case ExprKind::kEmpty:
      case ExprKind::kNever:
        return false;
      case ExprKind::kBytes:
        return left == 1 && TakesByte(e, from);
      case ExprKind::kText:
        return left <= e.text.size() && CommonBytes(e.text, from) == left;
      case ExprKind::kToken:
        return left == 1 && TakesToken(e, from);
      case ExprKind::kDfa:
        return PartialDfa(grammar_.dfa(e), from);
      case ExprKind::kRule:
        return Partial(Body(e), from);
      case ExprKind::kSequence:
        return PartialSequence(e, from);
      case ExprKind::kChoice:
        return std::ranges::any_of(e.parts, [&](ExprId part) { return Partial(part, from); });
      case ExprKind::kRepeat:
        return PartialRepeat(e, from);
    }
    return false;
  }

  bool PartialDfa(const ByteDfa& dfa, size_t from) {
    int32_t state = dfa.states.empty() ? -1 : 0;
    for (size_t place = from; place < symbols_.size() && state >= 0; ++place) {
      state = symbols_[place].token >= 0 ? -1 : Step(dfa, state, symbols_[place].byte);
    }
    return state >= 0 && CanAccept(dfa)[static_cast<size_t>(state)];
  }

  bool PartialSequence(const Expression& e, size_t from) {
    Places places = {from};
    for (size_t i = 0; i < e.parts.size(); ++i) {
      const bool rest_can_be =
          std::all_of(e.parts.begin() + static_cast<ptrdiff_t>(i) + 1, e.parts.end(),
                      [&](ExprId part) { return productive_[static_cast<size_t>(part)]; });
      for (const size_t place : places) {
        if (rest_can_be && Partial(e.parts[i], place)) return true;
      }
      places = CompleteEndsFrom(e.parts[i], places);
    }
    return false;
  }

  bool PartialRepeat(const Expression& e, size_t from) {
    Places places = {from};
    for (int64_t count = 0; e.high == kUnbounded || count < e.high; ++count) {
      for (const size_t place : places) {
        if (Partial(e.parts[0], place)) return true;
      }
      Places next = CompleteEndsFrom(e.parts[0], places);
      if (next == places) return false;
      places = std::move(next);
    }
    return false;
  }

  // The same sets as Ends, all rounds done.
  const Places& CompleteEnds(ExprId id, size_t from) {
    const auto known = ends_.find({id, from});
    if (known != ends_.end()) return known->second;
    std::set<Key> met = std::exchange(met_, {});
    const bool changed = changed_;
    do {
      changed_ = incomplete_ = false;
      met_.clear();
      Ends(id, from);
    } while (changed_ && incomplete_);
    changed_ = changed;
    met_ = std::move(met);
    return ends_[{id, from}];
  }

  Places CompleteEndsFrom(ExprId part, const Places& starts) {
    Places ends;
    for (const size_t start : starts) AddAll(CompleteEnds(part, start), &ends);
    return ends;
  }

  // Which expressions match anything at all.
  void FindProductive() {
    productive_.assign(grammar_.expressions(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t id = 0; id < productive_.size(); ++id) {
        if (productive_[id] || !IsProductive(grammar_.at(static_cast<ExprId>(id)))) continue;
        productive_[id] = changed = true;
      }
    }
  }

  bool IsProductive(const Expression& e) {
    const auto can_be = [&](ExprId part) { return productive_[static_cast<size_t>(part)]; };
    switch (e.kind) {
      case ExprKind::kNever:
        return false;
      case ExprKind::kBytes:
        return grammar_.bytes(e) != grammar::ByteSet{};
      case ExprKind::kDfa:
        return !grammar_.dfa(e).states.empty() && CanAccept(grammar_.dfa(e))[0];
      case ExprKind::kRule:
        return can_be(Body(e));
      case ExprKind::kSequence:
        return std::ranges::all_of(e.parts, can_be);
      case ExprKind::kChoice:
        return std::ranges::any_of(e.parts, can_be);
      case ExprKind::kRepeat:
        return e.low == 0 || can_be(e.parts[0]);
      default:
        return true;
    }
  }

  ExprId Body(const Expression& e) {
    const ExprId body = grammar_.body(e.index);
    FATHOM_CHECK(body >= 0, "rule {} ({}) is not defined", e.index, grammar_.name(e.index));
    return body;
  }

  bool TakesByte(const Expression& e, size_t from) {
    return from < symbols_.size() && symbols_[from].token < 0 &&
           grammar_.bytes(e).Has(symbols_[from].byte);
  }
  bool TakesToken(const Expression& e, size_t from) {
    return from < symbols_.size() && symbols_[from].token == e.index;
  }
  // How many bytes of `text` stand at `from`.
  size_t CommonBytes(const std::string& text, size_t from) {
    size_t count = 0;
    while (count < text.size() && from + count < symbols_.size() &&
           symbols_[from + count].token < 0 &&
           symbols_[from + count].byte == static_cast<uint8_t>(text[count])) {
      ++count;
    }
    return count;
  }

  const Grammar& grammar_;
  const std::span<const Symbol> symbols_;
  std::map<Key, Places> ends_;
  std::map<Key, bool> partial_;
  std::vector<bool> productive_;
  std::set<Key> met_;   // in this round
  std::set<Key> open_;  // being computed: what is known of these may not be all
  bool changed_ = false, incomplete_ = false;
};

}  // namespace

std::vector<Symbol> BytesOf(std::string_view text) {
  std::vector<Symbol> symbols;
  for (const char c : text) symbols.push_back({.byte = static_cast<uint8_t>(c)});
  return symbols;
}

bool SlowMatches(const Grammar& grammar, std::span<const Symbol> symbols) {
  return SlowRecogniser(grammar, symbols).Matches();
}
bool SlowMatches(const Grammar& grammar, std::string_view text) {
  return SlowMatches(grammar, BytesOf(text));
}

bool SlowCanContinue(const Grammar& grammar, std::span<const Symbol> symbols) {
  return SlowRecogniser(grammar, symbols).CanContinue();
}
bool SlowCanContinue(const Grammar& grammar, std::string_view text) {
  return SlowCanContinue(grammar, BytesOf(text));
}

}  // namespace fathom::test
