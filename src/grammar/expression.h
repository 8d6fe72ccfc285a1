// A grammar as it is written down: expressions over bytes and tokens, and rules that name them.
//
// The compilers of schemas (json_schema.h, tool_grammar.h) build it; rules.h makes an automaton of
// it, which matcher.h follows. Text is bytes here, UTF-8 included: what a character is, the
// builders decide. A special token of the vocabulary is one symbol and never its bytes, so that
// markup can only be what the model said with the token itself.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::grammar {

using ExprId = int32_t;
using RuleId = int32_t;

// A set of byte values.
struct ByteSet {
  std::array<uint64_t, 4> bits{};
  void Add(uint8_t byte) { bits[byte / 64] |= uint64_t{1} << (byte % 64); }
  void AddRange(uint8_t low, uint8_t high) {  // inclusive
    for (int byte = low; byte <= high; ++byte) Add(static_cast<uint8_t>(byte));
  }
  bool Has(uint8_t byte) const { return (bits[byte / 64] >> (byte % 64) & 1) != 0; }
  bool operator==(const ByteSet&) const = default;
};

// A finite automaton over bytes without choice: at most one edge of a state takes a byte. State 0
// is its start.
struct ByteDfa {
  struct Edge {
    uint8_t low = 0, high = 0;  // inclusive
    int32_t target = 0;
  };
  struct State {
    std::vector<Edge> edges;  // ascending, without overlap
    bool accepting = false;
  };
  std::vector<State> states;
};

inline constexpr int64_t kUnbounded = -1;

enum class ExprKind : uint8_t {
  kEmpty,     // the empty text
  kNever,     // nothing at all
  kBytes,     // one byte of a set
  kText,      // these bytes
  kToken,     // this special token
  kDfa,       // what the automaton accepts
  kRule,      // what the rule's expression says
  kSequence,  // parts one after the other
  kChoice,    // one of the parts
  kRepeat,    // parts[0], low to high times; high may be kUnbounded
};

struct Expression {
  ExprKind kind = ExprKind::kEmpty;
  std::vector<ExprId> parts = {};  // kSequence, kChoice, kRepeat
  std::string text = {};           // kText
  int32_t index = 0;               // kBytes, kDfa: into the grammar's tables; kToken; kRule
  int64_t low = 0, high = 0;  // kRepeat: bounds may be as large as 2^20 and must not be unrolled
  bool operator==(const Expression&) const = default;
};

// Grows only; ids stay valid. Copies cost what is in it.
class Grammar {
 public:
  ExprId Empty() { return Add({}); }
  ExprId Never() { return Add({.kind = ExprKind::kNever}); }
  ExprId Bytes(const ByteSet& set);
  ExprId Text(std::string_view text);
  ExprId Token(int32_t token) { return Add({.kind = ExprKind::kToken, .index = token}); }
  ExprId Dfa(ByteDfa dfa);
  ExprId Sequence(std::vector<ExprId> parts);
  ExprId Choice(std::vector<ExprId> parts);  // of nothing: kNever
  ExprId Repeat(ExprId part, int64_t low, int64_t high);
  ExprId Optional(ExprId part) { return Repeat(part, 0, 1); }

  // A rule may be used before it is defined, by itself too; Define is called once for each.
  RuleId Declare(std::string name);  // the name is for messages
  void Define(RuleId rule, ExprId body);
  ExprId Use(RuleId rule) { return Add({.kind = ExprKind::kRule, .index = rule}); }

  const Expression& at(ExprId id) const { return expressions_[static_cast<size_t>(id)]; }
  const ByteSet& bytes(const Expression& e) const { return sets_[static_cast<size_t>(e.index)]; }
  const ByteDfa& dfa(const Expression& e) const { return dfas_[static_cast<size_t>(e.index)]; }
  ExprId body(RuleId rule) const { return rules_[static_cast<size_t>(rule)].body; }
  const std::string& name(RuleId rule) const { return rules_[static_cast<size_t>(rule)].name; }
  size_t expressions() const { return expressions_.size(); }
  size_t rules() const { return rules_.size(); }

  // What the whole answer must be.
  void SetStart(ExprId start) { start_ = start; }
  ExprId start() const { return start_; }

 private:
  struct Rule {
    std::string name;
    ExprId body = -1;
  };
  ExprId Add(Expression expression);

  std::vector<Expression> expressions_;
  std::vector<ByteSet> sets_;
  std::vector<ByteDfa> dfas_;
  std::vector<Rule> rules_;
  ExprId start_ = -1;
};

}  // namespace fathom::grammar
