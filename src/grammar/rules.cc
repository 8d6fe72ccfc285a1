#include "grammar/rules.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "grammar/utf8_steps.h"

namespace fathom::grammar {
namespace {

size_t At(int32_t id) { return static_cast<size_t>(id); }

// Expressions nested deeper than this are refused, so that building may recurse.
constexpr int32_t kDeepest = 1000;
// Counts stand in 32 bits; no answer repeats anything that often.
constexpr int64_t kMostRepeats = 1 << 30;
// Rules within rules that are taken in that way.
constexpr size_t kInlinedDepth = 64;
// States with more edges than this look a byte up in a table.
constexpr int32_t kTableEdges = 6;
// Of 1 KB each; further states go through their edges.
constexpr size_t kMostTables = 4096;

// A machine whose texts are bytes alone, none the beginning of another.
bool IsFlat(const Machine& machine) {
  if (!machine.deterministic || !machine.calls.empty() || !machine.tokens.empty()) return false;
  return std::ranges::all_of(machine.states, [](const Machine::State& state) {
    return !state.accepting || state.bytes == state.bytes_end;
  });
}

}  // namespace

class AutomatonBuilder {
 public:
  AutomatonBuilder(const Grammar& grammar, const GrammarLimits& limits,
                   const AutomatonOptions& options)
      : grammar_(grammar),
        options_(options),
        facts_(FindFacts(grammar, options)),
        budget_(limits, "grammar") {}

  Result<Automaton> Build();

 private:
  // A rule of the automaton: a rule of the grammar, a shared expression, or a loop.
  struct Source {
    ExprId body = -1;
    bool loop = false;
    int64_t low = 0, high = 0;
  };

  int32_t RuleOfExpression(ExprId body, std::string name);
  int32_t LoopRule(ExprId repeat);
  Status BuildRule(int32_t rule);
  Status BuildLoop(int32_t rule);
  int32_t Append(const Machine& machine, int32_t rule);

  Status Write(ExprId id, int32_t from, int32_t to, Nfa* nfa);
  Status WriteUse(const Expression& use, int32_t from, int32_t to, Nfa* nfa);
  Status WriteRepeat(ExprId id, int32_t from, int32_t to, Nfa* nfa);
  void WriteCall(int32_t rule, bool nullable, int32_t from, int32_t to, Nfa* nfa);
  size_t MostStates(const Nfa& nfa) const {
    return nfa.states() * options_.growth + options_.growth_floor;
  }
  int32_t AddState(Nfa* nfa) {
    budget_.Count(1);
    return nfa->AddState();
  }

  Status RefuseLeftRecursion() const;
  bool TakesCharacters(int32_t id) const;
  void FinishStates();
  void FindFollow();

