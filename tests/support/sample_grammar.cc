#include "support/sample_grammar.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace fathom::test {
namespace {

using grammar::ByteDfa;
using grammar::Expression;
using grammar::ExprId;
using grammar::ExprKind;
using grammar::Grammar;
using grammar::kUnbounded;

constexpr int64_t kNone = int64_t{1} << 40;  // no text

}  // namespace

struct GrammarSampler::Walk {
  uint64_t seed = 0, drawn = 0;
  size_t bytes = 0;
  std::string text{};

  bool IsLong() const { return text.size() >= bytes; }
  // From 0 to count - 1.
  size_t Draw(size_t count) {
    return std::min(
        static_cast<size_t>(RandomUniform(seed, 0, drawn++) * static_cast<double>(count)),
        count - 1);
  }
};

GrammarSampler::GrammarSampler(const Grammar& grammar)
    : grammar_(grammar), shortest_(grammar.expressions(), kNone), to_end_(grammar.expressions()) {
  MeasureDfas();
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t id = 0; id < shortest_.size(); ++id) {
      const Expression& e = grammar_.at(static_cast<ExprId>(id));
      const int64_t now =
          e.kind == ExprKind::kDfa ? (to_end_[id].empty() ? kNone : to_end_[id][0]) : Measure(e);
      if (now < shortest_[id]) {
        shortest_[id] = now;
        changed = true;
      }
    }
  }
}

bool GrammarSampler::HasText() const {
  return shortest_[static_cast<size_t>(grammar_.start())] < kNone;
}

void GrammarSampler::MeasureDfas() {
  for (size_t id = 0; id < to_end_.size(); ++id) {
    const Expression& e = grammar_.at(static_cast<ExprId>(id));
    if (e.kind != ExprKind::kDfa) continue;
    const ByteDfa& dfa = grammar_.dfa(e);
    std::vector<int64_t>& to_end = to_end_[id];
    to_end.assign(dfa.states.size(), kNone);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t state = dfa.states.size(); state-- > 0;) {
        int64_t now = dfa.states[state].accepting ? 0 : kNone;
        for (const ByteDfa::Edge& edge : dfa.states[state].edges) {
          now = std::min(now, to_end[static_cast<size_t>(edge.target)] + 1);
        }
        if (now < to_end[state]) {
          to_end[state] = now;
          changed = true;
        }
      }
    }
  }
}

int64_t GrammarSampler::Measure(const Expression& e) const {
  const auto of = [&](ExprId id) { return shortest_[static_cast<size_t>(id)]; };
  int64_t sum = 0, least = kNone;
  switch (e.kind) {
    case ExprKind::kEmpty:
      return 0;
    case ExprKind::kBytes:
      return grammar_.bytes(e) == grammar::ByteSet{} ? kNone : 1;
    case ExprKind::kText:
      return static_cast<int64_t>(e.text.size());
    case ExprKind::kRule:
      return of(grammar_.body(e.index));
    case ExprKind::kSequence:
      for (const ExprId part : e.parts) sum = std::min(kNone, sum + of(part));
      return sum;
    case ExprKind::kChoice:
      for (const ExprId part : e.parts) least = std::min(least, of(part));
      return least;
    case ExprKind::kRepeat:
      return e.low == 0 ? 0 : std::min(kNone, of(e.parts[0]) * e.low);
    default:
      return kNone;
  }
}

std::string GrammarSampler::Sample(uint64_t seed, size_t bytes) const {
  FATHOM_CHECK(HasText(), "a grammar without texts");
  Walk walk = {.seed = seed, .bytes = bytes};
  Write(grammar_.start(), walk);
  return walk.text;
}

void GrammarSampler::Write(ExprId id, Walk& walk) const {
  const Expression& e = grammar_.at(id);
  switch (e.kind) {
    case ExprKind::kBytes: {
      std::string all;
      for (int byte = 0; byte < 256; ++byte) {
        if (grammar_.bytes(e).Has(static_cast<uint8_t>(byte))) all += static_cast<char>(byte);
      }
      walk.text += all[walk.Draw(all.size())];
      return;
    }
    case ExprKind::kText:
      walk.text += e.text;
      return;
    case ExprKind::kDfa:
      return WriteDfa(id, walk);
    case ExprKind::kRule:
      return Write(grammar_.body(e.index), walk);
    case ExprKind::kSequence:
      for (const ExprId part : e.parts) Write(part, walk);
      return;
    case ExprKind::kChoice:
      return WriteChoice(e, walk);
    case ExprKind::kRepeat: {
      if (shortest_[static_cast<size_t>(e.parts[0])] >= kNone) return;
      int64_t count = e.low;
      // Both ends of a small range come up often, and a large one is not gone through.
      const bool whole_range = e.high != kUnbounded && e.high - e.low <= 8;
      if (whole_range)
        count += static_cast<int64_t>(walk.Draw(static_cast<size_t>(e.high - e.low) + 1));
      while (!whole_range && (e.high == kUnbounded || count < e.high) && walk.Draw(3) > 0) ++count;
      for (int64_t i = 0; i < count && (i < e.low || !walk.IsLong()); ++i) Write(e.parts[0], walk);
      return;
    }
    default:
      return;
  }
}

void GrammarSampler::WriteChoice(const Expression& e, Walk& walk) const {
  std::vector<ExprId> possible;
  for (const ExprId part : e.parts) {
    if (shortest_[static_cast<size_t>(part)] < kNone) possible.push_back(part);
  }
  const auto shorter = [&](ExprId a, ExprId b) {
    return shortest_[static_cast<size_t>(a)] < shortest_[static_cast<size_t>(b)];
  };
  Write(walk.IsLong() ? *std::ranges::min_element(possible, shorter)
                      : possible[walk.Draw(possible.size())],
        walk);
}

void GrammarSampler::WriteDfa(ExprId id, Walk& walk) const {
  const ByteDfa& dfa = grammar_.dfa(grammar_.at(id));
  const std::vector<int64_t>& to_end = to_end_[static_cast<size_t>(id)];
  const size_t start = walk.text.size();
  size_t state = 0;
  for (;;) {
    const bool enough = walk.IsLong() || walk.text.size() - start > 40;
    const auto& now = dfa.states[state];
    if (now.accepting && (enough || now.edges.empty() || walk.Draw(8) == 0)) return;
    std::vector<ByteDfa::Edge> possible;
    for (const ByteDfa::Edge& edge : now.edges) {
      const int64_t left = to_end[static_cast<size_t>(edge.target)];
      if (left < kNone && (!enough || left < to_end[state])) possible.push_back(edge);
    }
    if (possible.empty()) return;
    const ByteDfa::Edge& edge = possible[walk.Draw(possible.size())];
    walk.text += static_cast<char>(edge.low + walk.Draw(size_t{1} + edge.high - edge.low));
    state = static_cast<size_t>(edge.target);
  }
}

}  // namespace fathom::test
