#include "grammar/token_mask.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace fathom::grammar {
namespace {

size_t At(int32_t id) { return static_cast<size_t>(id); }

// A list of tokens is as fast as bits up to about this length, and takes less memory.
constexpr size_t kFew = 1024;

void SetBit(std::span<uint64_t> words, int32_t token) {
  words[At(token) / 64] |= uint64_t{1} << (token % 64);
}

struct Leave {
  size_t node = 0;  // in the vocabulary's trie; its byte is the first one behind the rule
  int32_t parts = 0;
};

// The rests of all tokens below the nodes where the rule is left.
void MakeRests(const TokenTable& table, const std::vector<Leave>& leaves, LocalMask* mask) {
  const Trie& trie = table.trie();
  std::vector<TrieEntry> entries;
  std::vector<LeavingToken> tokens;
  for (const Leave& leave : leaves) {
    const size_t offset = trie.depth[leave.node] - size_t{1};
    for (size_t n = leave.node; n < At(trie.skip[leave.node]); ++n) {
      const int32_t token = table.token(n);
      if (token < 0) continue;
      entries.push_back({table.Bytes(token).substr(offset), static_cast<int32_t>(tokens.size())});
      tokens.push_back({token, leave.parts});
    }
  }
  mask->rests = MakeTrie(&entries, &mask->first);
  for (const TrieEntry& entry : entries) mask->leaving.push_back(tokens[At(entry.value)]);
}

// In a flat loop: one state and a number of parts at each depth.
void WalkLoop(const Automaton& automaton, const TokenTable& table, int32_t start,
              const Automaton::Rule& rule, std::vector<Leave>* leaves, LocalMask* mask) {
  struct Level {
    int32_t state, parts;
  };
  const Trie& trie = table.trie();
  std::vector<Level> levels(table.longest() + 1);
  levels[0] = {start, 0};
  mask->bits.assign(table.words(), 0);
  mask->parts.assign(table.words() * 64, LocalMask::kNever);
  const auto allow = [&](int32_t token, int32_t parts) {
    // A vocabulary with a token of more characters than fit here goes without it.
    if (parts > LocalMask::kNever) {
      mask->narrowed = true;
      return;
    }
    mask->parts[At(token)] = static_cast<uint8_t>(parts - 1);
    mask->most_parts = std::max(mask->most_parts, parts);
    SetBit(mask->bits, token);
  };
  for (size_t n = 0; n < trie.size();) {
    const size_t depth = trie.depth[n];
    const Level parent = levels[depth - 1];
    const Automaton::State& state = automaton.state(parent.state);
    const uint8_t byte = trie.byte[n];
    if (state.loop >= 0 && depth > 1 && rule.follow.Has(byte)) leaves->push_back({n, parent.parts});
    if (state.loop >= 0 && StaysBelow(trie, n, state, &rule)) {
      // A character is a part. Those before the node belong to no part that is counted here.
      const auto characters = table.CharactersBelow(n);
      const auto tokens = table.TokensBelow(n);
      const int32_t any = table.token(n) >= 0 ? table.token(n) : tokens[0];
      const auto before = static_cast<int32_t>(CountBegun(table.Bytes(any).substr(0, depth - 1)));
      if (table.token(n) >= 0) allow(table.token(n), parent.parts + 1);
      for (size_t i = 0; i < tokens.size(); ++i) {
        allow(tokens[i], parent.parts + characters[i] - before);
      }
      n = At(trie.skip[n]);
      continue;
    }
    const int32_t target = automaton.Target(state, byte);
    if (target < 0) {
      n = At(trie.skip[n]);
      continue;
    }
    const bool ended = automaton.state(target).loop >= 0;
    levels[depth] = {target, parent.parts + (ended ? 1 : 0)};
    if (const int32_t token = table.token(n); token >= 0) {
      allow(token, levels[depth].parts + (ended ? 0 : 1));
    }
    // Below, every byte is a part.
    if (ended && (trie.below[n] & ~automaton.state(target).stays) == 0 &&
        (trie.below[n] & rule.follow_classes) == 0) {
      for (const int32_t token : table.TokensBelow(n)) {
        allow(token, levels[depth].parts + static_cast<int32_t>(table.Bytes(token).size() - depth));
      }
      n = At(trie.skip[n]);
    } else {
      ++n;
    }
  }
}

// Anywhere else.
void WalkStacks(const Automaton& automaton, const TokenTable& table, const Way& way,
                const Automaton::Rule& rule, int64_t max_work, std::vector<Leave>* leaves,
                LocalMask* mask) {
  StackGraph graph(automaton);
  const Way place[] = {{way.state, way.count, StackGraph::kRoot}};
  mask->bits.assign(table.words(), 0);
  size_t count = 0;
  const auto allow = [&](int32_t token) {
    if (token < 0) return;
    ++count;
    SetBit(mask->bits, token);
    if (count <= kFew) mask->few.push_back(token);
  };
  const StackGraph::Mark mark = graph.mark();
  std::vector<Way> expanded;
  graph.Expand(place, &expanded);
  for (const Way& each : expanded) {
    if (!graph.GoesOn(each)) continue;
    for (const auto& edge : automaton.tokens(automaton.state(each.state))) allow(edge.symbol);
  }
  graph.TakeBack(mark);
  TrieWalk walk(automaton);
  const bool done = walk.Run(
      table.trie(), place, &graph, max_work, &rule, [&](size_t n) { allow(table.token(n)); },
      [&](size_t n) {
        for (const int32_t token : table.TokensBelow(n)) allow(token);
      },
      [&](size_t n) { leaves->push_back({n}); });
  if (!done) {
    // At least every single byte that may come, so that the answer can go on.
    walk.RunFirstBytes(table.trie(), place, &graph, [&](size_t n) { allow(table.token(n)); });
  }
  mask->narrowed = !done || graph.narrowed();
  if (count <= kFew) {
    mask->bits = {};
  } else {
    mask->few = {};
  }
}

}  // namespace

