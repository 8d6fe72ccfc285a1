#include "grammar/string_form.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"

namespace fathom::grammar {
namespace {

struct ByteRange {
  uint8_t low = 0, high = 0;
  auto operator<=>(const ByteRange&) const = default;
};

// Bytes that spell some characters, all of one class.
struct Spelling {
  std::vector<ByteRange> bytes;
  int32_t leaf = 0;
  auto operator<=>(const Spelling&) const = default;
};

// The UTF-8 of [low, high], which have the same length, as runs in which each byte takes a range
// whatever the others are.
void SpellSameLength(char32_t low, char32_t high, int32_t leaf, std::vector<Spelling>* out) {
  std::string first, last;
  AppendUtf8(low, &first);
  AppendUtf8(high, &last);
  for (size_t tail = 1; tail < first.size(); ++tail) {
    const char32_t mask = (char32_t{1} << (6 * tail)) - 1;
    if ((low & ~mask) == (high & ~mask)) continue;
    if ((low & mask) != 0) {
      SpellSameLength(low, low | mask, leaf, out);
      SpellSameLength((low | mask) + 1, high, leaf, out);
      return;
    }
    if ((high & mask) != mask) {
      SpellSameLength(low, (high & ~mask) - 1, leaf, out);
      SpellSameLength(high & ~mask, high, leaf, out);
      return;
    }
  }
  Spelling spelling = {{}, leaf};
  for (size_t i = 0; i < first.size(); ++i) {
    spelling.bytes.push_back({static_cast<uint8_t>(first[i]), static_cast<uint8_t>(last[i])});
  }
  out->push_back(std::move(spelling));
}

void SpellUtf8(char32_t low, char32_t high, int32_t leaf, std::vector<Spelling>* out) {
  constexpr std::array<char32_t, 4> kLastOfLength = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
  for (const char32_t last : kLastOfLength) {
    if (low > high) return;
    if (low > last) continue;
    SpellSameLength(low, std::min(high, last), leaf, out);
    low = std::min(high, last) + 1;
  }
}

// A character that JSON has to escape.
void SpellEscaped(char32_t code, int32_t leaf, std::vector<Spelling>* out) {
  constexpr std::string_view kCodes = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
  const size_t known = kCodes.find(static_cast<char>(code));
  std::string text;
  if (known != std::string_view::npos) {
    text = {'\\', kLetters[known]};
  } else {
    text = {'\\', 'u', '0', '0', static_cast<char>('0' + code / 16), "0123456789abcdef"[code % 16]};
  }
  Spelling spelling = {{}, leaf};
  for (const char c : text) {
    spelling.bytes.push_back({static_cast<uint8_t>(c), static_cast<uint8_t>(c)});
  }
  out->push_back(std::move(spelling));
}

bool NeedsEscape(char32_t code) { return code < 0x20 || code == '"' || code == '\\'; }

void Spell(char32_t low, char32_t high, StringForm form, int32_t leaf, std::vector<Spelling>* out) {
  if (form == StringForm::kRaw) return SpellUtf8(low, high, leaf, out);
  while (low <= high && low <= '\\') {
    if (NeedsEscape(low)) {
      SpellEscaped(low++, leaf, out);
      continue;
    }
    char32_t last = low;
    while (last < high && !NeedsEscape(last + 1) && last < '\\') ++last;
    SpellUtf8(low, last, leaf, out);
    low = last + 1;
  }
  if (low <= high) SpellUtf8(low, high, leaf, out);
}

// All spellings as a tree in which equal subtrees are one node: what the next byte decides.
struct SpellingTree {
  struct Edge {
    uint8_t low = 0, high = 0;
    int32_t node = -1;  // -1: the character is complete, and has class `leaf`
    int32_t leaf = -1;
  };
  struct Node {
    std::vector<Edge> edges;
    std::vector<int32_t> leaves;  // classes below it, ascending
  };
  std::vector<Node> nodes;
  std::map<std::vector<Spelling>, int32_t> ids;

