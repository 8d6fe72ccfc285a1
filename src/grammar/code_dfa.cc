#include "grammar/code_dfa.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/utf8.h"
#include "grammar/expression.h"

namespace fathom::grammar {
namespace {

constexpr size_t kMaxEntries = size_t{4} << 20;
// Merging equal states takes up to states² × classes steps.
constexpr size_t kMaxMerged = 2000;

Status CheckTable(size_t states, int32_t classes) {
  if (states * static_cast<size_t>(std::max(classes, 1)) <= kMaxEntries) return {};
  return ResourceExhausted("an automaton of {} states is too large", states);
}

int32_t AddState(CodeDfa* dfa, bool accepting) {
  dfa->accepting.push_back(accepting ? 1 : 0);
  dfa->next.resize(dfa->next.size() + static_cast<size_t>(dfa->classes.count), -1);
  return static_cast<int32_t>(dfa->states()) - 1;
}

int32_t& NextOf(CodeDfa& dfa, int32_t state, int32_t code_class) {
  return dfa.next[static_cast<size_t>(state) * static_cast<size_t>(dfa.classes.count) +
                  static_cast<size_t>(code_class)];
}

// Which states can reach an accepting one.
std::vector<uint8_t> CanAccept(const CodeDfa& dfa) {
  std::vector<std::vector<int32_t>> before(dfa.states());
  std::vector<int32_t> open;
  std::vector<uint8_t> can = dfa.accepting;
  for (size_t state = 0; state < dfa.states(); ++state) {
    if (can[state] != 0) open.push_back(static_cast<int32_t>(state));
    for (int32_t c = 0; c < dfa.classes.count; ++c) {
      const int32_t target = dfa.Next(static_cast<int32_t>(state), c);
      if (target >= 0) before[static_cast<size_t>(target)].push_back(static_cast<int32_t>(state));
    }
  }
  while (!open.empty()) {
    const int32_t state = open.back();
    open.pop_back();
    for (const int32_t other : before[static_cast<size_t>(state)]) {
      if (std::exchange(can[static_cast<size_t>(other)], 1) == 0) open.push_back(other);
    }
  }
  return can;
}

// Keeps one state of each block; block -1 is left out. Blocks are numbered by first appearance, so
// that the start's is 0.
CodeDfa KeepBlocks(const CodeDfa& dfa, const std::vector<int32_t>& block) {
  CodeDfa kept;
  kept.classes = dfa.classes;
  for (size_t state = 0; state < dfa.states(); ++state) {
    if (block[state] != static_cast<int32_t>(kept.states())) continue;
    const int32_t made = AddState(&kept, dfa.accepting[state] != 0);
    for (int32_t c = 0; c < dfa.classes.count; ++c) {
      const int32_t target = dfa.Next(static_cast<int32_t>(state), c);
      NextOf(kept, made, c) = target < 0 ? -1 : block[static_cast<size_t>(target)];
    }
  }
  if (kept.states() == 0) AddState(&kept, false);
  return kept;
}

struct VectorHash {
  size_t operator()(const std::vector<int32_t>& values) const {
    uint64_t hash = 0x9E3779B97F4A7C15;
    for (const int32_t value : values) {
      hash = (hash ^ static_cast<uint32_t>(value)) * 0xBF58476D1CE4E5B9;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

// States are equal until something tells them apart: whether they accept, then where they lead.
Result<std::vector<int32_t>> EqualStates(const CodeDfa& dfa, Budget& budget) {
  std::vector<int32_t> block(dfa.states(), 0);
  for (size_t blocks = 0;;) {
    FATHOM_RETURN_IF_ERROR(budget.Spend(0));
    std::unordered_map<std::vector<int32_t>, int32_t, VectorHash> ids;
    std::vector<int32_t> finer(dfa.states());
    std::vector<int32_t> signature;
    for (size_t state = 0; state < dfa.states(); ++state) {
      signature = {dfa.accepting[state], block[state]};
      for (int32_t c = 0; c < dfa.classes.count; ++c) {
        const int32_t target = dfa.Next(static_cast<int32_t>(state), c);
        signature.push_back(target < 0 ? -1 : block[static_cast<size_t>(target)]);
      }
      finer[state] = ids.try_emplace(signature, static_cast<int32_t>(ids.size())).first->second;
    }
    block = std::move(finer);
    if (ids.size() == blocks) return block;
    blocks = ids.size();
  }
}

bool Accepting(const CodeDfa& dfa, int32_t state) {
  return state >= 0 && dfa.accepting[static_cast<size_t>(state)] != 0;
}

}  // namespace

bool CodeDfa::AcceptsNothing() const {
  return std::ranges::all_of(accepting, [](uint8_t a) { return a == 0; });
}

bool CodeDfa::AcceptsAll() const {
  return states() == 1 && accepting[0] != 0 &&
         std::ranges::all_of(next, [](int32_t target) { return target == 0; });
}

bool CodeDfa::Accepts(std::string_view text) const {
  int32_t state = 0;
  while (!text.empty() && state >= 0) {
    const Utf8Char c = DecodeUtf8(text);
    if (!c.valid) return false;
    state = Next(state, classes.Of(c.code_point));
    text.remove_prefix(static_cast<size_t>(c.length));
  }
  return Accepting(*this, state);
}

CodeDfa AnyText() {
  CodeDfa dfa;
  dfa.classes = MakeClasses({AllCodes()}, nullptr);
  AddState(&dfa, true);
  dfa.next = {0};
  return dfa;
}

Result<CodeDfa> TextsOfLength(int64_t low, int64_t high, Budget& budget) {
  CodeDfa dfa;
  dfa.classes = MakeClasses({AllCodes()}, nullptr);
  const int64_t last = high == kUnbounded ? low : high;
  FATHOM_RETURN_IF_ERROR(CheckTable(static_cast<size_t>(last) + 1, 1));
  FATHOM_RETURN_IF_ERROR(budget.Spend(last + 1));
  for (int64_t i = 0; i <= last; ++i) {
    const int32_t state = AddState(&dfa, i >= low);
    NextOf(dfa, state, 0) = i < last ? state + 1 : high == kUnbounded ? state : -1;
  }
  return dfa;
}

Result<CodeDfa> TheseTexts(const std::vector<std::string>& texts, Budget& budget) {
  std::map<char32_t, int32_t> class_of;
  std::vector<CodeSet> sets;
  size_t length = 1;
  for (const std::string_view text : texts) {
    for (size_t at = 0; at < text.size();) {
      const Utf8Char c = DecodeUtf8(text.substr(at));
      if (class_of.try_emplace(c.code_point, 0).second)
        sets.push_back({{c.code_point, c.code_point}});
      at += static_cast<size_t>(c.length);
      ++length;
    }
  }
  CodeDfa dfa;
  dfa.classes = MakeClasses(sets, nullptr);
  FATHOM_RETURN_IF_ERROR(CheckTable(length, dfa.classes.count));
  FATHOM_RETURN_IF_ERROR(budget.Spend(static_cast<int64_t>(length)));
  for (auto& [code, id] : class_of) id = dfa.classes.Of(code);
  AddState(&dfa, false);
  for (const std::string_view text : texts) {
    int32_t state = 0;
    for (size_t at = 0; at < text.size();) {
      const Utf8Char c = DecodeUtf8(text.substr(at));
      at += static_cast<size_t>(c.length);
      const int32_t id = class_of[c.code_point];
      if (dfa.Next(state, id) < 0) {
        const int32_t made = AddState(&dfa, false);
        NextOf(dfa, state, id) = made;
      }
      state = dfa.Next(state, id);
    }
    dfa.accepting[static_cast<size_t>(state)] = 1;
  }
  return dfa;
}

Result<CodeDfa> Combine(const CodeDfa& a, const CodeDfa& b, SetOperation operation,
                        Budget& budget) {
  CodeDfa both;
  std::vector<int32_t> of_a, of_b;
  both.classes = Refine(a.classes, b.classes, &of_a, &of_b);
  std::vector<std::pair<int32_t, int32_t>> pairs;
  std::unordered_map<uint64_t, int32_t> ids;
  const auto state_of = [&](int32_t p, int32_t q) {
    if (p < 0 && (q < 0 || operation != SetOperation::kEither)) return -1;
    if (q < 0 && operation == SetOperation::kBoth) return -1;
    const uint64_t key = uint64_t{static_cast<uint32_t>(p)} << 32 | static_cast<uint32_t>(q);
    const auto [found, added] = ids.try_emplace(key, static_cast<int32_t>(pairs.size()));
    if (added) {
      const bool in_a = Accepting(a, p), in_b = Accepting(b, q);
      AddState(&both, operation == SetOperation::kBoth     ? in_a && in_b
                      : operation == SetOperation::kEither ? in_a || in_b
                                                           : in_a && !in_b);
      pairs.emplace_back(p, q);
    }
    return found->second;
  };
  state_of(0, 0);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto [p, q] = pairs[i];
    FATHOM_RETURN_IF_ERROR(budget.Spend(1));
    FATHOM_RETURN_IF_ERROR(CheckTable(pairs.size(), both.classes.count));
    for (int32_t c = 0; c < both.classes.count; ++c) {
      const int32_t target = state_of(p < 0 ? -1 : a.Next(p, of_a[static_cast<size_t>(c)]),
                                      q < 0 ? -1 : b.Next(q, of_b[static_cast<size_t>(c)]));
      NextOf(both, static_cast<int32_t>(i), c) = target;
    }
  }
  return Reduce(std::move(both), budget);
}

Result<CodeDfa> Reduce(CodeDfa dfa, Budget& budget) {
  const std::vector<uint8_t> can = CanAccept(dfa);
  std::vector<int32_t> block(dfa.states(), -1);
  int32_t count = 0;
  for (size_t state = 0; state < block.size() && can[0] != 0; ++state) {
    if (can[state] != 0) block[state] = count++;
  }
  CodeDfa kept = KeepBlocks(dfa, block);
  if (kept.states() > kMaxMerged) return kept;
  FATHOM_ASSIGN_OR_RETURN(const std::vector<int32_t> equal, EqualStates(kept, budget));
  return KeepBlocks(kept, equal);
}

}  // namespace fathom::grammar