void LocalMask::AddTo(int64_t room, std::span<uint64_t> words) const {
  for (const int32_t token : few) SetBit(words, token);
  if (parts.empty() || room >= most_parts) {
    for (size_t w = 0; w < bits.size(); ++w) words[w] |= bits[w];
    return;
  }
  if (room <= 0) return;
  // Eight tokens at a time: a byte each that is 1 where the token fits, then a bit each.
  const auto most = static_cast<uint8_t>(room - 1);
  for (size_t w = 0; w < words.size(); ++w) {
    std::array<uint8_t, 64> fits;
    const uint8_t* from = parts.data() + w * 64;
    for (size_t i = 0; i < 64; ++i) fits[i] = from[i] <= most ? 1 : 0;
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) {
      uint64_t eight = 0;
      std::memcpy(&eight, fits.data() + i * 8, 8);
      word |= (eight * 0x0102040810204080u >> 56) << (i * 8);
    }
    words[w] |= word;
  }
}

int64_t LocalMask::memory_bytes() const {
  return static_cast<int64_t>(sizeof(*this) + bits.size() * 8 + few.size() * 4 + parts.size() +
                              rests.size() * 7 + first.size() * 4 + leaving.size() * 8);
}

LocalMask MakeLocalMask(const Automaton& automaton, const TokenTable& table, const Way& way,
                        int64_t max_work) {
  LocalMask mask;
  std::vector<Leave> leaves;
  const Automaton::Rule& rule = automaton.rule(automaton.state(way.state).rule);
  if (rule.flat_loop >= 0) {
    WalkLoop(automaton, table, way.state, rule, &leaves, &mask);
  } else {
    WalkStacks(automaton, table, way, rule, max_work, &leaves, &mask);
  }
  MakeRests(table, leaves, &mask);
  return mask;
}

void TrieWalk::ExpandOwn(std::span<const Way> place, StackGraph* graph,
                         std::vector<Way>* ways) const {
  graph->Expand(place, ways);
  const size_t own = place.size();
  ways->erase(std::remove_if(ways->begin() + static_cast<std::ptrdiff_t>(own), ways->end(),
                             [&](const Way& way) { return BeginsFlatLoop(automaton_, way); }),
              ways->end());
}

bool TrieWalk::Step(Level* parent, uint8_t byte, StackGraph* graph, Level* level) {
  graph->TakeBack(parent->after);
  level->place.clear();
  if (parent->plain) {
    const int32_t target = automaton_.Target(automaton_.state(parent->way.state), byte);
    if (target >= 0) graph->Arrive(target, parent->way.count, parent->way.node, &level->place);
  } else {
    if (!parent->expanded) {
      graph->Expand(parent->place, &parent->ways);
      parent->expanded = true;
      parent->after = graph->mark();
    }
    graph->StepByte(parent->ways, byte, &level->place);
  }
  return !level->place.empty();
}

void TrieWalk::Settle(bool root_may_end, StackGraph* graph, Level* level) {
  level->before = level->after = graph->mark();
  level->expanded = false;
  level->plain = level->place.size() == 1 && IsPlain(level->place[0].state, level->place[0].node);
  if (level->plain) level->way = level->place[0];
  level->leaves = root_may_end && std::ranges::any_of(level->place, [&](const Way& way) {
                    return way.node == StackGraph::kRoot && graph->Accepts(way);
                  });
}

}  // namespace fathom::grammar
