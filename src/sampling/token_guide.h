// Says, token by token, what an answer may go on with: a grammar, a budget, both.
//
// A guide follows one answer. The engine asks it before every token and tells it every token that
// the answer got, in order; nothing else changes it. So what it decides is a function of the
// answer's tokens alone and doesn't depend on the batch, on preemption or on how many tokens a step
// brought.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace fathom {

class TokenGuide {
 public:
  virtual ~TokenGuide() = default;

  // The token that comes next whatever the model says; nothing: it is drawn.
  virtual std::optional<int32_t> Forced() const = 0;

  // Ids that may be drawn, a bit each [(V + 63) / 64]; empty: all of them. Valid until the next
  // call of any kind.
  virtual std::span<const uint64_t> Allowed() = 0;

  virtual void Accept(int32_t token) = 0;
};

}  // namespace fathom
