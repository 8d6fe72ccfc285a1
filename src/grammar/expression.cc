#include "grammar/expression.h"

#include <utility>

#include "base/check.h"

namespace fathom::grammar {

ExprId Grammar::Add(Expression expression) {
  expressions_.push_back(std::move(expression));
  return static_cast<ExprId>(expressions_.size()) - 1;
}

ExprId Grammar::Bytes(const ByteSet& set) {
  sets_.push_back(set);
  return Add({.kind = ExprKind::kBytes, .index = static_cast<int32_t>(sets_.size()) - 1});
}

ExprId Grammar::Text(std::string_view text) {
  if (text.empty()) return Empty();
  return Add({.kind = ExprKind::kText, .text = std::string(text)});
}

ExprId Grammar::Dfa(ByteDfa dfa) {
  dfas_.push_back(std::move(dfa));
  return Add({.kind = ExprKind::kDfa, .index = static_cast<int32_t>(dfas_.size()) - 1});
}

ExprId Grammar::Sequence(std::vector<ExprId> parts) {
  if (parts.empty()) return Empty();
  if (parts.size() == 1) return parts[0];
  return Add({.kind = ExprKind::kSequence, .parts = std::move(parts)});
}

ExprId Grammar::Choice(std::vector<ExprId> parts) {
  if (parts.empty()) return Never();
  if (parts.size() == 1) return parts[0];
  return Add({.kind = ExprKind::kChoice, .parts = std::move(parts)});
}

ExprId Grammar::Repeat(ExprId part, int64_t low, int64_t high) {
  FATHOM_CHECK(low >= 0 && (high == kUnbounded || high >= low), "repeat {} to {}", low, high);
  if (low == 1 && high == 1) return part;
  if (high == 0) return Empty();
  return Add({.kind = ExprKind::kRepeat, .parts = {part}, .low = low, .high = high});
}

RuleId Grammar::Declare(std::string name) {
  rules_.push_back({std::move(name)});
  return static_cast<RuleId>(rules_.size()) - 1;
}

void Grammar::Define(RuleId rule, ExprId body) {
  FATHOM_CHECK(rules_[static_cast<size_t>(rule)].body < 0, "rule {} is defined twice", rule);
  rules_[static_cast<size_t>(rule)].body = body;
}

}  // namespace fathom::grammar
