#include "bench/prompt_source.h"

#include <utility>

#include "base/random.h"

namespace fathom {

Result<PromptSource> PromptSource::Make(std::vector<int32_t> ordinary, std::vector<int32_t> text) {
  constexpr size_t kLeast = 32;
  if (ordinary.size() < kLeast) {
    return Unsupported("{} ordinary tokens in the vocabulary, at least {} are needed",
                       ordinary.size(), kLeast);
  }
  return PromptSource(std::move(ordinary), std::move(text));
}

PromptSource::PromptSource(std::vector<int32_t> ordinary, std::vector<int32_t> text)
    : ordinary_(std::move(ordinary)), text_(std::move(text)) {}

int32_t PromptSource::TokenAt(int64_t position) const {
  const auto at = static_cast<uint64_t>(position);
  if (!text_.empty()) return text_[at % text_.size()];
  constexpr uint64_t kStream = 0;
  return ordinary_[Philox(kSeed, kStream, at)[0] % ordinary_.size()];
}

std::vector<int32_t> PromptSource::Tokens(int64_t count) const {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(TokenAt(i));
  return tokens;
}

std::vector<int32_t> PromptSource::Prompt(int64_t depth, int64_t count, int64_t run) const {
  std::vector<int32_t> tokens = Tokens(depth + count);
  // Every run has two candidates of its own.
  const auto candidate = static_cast<size_t>(2 * run);
  int32_t& first = tokens[static_cast<size_t>(depth)];
  const int32_t own = ordinary_[candidate % ordinary_.size()];
  first = own != first ? own : ordinary_[(candidate + 1) % ordinary_.size()];
  return tokens;
}

}  // namespace fathom
