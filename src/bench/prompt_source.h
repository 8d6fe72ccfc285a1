// The tokens that are measured with: random ordinary ones from a fixed seed, or a text.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"

namespace fathom {

class PromptSource {
 public:
  static constexpr uint64_t kSeed = 1;

  // `ordinary`: ids that may stand in a prompt, without special ones; kUnsupported when there are
  // fewer than 32. `text` is repeated where it is too short; empty: random tokens.
  static Result<PromptSource> Make(std::vector<int32_t> ordinary, std::vector<int32_t> text);

  // The first `count` tokens of the one endless sequence of this source.
  std::vector<int32_t> Tokens(int64_t count) const;

  // The first `depth` tokens of that sequence, then `count` ≥ 1 tokens of which the first is
  // neither the one that follows in the sequence nor that of any recent `run`: what is cached of
  // other runs fits up to `depth` and no further.
  std::vector<int32_t> Prompt(int64_t depth, int64_t count, int64_t run) const;

 private:
  PromptSource(std::vector<int32_t> ordinary, std::vector<int32_t> text);
  int32_t TokenAt(int64_t position) const;

  std::vector<int32_t> ordinary_, text_;
};

}  // namespace fathom
