// An answer's form by a grammar: what an AnswerGuide asks behind the reasoning.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/answer_guide.h"
#include "grammar/matcher.h"

namespace fathom {

class GrammarForm final : public FormGuide {
 public:
  explicit GrammarForm(std::shared_ptr<const grammar::CompiledGrammar> grammar)
      : matcher_(std::move(grammar)) {}

  // Goes on behind text that is the answer's beginning and was given; false: the grammar has no
  // such answer.
  bool Begin(std::string_view text) { return matcher_.AcceptText(text); }

  std::optional<int32_t> Forced() const override { return std::nullopt; }
  // Where a token came that the grammar doesn't allow, which no mask of it lets through, all are
  // ruled out: the answer fails rather than lose its form.
  std::span<const uint64_t> Allowed() override {
    if (lost_) return nothing_;
    const std::span<const uint64_t> allowed = matcher_.Allowed();
    if (nothing_.empty()) nothing_.resize(allowed.size());
    return allowed;
  }
  void Accept(int32_t token) override { lost_ = lost_ || !matcher_.Accept(token); }
  bool Complete() const override { return !lost_ && (matcher_.CanEnd() || matcher_.ended()); }

 private:
  grammar::Matcher matcher_;
  std::vector<uint64_t> nothing_;  // as long as the masks
  bool lost_ = false;
};

}  // namespace fathom