  const Grammar& grammar_;
  const AutomatonOptions options_;
  const ExpressionFacts facts_;
  Budget budget_;
  Automaton out_;
  std::vector<Source> sources_;                  // by rule of the automaton
  std::unordered_map<ExprId, int32_t> rule_of_;  // of rules' bodies and hoisted expressions
  std::unordered_map<ExprId, int32_t> loop_of_;  // of repetitions
  std::vector<RuleId> inlined_;                  // rules that are being written out
  size_t parts_since_check_ = 0;
};

// ---- expressions into an Nfa

int32_t AutomatonBuilder::RuleOfExpression(ExprId body, std::string name) {
  const auto [it, fresh] = rule_of_.try_emplace(body, static_cast<int32_t>(sources_.size()));
  if (fresh) {
    sources_.push_back({.body = body});
    out_.rules_.push_back({.name = std::move(name)});
  }
  return it->second;
}

int32_t AutomatonBuilder::LoopRule(ExprId id) {
  const auto [it, fresh] = loop_of_.try_emplace(id, static_cast<int32_t>(sources_.size()));
  if (!fresh) return it->second;
  const Expression& repeat = grammar_.at(id);
  const bool nullable = facts_.nullable[At(repeat.parts[0])];
  sources_.push_back({.body = repeat.parts[0],
                      .loop = true,
                      .low = nullable ? 0 : std::min(repeat.low, kMostRepeats),
                      .high = std::min(repeat.high, kMostRepeats)});
  out_.rules_.push_back({.name = "a repetition"});
  return it->second;
}

void AutomatonBuilder::WriteCall(int32_t rule, bool nullable, int32_t from, int32_t to, Nfa* nfa) {
  nfa->AddEdge(from, {.kind = Nfa::Kind::kCall, .symbol = rule, .target = to});
  if (nullable) nfa->AddEmpty(from, to);
}

Status AutomatonBuilder::WriteUse(const Expression& use, int32_t from, int32_t to, Nfa* nfa) {
  const ExprId body = grammar_.body(use.index);
  const bool small =
      facts_.used_once[At(use.index)] ||
      (facts_.size[At(body)] <= options_.inlined_size && !facts_.uses_rules[At(body)]);
  const bool again = std::ranges::find(inlined_, use.index) != inlined_.end();
  if (small && !again && inlined_.size() < kInlinedDepth && !facts_.hoisted[At(body)]) {
    inlined_.push_back(use.index);
    const Status written = Write(body, from, to, nfa);
    inlined_.pop_back();
    return written;
  }
  WriteCall(RuleOfExpression(body, grammar_.name(use.index)), facts_.nullable[At(body)], from, to,
            nfa);
  return {};
}

Status AutomatonBuilder::WriteRepeat(ExprId id, int32_t from, int32_t to, Nfa* nfa) {
  const Expression& repeat = grammar_.at(id);
  const ExprId part = repeat.parts[0];
  if (!facts_.possible[At(part)]) {
    nfa->AddEmpty(from, to);  // possible as a whole: none at all
    return {};
  }
  const int64_t low = facts_.nullable[At(part)] ? 0 : repeat.low;
  const bool endless = repeat.high == kUnbounded;
  const int64_t times = UnrolledTimes(repeat, facts_.size[At(part)], options_);
  if (times == 0) {
    WriteCall(LoopRule(id), low == 0, from, to, nfa);
    return {};
  }
  for (int64_t i = 0; i < times; ++i) {
    // From here on the rest may be left out.
    if (i >= low) nfa->AddEmpty(from, to);
    const int32_t begin = AddState(nfa), end = AddState(nfa);
    nfa->AddEmpty(from, begin);
    FATHOM_RETURN_IF_ERROR(Write(part, begin, end, nfa));
    if (endless && i + 1 == times) nfa->AddEmpty(end, begin);
    from = end;
  }
  nfa->AddEmpty(from, to);
  return {};
}

Status AutomatonBuilder::Write(ExprId id, int32_t from, int32_t to, Nfa* nfa) {
  if (!facts_.possible[At(id)]) return {};
  if (++parts_since_check_ % 256 == 0) FATHOM_RETURN_IF_ERROR(budget_.Check());
  const Expression& e = grammar_.at(id);
  // The body that a rule was made of is written out where the rule is built.
  if (facts_.hoisted[At(id)] && from != nfa->start) {
    WriteCall(RuleOfExpression(id, "a shared part"), facts_.nullable[At(id)], from, to, nfa);
    return {};
  }
  switch (e.kind) {
    case ExprKind::kEmpty:
      nfa->AddEmpty(from, to);
      return {};
    case ExprKind::kNever:
      return {};
    case ExprKind::kBytes:
      nfa->AddSet(from, grammar_.bytes(e), to);
      return {};
    case ExprKind::kText: {
      for (size_t i = 0; i < e.text.size(); ++i) {
        const int32_t next = i + 1 == e.text.size() ? to : AddState(nfa);
        const auto byte = static_cast<uint8_t>(e.text[i]);
        nfa->AddBytes(from, byte, byte, next);
        from = next;
      }
      if (e.text.empty()) nfa->AddEmpty(from, to);
      return {};
    }
    case ExprKind::kToken:
      nfa->AddEdge(from, {.kind = Nfa::Kind::kToken, .symbol = e.index, .target = to});
      return {};
    case ExprKind::kDfa: {
      const ByteDfa& dfa = grammar_.dfa(e);
      std::vector<int32_t> states;
      for (size_t i = 0; i < dfa.states.size(); ++i) states.push_back(AddState(nfa));
      nfa->AddEmpty(from, states[0]);
      for (size_t i = 0; i < states.size(); ++i) {
        if (dfa.states[i].accepting) nfa->AddEmpty(states[i], to);
        for (const ByteDfa::Edge& edge : dfa.states[i].edges) {
          nfa->AddBytes(states[i], edge.low, edge.high, states[At(edge.target)]);
        }
      }
      return {};
    }
    case ExprKind::kRule:
      return WriteUse(e, from, to, nfa);
    case ExprKind::kSequence:
      for (size_t i = 0; i < e.parts.size(); ++i) {
        const int32_t next = i + 1 == e.parts.size() ? to : AddState(nfa);
        FATHOM_RETURN_IF_ERROR(Write(e.parts[i], from, next, nfa));
        from = next;
      }
      return {};
    case ExprKind::kChoice:
      for (const ExprId part : e.parts) {
        // An edge into `from` must not lead from one choice into another.
        const int32_t begin = AddState(nfa), end = AddState(nfa);
        nfa->AddEmpty(from, begin);
        nfa->AddEmpty(end, to);
        FATHOM_RETURN_IF_ERROR(Write(part, begin, end, nfa));
      }
      return {};
    case ExprKind::kRepeat:
      return WriteRepeat(id, from, to, nfa);
  }
  return {};
}

// ---- machines

// Adds the machine's states to the automaton; its start.
int32_t AutomatonBuilder::Append(const Machine& machine, int32_t rule) {
  const auto base = static_cast<int32_t>(out_.states_.size());
  const auto bytes = static_cast<int32_t>(out_.bytes_.size());
  const auto calls = static_cast<int32_t>(out_.calls_.size());
  const auto tokens = static_cast<int32_t>(out_.tokens_.size());
  for (Machine::ByteEdge edge : machine.bytes) {
    edge.target += base;
    out_.bytes_.push_back(edge);
  }
  for (Machine::SymbolEdge edge : machine.calls) {
    edge.target += base;
    out_.calls_.push_back(edge);
  }
  for (Machine::SymbolEdge edge : machine.tokens) {
    edge.target += base;
    out_.tokens_.push_back(edge);
  }
  for (const Machine::State& state : machine.states) {
    out_.states_.push_back({.bytes = state.bytes + bytes,
                            .bytes_end = state.bytes_end + bytes,
                            .calls = state.calls + calls,
                            .calls_end = state.calls_end + calls,
                            .tokens = state.tokens + tokens,
                            .tokens_end = state.tokens_end + tokens,
                            .rule = rule,
                            .accepting = state.accepting,
                            .deterministic = machine.deterministic});
  }
  return base;
}

Status AutomatonBuilder::BuildRule(int32_t rule) {
  Nfa nfa;
  nfa.start = AddState(&nfa);
  nfa.end = AddState(&nfa);
  FATHOM_RETURN_IF_ERROR(Write(sources_[At(rule)].body, nfa.start, nfa.end, &nfa));
  FATHOM_ASSIGN_OR_RETURN(const Machine machine, MakeMachine(nfa, MostStates(nfa), &budget_));
  out_.rules_[At(rule)].start = Append(machine, rule);
  return {};
}

Status AutomatonBuilder::BuildLoop(int32_t rule) {
  const Source source = sources_[At(rule)];
  Nfa nfa;
  nfa.start = AddState(&nfa);
  nfa.end = AddState(&nfa);
  FATHOM_RETURN_IF_ERROR(Write(source.body, nfa.start, nfa.end, &nfa));
  FATHOM_ASSIGN_OR_RETURN(Machine machine, MakeMachine(nfa, MostStates(nfa), &budget_));
  const auto loop = static_cast<int32_t>(out_.loops_.size());
  const bool flat = IsFlat(machine);
  out_.loops_.push_back({.low = static_cast<int32_t>(source.low),
                         .high = static_cast<int32_t>(source.high),
                         .flat = flat});
  if (flat) {
    // The head takes the place of all accepting states. It is a copy of the start, so that a way
    // back to the start within a part is no way to the head.
    const auto head = static_cast<int32_t>(machine.states.size());
    for (Machine::ByteEdge& edge : machine.bytes) {
      if (machine.states[At(edge.target)].accepting) edge.target = head;
    }
    machine.states.push_back(machine.states[0]);
    for (Machine::State& state : machine.states) state.accepting = false;
    machine.states.back().accepting = true;
    const int32_t base = Append(machine, rule);
    out_.rules_[At(rule)].start = base + head;
    out_.rules_[At(rule)].flat_loop = loop;
    out_.states_[At(base + head)].loop = loop;
    return {};
  }
  out_.rules_.push_back({.name = "a repetition's part"});
  sources_.push_back({.body = -1});
  const auto part = static_cast<int32_t>(sources_.size()) - 1;
  out_.rules_[At(part)].start = Append(machine, part);

  Machine head;
  head.states.push_back({.calls_end = 1, .accepting = true});
  head.calls.push_back({part, 0});
  const int32_t start = Append(head, rule);
  out_.rules_[At(rule)].start = start;
  out_.states_[At(start)].loop = loop;
  return {};
}

// ---- the whole

// A rule that can call itself before it has taken anything.
Status AutomatonBuilder::RefuseLeftRecursion() const {
  enum : uint8_t { kNew, kOpen, kDone };
  std::vector<uint8_t> mark(out_.rules_.size(), kNew);
  struct Frame {
    int32_t rule;
    int32_t next;  // call edge
  };
  std::vector<Frame> stack;
  for (size_t root = 0; root < mark.size(); ++root) {
    if (mark[root] != kNew) continue;
    mark[root] = kOpen;
    stack.push_back({static_cast<int32_t>(root), out_.state(out_.rules_[root].start).calls});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == out_.state(out_.rule(frame.rule).start).calls_end) {
        mark[At(frame.rule)] = kDone;
        stack.pop_back();
        continue;
      }
      const int32_t callee = out_.calls_[At(frame.next++)].symbol;
      if (mark[At(callee)] == kOpen) {
        return InvalidArgument("the rule \"{}\" begins with itself", out_.rule(callee).name);
      }
      if (mark[At(callee)] == kDone) continue;
      mark[At(callee)] = kOpen;
      stack.push_back({callee, out_.state(out_.rule(callee).start).calls});
    }
  }
  return {};
}

