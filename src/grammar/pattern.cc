#include "grammar/pattern.h"

#include <algorithm>
#include <map>
#include <utility>

#include "grammar/expression.h"
#include "grammar/pattern_parser.h"

namespace fathom::grammar {
namespace {

constexpr size_t kMaxSteps = 50'000;  // of the automaton with choice: a{1,1000} has 2,000
constexpr size_t kMaxDfaStates = 20'000;

// A pattern as small steps with choice, as Thompson built it.
struct Step {
  enum Kind : uint8_t { kSet, kSplit, kBegin, kEnd, kFound } kind = kFound;
  int32_t set = 0;
  int32_t out = -1, other = -1;  // other: kSplit alone; -1 there: one way only
};

class StepBuilder {
 public:
  StepBuilder(const PatternTree& tree, Budget& budget) : tree_(tree), budget_(budget) {}

  // Steps for "somewhere in the text"; the first one to take is returned.
  Result<int32_t> Build(int32_t root, int32_t any_set) {
    const int32_t found = Add({.kind = Step::kFound});
    FATHOM_ASSIGN_OR_RETURN(const int32_t start, Place(root, found));
    const int32_t skip = Add({.kind = Step::kSet, .set = any_set});
    const int32_t search = Add({.kind = Step::kSplit, .out = start, .other = skip});
    steps[static_cast<size_t>(skip)].out = search;
    return search;
  }

  std::vector<Step> steps;

 private:
  // The steps of a node that go on at `out`; returns its first. Built from the end to the start.
  Result<int32_t> Place(int32_t id, int32_t out) {
    const PatternNode& node = tree_.nodes[static_cast<size_t>(id)];
    if (steps.size() > kMaxSteps) {
      return ResourceExhausted("the pattern has more than {} steps", kMaxSteps);
    }
    switch (node.kind) {
      case PatternKind::kEmpty:
        return out;
      case PatternKind::kSet:
        return Add({.kind = Step::kSet, .set = node.index, .out = out});
      case PatternKind::kBegin:
        return Add({.kind = Step::kBegin, .out = out});
      case PatternKind::kEnd:
        return Add({.kind = Step::kEnd, .out = out});
      case PatternKind::kSequence: {
        int32_t next = out;
        for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part) {
          FATHOM_ASSIGN_OR_RETURN(next, Place(*part, next));
        }
        return next;
      }
      case PatternKind::kChoice: {
        int32_t choice = -1;
        for (const int32_t part : node.parts) {
          FATHOM_ASSIGN_OR_RETURN(const int32_t start, Place(part, out));
          choice = Add({.kind = Step::kSplit, .out = start, .other = choice});
        }
        return choice;
      }
      case PatternKind::kRepeat:
        return PlaceRepeat(node, out);
    }
    return out;
  }

  Result<int32_t> PlaceRepeat(const PatternNode& node, int32_t out) {
    int32_t next = out;
    if (node.high == kUnbounded) {
      const int32_t loop = Add({.kind = Step::kSplit, .out = out});
      FATHOM_ASSIGN_OR_RETURN(const int32_t body, Place(node.parts[0], loop));
      steps[static_cast<size_t>(loop)].other = body;
      next = loop;
    }
    for (int64_t i = node.low; i < node.high; ++i) {
      FATHOM_ASSIGN_OR_RETURN(const int32_t body, Place(node.parts[0], next));
      next = Add({.kind = Step::kSplit, .out = body, .other = out});
      FATHOM_RETURN_IF_ERROR(CheckSize());
    }
    for (int64_t i = 0; i < node.low; ++i) {
      FATHOM_ASSIGN_OR_RETURN(next, Place(node.parts[0], next));
      FATHOM_RETURN_IF_ERROR(CheckSize());
    }
    return next;
  }

  // A part without steps may be repeated any number of times without growing.
  Status CheckSize() {
    if (++repeats_ > static_cast<int64_t>(kMaxSteps)) {
      return ResourceExhausted("the pattern repeats its parts more than {} times", kMaxSteps);
    }
    return repeats_ % 64 == 0 ? budget_.Spend(0) : Status();
  }

  int32_t Add(Step step) {
    steps.push_back(step);
    return static_cast<int32_t>(steps.size()) - 1;
  }

  const PatternTree& tree_;
  Budget& budget_;
  int64_t repeats_ = 0;
};

class DfaBuilder {
 public:
  DfaBuilder(const std::vector<Step>& steps, const CodeClasses& classes,
             const std::vector<std::vector<int32_t>>& members, Budget& budget)
      : steps_(steps), members_(members), budget_(budget), mark_(steps.size(), 0) {
    dfa_.classes = classes;
  }

