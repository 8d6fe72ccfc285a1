#include "grammar/matcher.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "grammar/compiled_grammar.h"

namespace fathom::grammar {
namespace {

// Nodes that an answer may leave behind before they are swept.
constexpr size_t kSweepNodes = 256;

}  // namespace

Result<std::shared_ptr<const CompiledGrammar>> Compile(const Grammar& grammar,
                                                       std::shared_ptr<const TokenTable> table,
                                                       const GrammarLimits& limits) {
  FATHOM_ASSIGN_OR_RETURN(Automaton automaton, MakeAutomaton(grammar, limits));
  const ByteSet used = automaton.used_bytes();
  for (int byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<uint8_t>(byte);
    if (!used.Has(value) || table->single_bytes().Has(value)) continue;
    return Unsupported("the vocabulary has no token for the byte 0x{:02x} alone", byte);
  }
  for (const int32_t token : automaton.used_tokens()) {
    if (table->IsSymbol(token)) continue;
    return Unsupported("the grammar names token {}, which is no special token of the vocabulary",
                       token);
  }
  return std::shared_ptr<const CompiledGrammar>(
      std::make_shared<CompiledGrammar>(std::move(automaton), std::move(table)));
}

// ---- masks that all matchers of a grammar share

CompiledGrammar::Key CompiledGrammar::KeyOf(const Way& way) const {
  const Automaton::State& state = automaton_.state(way.state);
  if (state.loop < 0 || automaton_.loop(state.loop).flat) return {way.state, 0, 0};
  // A token takes at most one part a byte: farther bounds are out of its reach.
  const Automaton::Loop& loop = automaton_.loop(state.loop);
  const auto reach = static_cast<int32_t>(table_->longest());
  return {way.state, std::clamp(loop.low - way.count, 0, reach),
          loop.high < 0 ? reach : std::clamp(loop.high - way.count, 0, reach)};
}

std::shared_ptr<const LocalMask> CompiledGrammar::MaskOf(const Way& way) const {
  const Key key = KeyOf(way);
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = masks_.find(key); it != masks_.end()) return it->second;
  }
  auto mask = std::make_shared<const LocalMask>(MakeLocalMask(automaton_, *table_, way));
  const std::lock_guard lock(mutex_);
  const int64_t bytes = mask->memory_bytes();
  if (mask_bytes_ + bytes > kMostMaskBytes) {
    masks_.clear();  // matchers that use one still hold it
    mask_bytes_ = 0;
  }
  const auto [it, fresh] = masks_.try_emplace(key, std::move(mask));
  if (fresh) mask_bytes_ += bytes;
  return it->second;
}

int64_t CompiledGrammar::mask_bytes() const {
  const std::lock_guard lock(mutex_);
  return mask_bytes_;
}

size_t CompiledGrammar::masks() const {
  const std::lock_guard lock(mutex_);
  return masks_.size();
}

// ---- one answer

struct Matcher::State {
  explicit State(std::shared_ptr<const CompiledGrammar> compiled)
      : grammar(std::move(compiled)),
        automaton(grammar->automaton()),
        table(grammar->table()),
        graph(automaton),
        place{{automaton.start(), 0, StackGraph::kRoot}},
        walk(automaton) {}

  // Ways of the place that lead to the same local mask, with what they return to.
  struct Group {
    std::shared_ptr<const LocalMask> mask;
    int64_t low = 0, room = 0;  // parts that a flat loop must and may still take
    std::vector<Way> returns = {};
  };

  bool CanEnd() const {
    return std::ranges::any_of(
        place, [&](const Way& way) { return way.node == StackGraph::kRoot && graph.Accepts(way); });
  }

  // Takes bytes, or gives everything back.
  bool Take(std::string_view bytes) {
    const StackGraph::Mark mark = graph.mark();
    std::vector<Way> at = place;
    for (const char byte : bytes) {
      graph.Expand(at, &expanded);
      graph.StepByte(expanded, static_cast<uint8_t>(byte), &next);
      if (next.empty()) {
        graph.TakeBack(mark);
        return false;
      }
      at.swap(next);
    }
    place.swap(at);
    Sweep();
    return true;
  }

  bool TakeSymbol(int32_t token) {
    const StackGraph::Mark mark = graph.mark();
    graph.Expand(place, &expanded);
    graph.StepToken(expanded, token, &next);
    if (next.empty()) {
      graph.TakeBack(mark);
      return false;
    }
    place.swap(next);
    Sweep();
    return true;
  }

