// Small grammars out of any bytes, for the tests and the fuzzer of what follows them. Their texts
// are over the bytes of kAlphabet and one special token.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "grammar/expression.h"

namespace fathom::test {

inline constexpr std::string_view kAlphabet = "ab(\xc3\xa9";  // é among others

// Numbers out of bytes; zeros when there are no more.
class ByteSource {
 public:
  explicit ByteSource(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  int Below(int limit) {
    if (at_ == bytes_.size()) return 0;
    return bytes_[at_++] % limit;
  }
  bool empty() const { return at_ == bytes_.size(); }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

class RandomGrammar {
 public:
  RandomGrammar(ByteSource* source, int32_t token) : source_(*source), token_(token) {}

  grammar::Grammar Make() {
    const int rules = source_.Below(4);
    for (int r = 0; r < rules; ++r) rules_.push_back(grammar_.Declare("r"));
    for (const grammar::RuleId rule : rules_) grammar_.Define(rule, Some(3));
    grammar_.SetStart(Some(4));
    return std::move(grammar_);
  }

 private:
  using ExprId = grammar::ExprId;

  ExprId Some(int depth) {
    const ExprId id = depth == 0 ? Leaf() : Node(depth);
    made_.push_back(id);
    return id;
  }

  ExprId Leaf() {
    switch (source_.Below(9)) {
      case 0:
        return grammar_.Empty();
      case 1:
        return grammar_.Never();
      case 2:
        return grammar_.Token(token_);
      case 3: {
        grammar::ByteSet set;
        for (const char c : kAlphabet) {
          if (source_.Below(2) == 1) set.Add(static_cast<uint8_t>(c));
        }
        return grammar_.Bytes(set);
      }
      case 4:
        return grammar_.Dfa(SomeDfa());
      case 5:
        if (!rules_.empty()) return grammar_.Use(rules_[Below(rules_.size())]);
        [[fallthrough]];
      case 6:
        if (!made_.empty()) return made_[Below(made_.size())];  // shared
        [[fallthrough]];
      default:
        return grammar_.Text(kAlphabet.substr(Below(kAlphabet.size()), 1 + Below(3)));
    }
  }

  ExprId Node(int depth) {
    switch (source_.Below(6)) {
      case 0:
      case 1:
        return grammar_.Sequence(Parts(depth));
      case 2:
      case 3:
        return grammar_.Choice(Parts(depth));
      case 4: {
        const int64_t low = source_.Below(4);
        const int64_t bounds[] = {low, low + 1, low + 3, grammar::kUnbounded, 1 << 20};
        return grammar_.Repeat(Some(depth - 1), low, bounds[source_.Below(5)]);
      }
      default:
        return Leaf();
    }
  }

  std::vector<ExprId> Parts(int depth) {
    std::vector<ExprId> parts;
    const int count = 1 + source_.Below(3);
    for (int i = 0; i < count; ++i) parts.push_back(Some(depth - 1));
    return parts;
  }

  grammar::ByteDfa SomeDfa() {
    grammar::ByteDfa dfa;
    dfa.states.resize(1 + Below(3));
    for (auto& state : dfa.states) {
      state.accepting = source_.Below(2) == 1;
      // 'a' < 'b' < 0xc3: ascending.
      for (const uint8_t byte : {uint8_t{'a'}, uint8_t{'b'}, uint8_t{0xc3}}) {
        if (source_.Below(2) == 0) continue;
        state.edges.push_back({byte, byte, static_cast<int32_t>(Below(dfa.states.size()))});
      }
    }
    return dfa;
  }

  size_t Below(size_t limit) {
    return static_cast<size_t>(source_.Below(static_cast<int>(limit > 255 ? 255 : limit)));
  }

  ByteSource& source_;
  const int32_t token_;
  grammar::Grammar grammar_;
  std::vector<grammar::RuleId> rules_;
  std::vector<ExprId> made_;
};

}  // namespace fathom::test