  // `spellings` have no common text, and none is another's beginning.
  int32_t Add(std::vector<Spelling> spellings) {
    std::ranges::sort(spellings);
    const auto known = ids.find(spellings);
    if (known != ids.end()) return known->second;
    const auto id = static_cast<int32_t>(nodes.size());
    ids[spellings] = id;
    nodes.emplace_back();

    std::vector<int> cuts;
    for (const Spelling& spelling : spellings) {
      cuts.push_back(spelling.bytes[0].low);
      cuts.push_back(spelling.bytes[0].high + 1);
    }
    std::ranges::sort(cuts);
    const auto same = std::ranges::unique(cuts);
    cuts.erase(same.begin(), same.end());
    std::vector<Edge> edges;
    std::vector<int32_t> leaves;
    for (const Spelling& spelling : spellings) leaves.push_back(spelling.leaf);
    std::vector<std::vector<Spelling>> below(cuts.size());
    for (const Spelling& spelling : spellings) {
      auto cut =
          static_cast<size_t>(std::ranges::lower_bound(cuts, spelling.bytes[0].low) - cuts.begin());
      for (; cuts[cut] <= spelling.bytes[0].high; ++cut) {
        below[cut].push_back({{spelling.bytes.begin() + 1, spelling.bytes.end()}, spelling.leaf});
      }
    }
    for (size_t cut = 0; cut + 1 < cuts.size(); ++cut) {
      if (below[cut].empty()) continue;
      Edge edge = {static_cast<uint8_t>(cuts[cut]), static_cast<uint8_t>(cuts[cut + 1] - 1)};
      if (below[cut][0].bytes.empty()) {
        edge.leaf = below[cut][0].leaf;
      } else {
        edge.node = Add(std::move(below[cut]));
      }
      edges.push_back(edge);
    }
    std::ranges::sort(leaves);
    const auto twice = std::ranges::unique(leaves);
    leaves.erase(twice.begin(), twice.end());
    nodes[static_cast<size_t>(id)] = {std::move(edges), std::move(leaves)};
    return id;
  }
};

// Numbers lists of numbers. The lists lie in one piece: a large automaton has a hundred thousand of
// them, and to free so many took half as long as to make them.
class ListNumbers {
 public:
  // The number of the list, and whether it is a new one: then it is the next after all others.
  std::pair<int32_t, bool> Number(std::span<const int32_t> list) {
    if (2 * (ends_.size() + 1) > slots_.size()) Grow();
    int32_t& slot = SlotOf(list);
    if (slot >= 0) return {slot, false};
    slot = static_cast<int32_t>(ends_.size());
    all_.insert(all_.end(), list.begin(), list.end());
    ends_.push_back(all_.size());
    return {slot, true};
  }

 private:
  std::span<const int32_t> List(size_t number) const {
    const size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::span(all_).subspan(begin, ends_[number] - begin);
  }

  // Where the list's number is, or -1 for it to be written.
  int32_t& SlotOf(std::span<const int32_t> list) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const int32_t value : list) {
      hash = (hash ^ static_cast<uint32_t>(value)) * 0x9E3779B97F4A7C15;
      hash ^= hash >> 32;
    }
    for (size_t i = hash % slots_.size();; i = (i + 1) % slots_.size()) {
      int32_t& slot = slots_[i];
      if (slot < 0 || std::ranges::equal(List(static_cast<size_t>(slot)), list)) return slot;
    }
  }

  void Grow() {
    slots_.assign(std::max(slots_.size() * 2, size_t{64}), -1);
    for (size_t i = 0; i < ends_.size(); ++i) SlotOf(List(i)) = static_cast<int32_t>(i);
  }

  std::vector<int32_t> all_;
  std::vector<size_t> ends_;    // in all_, by number
  std::vector<int32_t> slots_;  // numbers by hash, at most half of them used
};