  void Sweep() {
    if (graph.mark().nodes < sweep_at) return;
    graph.Keep(&place);
    sweep_at = std::max(kSweepNodes, graph.mark().nodes * 2);
  }

  void AddEnds() {
    for (const int32_t id : table.eos_ids()) {
      mask[static_cast<size_t>(id) / 64] |= uint64_t{1} << (id % 64);
    }
  }

  std::vector<Group> GroupWays();
  void AddToGroups(const Way& way, std::vector<Group>* groups);
  void AddLeaving(const Group& group);

  const std::shared_ptr<const CompiledGrammar> grammar;
  const Automaton& automaton;
  const TokenTable& table;
  StackGraph graph;
  std::vector<Way> place;
  bool ended = false;
  bool narrowed = false;
  size_t sweep_at = kSweepNodes;

  std::vector<uint64_t> mask;
  std::vector<Way> expanded, next;  // scratch
  TrieWalk walk;
};

void Matcher::State::AddToGroups(const Way& way, std::vector<Group>* groups) {
  Group group{.mask = grammar->MaskOf(way)};
  const Automaton::Rule& rule = automaton.rule(automaton.state(way.state).rule);
  if (rule.flat_loop >= 0) {
    const Automaton::Loop& loop = automaton.loop(rule.flat_loop);
    group.low = loop.low - way.count;
    group.room = loop.high < 0 ? INT32_MAX : loop.high - way.count;
  }
  auto same = std::ranges::find_if(*groups, [&](const Group& other) {
    return other.mask == group.mask && other.low == group.low && other.room == group.room;
  });
  if (same == groups->end()) same = groups->insert(groups->end(), std::move(group));
  if (!same->mask->leaving.empty()) graph.AddReturns(way, &same->returns);
}

// The ways of the place, and the flat loops that can begin here.
std::vector<Matcher::State::Group> Matcher::State::GroupWays() {
  std::vector<Group> groups;
  for (const Way& way : place) AddToGroups(way, &groups);
  graph.Expand(place, &expanded);
  for (size_t i = place.size(); i < expanded.size(); ++i) {
    if (BeginsFlatLoop(automaton, expanded[i])) AddToGroups(expanded[i], &groups);
  }
  return groups;
}

void Matcher::State::AddLeaving(const Group& group) {
  if (group.returns.empty()) return;
  const LocalMask& local = *group.mask;
  const bool done = walk.Run(
      local.rests, group.returns, &graph, kRestWork, nullptr,
      [&](size_t n) {
        for (int32_t i = local.first[n]; i < local.first[n + 1]; ++i) {
          const LeavingToken& leaving = local.leaving[static_cast<size_t>(i)];
          if (leaving.parts < group.low || leaving.parts > group.room) continue;
          mask[static_cast<size_t>(leaving.token) / 64] |= uint64_t{1} << (leaving.token % 64);
        }
      },
      [](size_t) {}, [](size_t) {});
  narrowed = narrowed || !done;
}

Matcher::Matcher(std::shared_ptr<const CompiledGrammar> grammar)
    : state_(std::make_unique<State>(std::move(grammar))) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

std::span<const uint64_t> Matcher::Allowed() {
  State& s = *state_;
  s.mask.assign(s.table.words(), 0);
  if (s.ended) {
    s.AddEnds();
    return s.mask;
  }
  const StackGraph::Mark mark = s.graph.mark();
  for (const State::Group& group : s.GroupWays()) {
    group.mask->AddTo(group.room, s.mask);
    s.narrowed = s.narrowed || group.mask->narrowed;
    s.AddLeaving(group);
  }
  s.graph.TakeBack(mark);
  if (s.CanEnd()) s.AddEnds();
  return s.mask;
}

bool Matcher::Accept(int32_t token) {
  State& s = *state_;
  if (s.table.IsEos(token)) {
    s.ended = s.ended || s.CanEnd();
    return s.ended;
  }
  if (s.ended) return false;
  const std::string_view bytes = s.table.Bytes(token);
  return bytes.empty() ? s.TakeSymbol(token) : s.Take(bytes);
}

bool Matcher::AcceptText(std::string_view bytes) { return !state_->ended && state_->Take(bytes); }

bool Matcher::CanEnd() const { return state_->ended || state_->CanEnd(); }

bool Matcher::ended() const { return state_->ended; }

bool Matcher::narrowed() const { return state_->narrowed || state_->graph.narrowed(); }

}  // namespace fathom::grammar
