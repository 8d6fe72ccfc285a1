#include "agent/answer_guide.h"

#include <utility>

#include "base/check.h"
#include "chat/dsml.h"

namespace fathom {
namespace {

std::vector<uint64_t> MaskWithout(int64_t vocab_size, const std::vector<int32_t>& ids) {
  std::vector<uint64_t> mask(static_cast<size_t>(vocab_size + 63) / 64, ~uint64_t{0});
  for (const int32_t id : ids) {
    FATHOM_CHECK(id >= 0 && id < vocab_size, "token {} of {}", id, vocab_size);
    mask[static_cast<size_t>(id) / 64] &= ~(uint64_t{1} << (id % 64));
  }
  return mask;
}

}  // namespace

std::shared_ptr<const AnswerTokens> AnswerTokens::Make(const Tokenizer& tokenizer,
                                                       int64_t vocab_size,
                                                       const std::vector<int32_t>& eos_ids) {
  auto made = std::make_shared<AnswerTokens>();
  made->think_open = *tokenizer.TokenId(chat::kThinkOpen);
  made->think_close = *tokenizer.TokenId(chat::kThinkClose);
  made->dsml = *tokenizer.TokenId(chat::kDsml);
  made->closing = tokenizer.Encode(kClosingSentence);
  made->closing.push_back(made->think_close);
  std::vector<int32_t> without = eos_ids;
  without.push_back(made->dsml);
  made->reasoning = MaskWithout(vocab_size, without);
  without.back() = made->think_open;
  made->answer_begin = MaskWithout(vocab_size, without);
  made->answer = MaskWithout(vocab_size, {made->think_open});
  return made;
}

AnswerGuide::AnswerGuide(std::shared_ptr<const AnswerTokens> tokens, bool in_reasoning,
                         const ThinkingLimits& limits, std::unique_ptr<FormGuide> form)
    : tokens_(std::move(tokens)),
      budget_(limits.budget),
      form_(std::move(form)),
      phase_(in_reasoning ? Phase::kReasoning : Phase::kAnswer) {
  if (limits.loop_guard) guard_.emplace();
  if (in_reasoning && budget_ == 0) Close(ThinkingEnd::kBudget, tokens_->closing.size() - 1);
}

void AnswerGuide::Close(ThinkingEnd end, size_t from) {
  phase_ = Phase::kClosing;
  end_ = end;
  closing_at_ = from;
}

std::optional<int32_t> AnswerGuide::Forced() const {
  switch (phase_) {
    case Phase::kReasoning:
      return std::nullopt;
    case Phase::kClosing:
      return tokens_->closing[closing_at_];
    case Phase::kAnswer:
      return form_ != nullptr ? form_->Forced() : std::nullopt;
  }
  return std::nullopt;
}

std::span<const uint64_t> AnswerGuide::Allowed() {
  if (phase_ == Phase::kReasoning) {
    if (budget_ || form_ != nullptr) return tokens_->reasoning;
    return {};
  }
  if (form_ != nullptr) return form_->Allowed();
  if (end_ == ThinkingEnd::kItself) return {};
  return answered_ ? tokens_->answer : tokens_->answer_begin;
}

void AnswerGuide::Accept(int32_t token) {
  switch (phase_) {
    case Phase::kReasoning:
      return AcceptReasoning(token);
    case Phase::kClosing:
      if (++closing_at_ == tokens_->closing.size()) phase_ = Phase::kAnswer;
      return;
    case Phase::kAnswer:
      return AcceptAnswer(token);
  }
}

void AnswerGuide::AcceptReasoning(int32_t token) {
  if (token == tokens_->think_close) {
    phase_ = Phase::kAnswer;
    return;
  }
  ++reasoned_;
  if (guard_) guard_->Add(token);
  if (budget_ && reasoned_ >= *budget_) return Close(ThinkingEnd::kBudget, 0);
  if (guard_ && guard_->looping()) Close(ThinkingEnd::kLoop, 0);
}

void AnswerGuide::AcceptAnswer(int32_t token) {
  answered_ = true;
  if (form_ != nullptr) return form_->Accept(token);
  any_call_ |= token == tokens_->dsml;
  // The reader of answers takes what follows for reasoning, so that is what it is.
  if (token != tokens_->think_open || any_call_) return;
  phase_ = Phase::kReasoning;
  if (budget_ && reasoned_ >= *budget_) Close(ThinkingEnd::kBudget, tokens_->closing.size() - 1);
}

}  // namespace fathom