// Writes the tree once for every state of the automaton, with the states that its classes lead to
// at the leaves. Parts with the same targets are written once.
class ByteWriter {
 public:
  ByteWriter(const CodeDfa& dfa, const SpellingTree& tree, Budget& budget)
      : dfa_(dfa), tree_(tree), budget_(budget) {}

  Result<ByteDfa> Write(int32_t root) {
    bytes_.states.resize(dfa_.states());
    for (size_t state = 0; state < dfa_.states(); ++state) {
      bytes_.states[state].accepting = dfa_.accepting[state] != 0;
      FATHOM_ASSIGN_OR_RETURN(auto edges, Edges(root, static_cast<int32_t>(state)));
      bytes_.states[state].edges = std::move(edges);
    }
    return std::move(bytes_);
  }

 private:
  Result<std::vector<ByteDfa::Edge>> Edges(int32_t node, int32_t state) {
    std::vector<ByteDfa::Edge> edges;
    edges.reserve(tree_.nodes[static_cast<size_t>(node)].edges.size());
    FATHOM_RETURN_IF_ERROR(budget_.Spend(1));
    for (const SpellingTree::Edge& edge : tree_.nodes[static_cast<size_t>(node)].edges) {
      int32_t target = -1;
      if (edge.node < 0) {
        target = dfa_.Next(state, edge.leaf);
      } else {
        FATHOM_ASSIGN_OR_RETURN(target, StateOf(edge.node, state));
      }
      if (target < 0) continue;
      if (!edges.empty() && edges.back().target == target && edges.back().high + 1 == edge.low) {
        edges.back().high = edge.high;
      } else {
        edges.push_back({edge.low, edge.high, target});
      }
    }
    return edges;
  }

  // The state inside a character at `node`, read from `state`; -1 when nothing goes on.
  Result<int32_t> StateOf(int32_t node, int32_t state) {
    key_ = {node};
    bool any = false;
    for (const int32_t leaf : tree_.nodes[static_cast<size_t>(node)].leaves) {
      key_.push_back(dfa_.Next(state, leaf));
      any |= key_.back() >= 0;
    }
    if (!any) return -1;
    // States inside of characters follow those of the automaton, one for each key.
    const auto [number, fresh] = keys_.Number(key_);
    const int32_t id = static_cast<int32_t>(dfa_.states()) + number;
    if (!fresh) return id;
    bytes_.states.emplace_back();
    FATHOM_ASSIGN_OR_RETURN(auto edges, Edges(node, state));
    bytes_.states[static_cast<size_t>(id)].edges = std::move(edges);
    return id;
  }

  const CodeDfa& dfa_;
  const SpellingTree& tree_;
  Budget& budget_;
  ByteDfa bytes_;
  ListNumbers keys_;
  std::vector<int32_t> key_;  // work space
};

void SpellText(std::initializer_list<ByteRange> bytes, std::vector<Spelling>* out) {
  out->push_back({bytes, 0});
}