// Whether every character beyond ASCII leads from the state back to it, through plain states.
bool AutomatonBuilder::TakesCharacters(int32_t id) const {
  std::array<int32_t, kUtf8States> within;  // the state within a character; one each, or no
  within.fill(-1);
  within[0] = id;
  // Those from between characters come first and meet every state.
  for (const Utf8Step& step : kUtf8Steps) {
    for (int byte = step.low; byte <= step.high; ++byte) {
      const Automaton::State& from = out_.state(within[step.from]);
      const int32_t target = out_.Target(from, static_cast<uint8_t>(byte));
      if (target < 0) return false;
      if (within[step.to] < 0) within[step.to] = target;
      if (within[step.to] != target) return false;
    }
  }
  return std::all_of(within.begin() + 1, within.end(), [&](int32_t state) {
    return out_.state(state).plain && !out_.state(state).accepting;
  });
}

void AutomatonBuilder::FinishStates() {
  for (Automaton::State& state : out_.states_) {
    const int32_t edges = state.bytes_end - state.bytes;
    const bool calling = state.calls != state.calls_end;
    state.plain = state.deterministic && !calling && state.loop < 0;
    state.final = state.accepting && edges == 0 && !calling && state.loop < 0 &&
                  state.tokens == state.tokens_end;
    if (!state.deterministic) continue;
    ByteSet stays;
    for (const Machine::ByteEdge& edge : out_.bytes(state)) {
      if (&out_.states_[At(edge.target)] == &state) stays.AddRange(edge.low, edge.high);
    }
    if (!(stays == ByteSet())) state.stays = ClassesWithin(stays);
    if (edges <= kTableEdges || out_.tables_.size() >= kMostTables * 256) continue;
    state.table = static_cast<int32_t>(out_.tables_.size() / 256);
    out_.tables_.resize(out_.tables_.size() + 256, -1);
    int32_t* row = out_.tables_.data() + out_.tables_.size() - 256;
    for (const Machine::ByteEdge& edge : out_.bytes(state)) {
      std::fill(row + edge.low, row + edge.high + 1, edge.target);
    }
  }
  for (size_t id = 0; id < out_.states_.size(); ++id) {
    Automaton::State& state = out_.states_[id];
    // Whoever takes characters has many edges.
    if (state.table >= 0) state.takes_characters = TakesCharacters(static_cast<int32_t>(id));
  }
}