  Result<CodeDfa> Build(int32_t start) {
    FATHOM_RETURN_IF_ERROR(StateOf({start}, /*at_begin=*/true).status());
    const auto classes = static_cast<size_t>(dfa_.classes.count);
    for (size_t i = 0; i < sets_.size(); ++i) {
      std::vector<std::vector<int32_t>> targets(classes);
      for (const int32_t id : sets_[i]) {
        const Step& step = steps_[static_cast<size_t>(id)];
        if (step.kind != Step::kSet) continue;
        for (const int32_t c : members_[static_cast<size_t>(step.set)]) {
          targets[static_cast<size_t>(c)].push_back(step.out);
        }
      }
      for (size_t c = 0; c < classes; ++c) {
        if (targets[c].empty()) continue;
        FATHOM_ASSIGN_OR_RETURN(const int32_t target, StateOf(targets[c], /*at_begin=*/false));
        dfa_.next[i * classes + c] = target;
      }
    }
    return Reduce(std::move(dfa_), budget_);
  }

 private:
  // The state of all steps that `from` leads to without a character.
  Result<int32_t> StateOf(const std::vector<int32_t>& from, bool at_begin) {
    std::vector<int32_t> set = Follow(from, at_begin, /*at_end=*/false);
    const bool found = HoldsFound(set);
    // Once it was found, whatever follows is right: all such states are one.
    if (found) std::erase_if(set, [&](int32_t id) { return !IsFound(id); });
    // The start alone knows that it is one, and is like no other state.
    std::vector<int32_t> key = set;
    if (at_begin) key.push_back(-1);
    const auto [known, added] =
        ids_.try_emplace(std::move(key), static_cast<int32_t>(sets_.size()));
    if (!added) return known->second;
    FATHOM_RETURN_IF_ERROR(budget_.Spend(1));
    const size_t classes = static_cast<size_t>(dfa_.classes.count);
    if (sets_.size() >= kMaxDfaStates || (sets_.size() + 1) * classes > (size_t{4} << 20)) {
      return ResourceExhausted("the pattern needs more than {} states", sets_.size());
    }
    const auto id = static_cast<int32_t>(sets_.size());
    dfa_.accepting.push_back(found || HoldsFound(Follow(from, at_begin, true)) ? 1 : 0);
    dfa_.next.resize(dfa_.next.size() + classes, found ? id : -1);
    if (found) set.clear();
    sets_.push_back(std::move(set));
    return id;
  }

  bool IsFound(int32_t id) const { return steps_[static_cast<size_t>(id)].kind == Step::kFound; }
  bool HoldsFound(const std::vector<int32_t>& set) const {
    return std::ranges::any_of(set, [&](int32_t id) { return IsFound(id); });
  }

  std::vector<int32_t> Follow(const std::vector<int32_t>& from, bool at_begin, bool at_end) {
    std::vector<int32_t> open = from, set;
    ++round_;
    while (!open.empty()) {
      const int32_t id = open.back();
      open.pop_back();
      if (id < 0 || std::exchange(mark_[static_cast<size_t>(id)], round_) == round_) continue;
      const Step& step = steps_[static_cast<size_t>(id)];
      switch (step.kind) {
        case Step::kSplit:
          open.push_back(step.out);
          open.push_back(step.other);
          break;
        case Step::kBegin:
          if (at_begin) open.push_back(step.out);
          break;
        case Step::kEnd:
          set.push_back(id);
          if (at_end) open.push_back(step.out);
          break;
        default:
          set.push_back(id);
      }
    }
    std::ranges::sort(set);
    return set;
  }

  const std::vector<Step>& steps_;
  const std::vector<std::vector<int32_t>>& members_;
  Budget& budget_;
  CodeDfa dfa_;
  std::map<std::vector<int32_t>, int32_t> ids_;
  std::vector<std::vector<int32_t>> sets_;  // by state
  std::vector<int64_t> mark_;
  int64_t round_ = 0;
};

Result<CodeDfa> TreeDfa(const PatternTree& tree, int32_t root, Budget& budget) {
  StepBuilder builder(tree, budget);
  FATHOM_ASSIGN_OR_RETURN(const int32_t start,
                          builder.Build(root, static_cast<int32_t>(tree.sets.size())));
  std::vector<CodeSet> sets = tree.sets;
  sets.push_back(AllCodes());
  std::vector<std::vector<int32_t>> members;
  const CodeClasses classes = MakeClasses(sets, &members);
  return DfaBuilder(builder.steps, classes, members, budget).Build(start);
}

}  // namespace

Result<CodeDfa> PatternDfa(std::string_view pattern, Budget& budget) {
  FATHOM_ASSIGN_OR_RETURN(const PatternTree tree, ParsePattern(pattern));
  FATHOM_RETURN_IF_ERROR(budget.Spend(0));
  FATHOM_ASSIGN_OR_RETURN(CodeDfa dfa, TreeDfa(tree, tree.root, budget));
  for (const PatternTree::Ahead& ahead : tree.ahead) {
    FATHOM_ASSIGN_OR_RETURN(const CodeDfa other, TreeDfa(tree, ahead.root, budget));
    FATHOM_ASSIGN_OR_RETURN(
        dfa, Combine(dfa, other, ahead.negative ? SetOperation::kFirstOnly : SetOperation::kBoth,
                     budget));
  }
  return dfa;
}

}  // namespace fathom::grammar