// Spellings that JSON allows besides those it needs.
std::vector<Spelling> OtherSpellings() {
  std::vector<Spelling> out;
  SpellText({{'\\', '\\'}, {'/', '/'}}, &out);
  constexpr std::array<ByteRange, 3> kHex = {{{'0', '9'}, {'A', 'F'}, {'a', 'f'}}};
  constexpr ByteRange kBackslash = {'\\', '\\'}, kU = {'u', 'u'};
  const auto two_more = [&](std::vector<ByteRange> start) {
    std::vector<std::vector<ByteRange>> all;
    for (const ByteRange& third : kHex) {
      for (const ByteRange& fourth : kHex) {
        all.push_back(start);
        all.back().push_back(third);
        all.back().push_back(fourth);
      }
    }
    return all;
  };
  constexpr std::array<ByteRange, 5> kFirst = {
      {{'0', '9'}, {'A', 'C'}, {'a', 'c'}, {'E', 'F'}, {'e', 'f'}}};
  for (const ByteRange& first : kFirst) {
    for (const ByteRange& second : kHex) {
      for (auto& bytes : two_more({kBackslash, kU, first, second})) out.push_back({bytes, 0});
    }
  }
  // What begins with D and goes on below 8 is no surrogate; from 8 to B it is the first of two.
  constexpr std::array<ByteRange, 3> kFirstOfTwo = {{{'8', '9'}, {'A', 'B'}, {'a', 'b'}}};
  constexpr std::array<ByteRange, 2> kSecondOfTwo = {{{'C', 'F'}, {'c', 'f'}}};
  for (const char letter : {'D', 'd'}) {
    const ByteRange d = {static_cast<uint8_t>(letter), static_cast<uint8_t>(letter)};
    for (auto& bytes : two_more({kBackslash, kU, d, {'0', '7'}})) out.push_back({bytes, 0});
    for (const ByteRange& second : kFirstOfTwo) {
      for (const auto& high : two_more({kBackslash, kU, d, second})) {
        for (const char low_letter : {'D', 'd'}) {
          const ByteRange low_d = {static_cast<uint8_t>(low_letter),
                                   static_cast<uint8_t>(low_letter)};
          for (const ByteRange& sixth : kSecondOfTwo) {
            std::vector<ByteRange> start = high;
            start.insert(start.end(), {kBackslash, kU, low_d, sixth});
            for (auto& bytes : two_more(start)) out.push_back({bytes, 0});
          }
        }
      }
    }
  }
  return out;
}

ByteDfa MakeCharacters(StringForm form, bool many) {
  std::vector<Spelling> spellings;
  Spell(0, 0xD7FF, form, 0, &spellings);
  Spell(0xE000, 0x10FFFF, form, 0, &spellings);
  if (form == StringForm::kJson) {
    // \u001f in its usual spelling is among the others too.
    std::erase_if(spellings, [](const Spelling& s) { return s.bytes.size() == 6; });
    for (Spelling& other : OtherSpellings()) spellings.push_back(std::move(other));
  }
  CodeDfa one = AnyText();
  if (!many) {
    one.accepting = {0, 1};
    one.next = {1, -1};
  }
  SpellingTree tree;
  const int32_t root = tree.Add(std::move(spellings));
  Budget budget(GrammarLimits{.seconds = 1e9});
  Result<ByteDfa> dfa = ByteWriter(one, tree, budget).Write(root);
  FATHOM_CHECK(dfa.ok(), "{}", dfa.status().message());
  return *std::move(dfa);
}

}  // namespace

Result<ByteDfa> WriteTexts(const CodeDfa& dfa, StringForm form, Budget& budget) {
  std::vector<Spelling> spellings;
  const CodeClasses& classes = dfa.classes;
  for (size_t i = 0; i < classes.starts.size(); ++i) {
    if (classes.class_of[i] < 0) continue;
    const char32_t high = i + 1 < classes.starts.size() ? classes.starts[i + 1] - 1 : 0x10FFFF;
    Spell(classes.starts[i], high, form, classes.class_of[i], &spellings);
  }
  FATHOM_RETURN_IF_ERROR(budget.Spend(0));
  SpellingTree tree;
  const int32_t root = tree.Add(std::move(spellings));
  return ByteWriter(dfa, tree, budget).Write(root);
}

ByteDfa AnyCharacter(StringForm form) {
  static const ByteDfa kRaw = MakeCharacters(StringForm::kRaw, false);
  static const ByteDfa kJson = MakeCharacters(StringForm::kJson, false);
  return form == StringForm::kRaw ? kRaw : kJson;
}

ByteDfa AnyCharacters(StringForm form) {
  static const ByteDfa kRaw = MakeCharacters(StringForm::kRaw, true);
  static const ByteDfa kJson = MakeCharacters(StringForm::kJson, true);
  return form == StringForm::kRaw ? kRaw : kJson;
}

}  // namespace fathom::grammar
