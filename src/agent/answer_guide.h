// Guides one answer through its two parts: reasoning that ends when it must, then an answer that
// may have to keep to a form.
//
// Reasoning ends by itself, with </think>. Otherwise the guide ends it: at the request's budget, or
// when it goes round in circles (loop_guard.h), it says kClosingSentence and </think> for the
// model, which answers then. docs/thinking.md says what counts and what is masked.
//
//   reasoning   with a budget or a form: no end of the answer and no call before </think>
//   closing     forced, token by token
//   answer      the form's tokens; behind a forced closing at least one token, and no second
//   <think>
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agent/loop_guard.h"
#include "sampling/token_guide.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

// What is said for the model where its reasoning is cut off; with a budget of 0, where there is
// nothing to cut, only </think>.
inline constexpr std::string_view kClosingSentence =
    "\n\nI have to stop thinking here and answer with what I have.";

// Why reasoning ended.
enum class ThinkingEnd {
  kItself,  // the model closed it, or it hasn't ended, or there was none
  kBudget,
  kLoop,
};
constexpr std::string_view Name(ThinkingEnd end) {
  switch (end) {
    case ThinkingEnd::kItself:
      return "itself";
    case ThinkingEnd::kBudget:
      return "budget";
    case ThinkingEnd::kLoop:
      return "loop";
  }
  return "unknown";
}

// What the guides of one model share. About 50 kB for 129,280 tokens.
struct AnswerTokens {
  // vocab_size: rows of the output matrix; eos_ids: what ends an answer. The tokenizer has the
  // tokens of the chat format (CheckChatTokens).
  static std::shared_ptr<const AnswerTokens> Make(const Tokenizer& tokenizer, int64_t vocab_size,
                                                  const std::vector<int32_t>& eos_ids);

  int32_t think_open = 0, think_close = 0, dsml = 0;
  std::vector<int32_t> closing;  // kClosingSentence and </think>
  // Masks, a bit an id [(vocab_size + 63) / 64].
  std::vector<uint64_t> reasoning;     // neither ends nor the token of calls
  std::vector<uint64_t> answer_begin;  // neither ends nor <think>
  std::vector<uint64_t> answer;        // no <think>
};

struct ThinkingLimits {
  std::optional<int64_t> budget =
      {};  // tokens of reasoning that the model may say; nothing: any number
  bool loop_guard = true;
};

// Guides what follows the reasoning.
class FormGuide : public TokenGuide {
 public:
  // What has come is an answer of the form, if it ends here.
  virtual bool Complete() const = 0;
};

class AnswerGuide final : public TokenGuide {
 public:
  // in_reasoning: the answer's first token is reasoning. `form` guides what follows </think>, and
  // is told those tokens alone; null: any answer.
  AnswerGuide(std::shared_ptr<const AnswerTokens> tokens, bool in_reasoning,
              const ThinkingLimits& limits, std::unique_ptr<FormGuide> form);

  std::optional<int32_t> Forced() const override;
  std::span<const uint64_t> Allowed() override;
  void Accept(int32_t token) override;

  // How the guide ended the reasoning, if it did. The engine's thread, or any once the engine is
  // done with the answer.
  ThinkingEnd thinking_end() const { return end_; }
  // Whether the answer so far is one of the form, if there is one. The same threads.
  bool form_complete() const {
    return form_ == nullptr || (phase_ == Phase::kAnswer && form_->Complete());
  }

 private:
  enum class Phase { kReasoning, kClosing, kAnswer };

  void AcceptReasoning(int32_t token);
  void AcceptAnswer(int32_t token);
  void Close(ThinkingEnd end, size_t from);

  const std::shared_ptr<const AnswerTokens> tokens_;
  const std::optional<int64_t> budget_;
  const std::unique_ptr<FormGuide> form_;
  std::optional<LoopGuard> guard_;
  Phase phase_;
  ThinkingEnd end_ = ThinkingEnd::kItself;
  int64_t reasoned_ = 0;   // tokens of reasoning that the model said
  size_t closing_at_ = 0;  // the next of tokens_->closing
  bool answered_ = false;  // a token of the answer has come
  bool any_call_ = false;  // <think> means nothing any more
};

}  // namespace fathom