// Least sets: a state's first bytes are those of its edges and of the rules it calls; behind a rule
// come the first bytes of the states that it returns to and, where those may end, what comes behind
// their rules.
void AutomatonBuilder::FindFollow() {
  const auto merge = [](ByteSet* into, const ByteSet& from) {
    bool grown = false;
    for (size_t w = 0; w < from.bits.size(); ++w) {
      grown = grown || (from.bits[w] & ~into->bits[w]) != 0;
      into->bits[w] |= from.bits[w];
    }
    return grown;
  };
  // The call graph of a grammar is shallow next to its size: a few rounds.
  std::vector<ByteSet> first(out_.rules_.size());
  const auto first_of = [&](const Automaton::State& state) {
    ByteSet set;
    for (const Machine::ByteEdge& edge : out_.bytes(state)) set.AddRange(edge.low, edge.high);
    for (const Machine::SymbolEdge& call : out_.calls(state)) merge(&set, first[At(call.symbol)]);
    return set;
  };
  // No rule begins with itself, so callees can be done before their callers.
  std::vector<uint8_t> done(out_.rules_.size());
  std::vector<int32_t> stack;
  for (size_t root = 0; root < done.size(); ++root) {
    stack.push_back(static_cast<int32_t>(root));
    while (!stack.empty()) {
      const int32_t rule = stack.back();
      const Automaton::State& start = out_.state(out_.rule(rule).start);
      if (done[At(rule)] == 0) {
        done[At(rule)] = 1;
        for (const Machine::SymbolEdge& call : out_.calls(start)) {
          if (done[At(call.symbol)] == 0) stack.push_back(call.symbol);
        }
        continue;
      }
      stack.pop_back();
      if (done[At(rule)] == 2) continue;
      done[At(rule)] = 2;
      first[At(rule)] = first_of(start);
    }
  }
  // `behind[r]`: rules whose end may be the end of a call of r.
  std::vector<std::vector<int32_t>> ends(out_.rules_.size());
  for (const Automaton::State& state : out_.states_) {
    for (const Machine::SymbolEdge& call : out_.calls(state)) {
      const Automaton::State& target = out_.state(call.target);
      merge(&out_.rules_[At(call.symbol)].follow, first_of(target));
      if (target.accepting) ends[At(target.rule)].push_back(call.symbol);
    }
  }
  for (size_t root = 0; root < done.size(); ++root) stack.push_back(static_cast<int32_t>(root));
  while (!stack.empty()) {
    const int32_t rule = stack.back();
    stack.pop_back();
    for (const int32_t callee : ends[At(rule)]) {
      if (merge(&out_.rules_[At(callee)].follow, out_.rule(rule).follow)) stack.push_back(callee);
    }
  }
  for (Automaton::Rule& rule : out_.rules_) rule.follow_classes = ClassesWith(rule.follow);
}

