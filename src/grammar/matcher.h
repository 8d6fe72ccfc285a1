// Follows an answer token by token through a grammar, and says which tokens may come next.
//
// TokenTable is made once a vocabulary, CompiledGrammar once a request; matchers of any number of
// answers share both and the masks that they find.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "grammar/expression.h"
#include "grammar/limits.h"
#include "tokenizer/vocabulary.h"

namespace fathom::grammar {

// The vocabulary as a trie of bytes. About 10 MB for 129,280 tokens.
class TokenTable;
// vocab_size: rows of the output matrix, at least the vocabulary's id_limit. eos_ids end an answer.
std::shared_ptr<const TokenTable> MakeTokenTable(const Vocabulary& vocabulary, int32_t vocab_size,
                                                 std::vector<int32_t> eos_ids);

class CompiledGrammar;
// kResourceExhausted beyond limits; kInvalidArgument when nothing matches, or when a rule begins
// with itself. Any thread. The table outlives it.
Result<std::shared_ptr<const CompiledGrammar>> Compile(const Grammar& grammar,
                                                       std::shared_ptr<const TokenTable> table,
                                                       const GrammarLimits& limits);

// One answer. One thread at a time.
class Matcher {
 public:
  explicit Matcher(std::shared_ptr<const CompiledGrammar> grammar);
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  // Ids that may come next, a bit each [(vocab_size + 63) / 64]; end-of-sequence ids are among them
  // once the answer may end, and alone when it must. Valid until the next call. Never empty.
  std::span<const uint64_t> Allowed();

  // Goes on with a token; false, with nothing changed, for one that may not come.
  bool Accept(int32_t token);
  // The same for text that was given, such as an opening; for tests and differential checks.
  bool AcceptText(std::string_view bytes);

  // The answer may end here.
  bool CanEnd() const;
  // An end-of-sequence id was accepted: only they may come again.
  bool ended() const;
  // The grammar can be read in so many ways here, or takes so long, that some were left out:
  // what was allowed is of the grammar, but not all that it allows.
  bool narrowed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom::grammar