Result<Automaton> AutomatonBuilder::Build() {
  const ExprId start = grammar_.start();
  FATHOM_CHECK(start >= 0, "a grammar without a start");
  if (!facts_.possible[At(start)]) return InvalidArgument("no answer can match the grammar");
  for (const int32_t depth : facts_.depth) {
    if (depth > kDeepest) {
      return ResourceExhausted("the grammar's expressions are nested {} deep, more than {}", depth,
                               kDeepest);
    }
  }
  RuleOfExpression(start, "the answer");
  for (size_t rule = 0; rule < sources_.size(); ++rule) {
    if (sources_[rule].body < 0) continue;  // made with its loop
    FATHOM_RETURN_IF_ERROR(sources_[rule].loop ? BuildLoop(static_cast<int32_t>(rule))
                                               : BuildRule(static_cast<int32_t>(rule)));
  }
  FATHOM_RETURN_IF_ERROR(budget_.Check());
  FATHOM_RETURN_IF_ERROR(RefuseLeftRecursion());
  FinishStates();
  FindFollow();
  return std::move(out_);
}

ByteSet Automaton::used_bytes() const {
  ByteSet set;
  for (const Machine::ByteEdge& edge : bytes_) set.AddRange(edge.low, edge.high);
  return set;
}

std::vector<int32_t> Automaton::used_tokens() const {
  std::vector<int32_t> used;
  for (const Machine::SymbolEdge& edge : tokens_) used.push_back(edge.symbol);
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  return used;
}

int64_t Automaton::memory_bytes() const {
  return static_cast<int64_t>(states_.size() * sizeof(State) +
                              bytes_.size() * sizeof(Machine::ByteEdge) +
                              (calls_.size() + tokens_.size()) * sizeof(Machine::SymbolEdge) +
                              tables_.size() * sizeof(int32_t) + rules_.size() * sizeof(Rule));
}

Result<Automaton> MakeAutomaton(const Grammar& grammar, const GrammarLimits& limits,
                                const AutomatonOptions& options) {
  return AutomatonBuilder(grammar, limits, options).Build();
}

}  // namespace fathom::grammar
