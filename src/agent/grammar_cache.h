// The form of an answer → the grammar that holds it to that, compiled once for all who ask for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/answer_form.h"
#include "base/status.h"
#include "grammar/limits.h"
#include "grammar/matcher.h"
#include "grammar/tool_grammar.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

struct GrammarCounts {
  int64_t compiled = 0, found = 0, refused = 0;
  double seconds = 0;  // spent compiling
};

// Compiles grammars and keeps those that were used last, since agents send the same tools with
// every turn; the masks of a grammar that is kept are kept with it. Any thread.
class GrammarCache {
 public:
  static constexpr size_t kMostGrammars = 64;
  static constexpr int64_t kMostBytes = int64_t{256} << 20;  // of schemas and masks

  // The tokenizer outlives it.
  GrammarCache(const Tokenizer& tokenizer, int64_t vocab_size, std::vector<int32_t> eos_ids,
               const grammar::GrammarLimits& limits);

  // Makes the table of tokens, 50 ms for 129,280 of them, which the first grammar waits for
  // otherwise.
  void Prepare() { Table(); }

  // Errors are all the request's: kInvalidArgument and kUnsupported, which begin with the place
  // in the request. Takes at most limits.seconds of work and a little.
  Result<std::shared_ptr<const grammar::CompiledGrammar>> Get(const grammar::AnswerShape& shape);

  GrammarCounts counts() const;

 private:
  struct Entry {
    std::string key;  // the shape as text
    std::shared_ptr<const grammar::CompiledGrammar> grammar;
  };

  const std::shared_ptr<const grammar::TokenTable>& Table();
  Result<std::shared_ptr<const grammar::CompiledGrammar>> Make(const grammar::AnswerShape& shape);
  std::shared_ptr<const grammar::CompiledGrammar> Find(const std::string& key);
  void Keep(std::string key, std::shared_ptr<const grammar::CompiledGrammar> grammar);
  int64_t Bytes() const;

  const Tokenizer& tokenizer_;
  const int32_t vocab_size_;
  const std::vector<int32_t> eos_ids_;
  const grammar::GrammarLimits limits_;
  std::once_flag table_made_;
  std::shared_ptr<const grammar::TokenTable> table_;

  mutable std::mutex mutex_;
  // Guarded:
  std::list<Entry> entries_;  // the one used last first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;
  GrammarCounts counts_;
};

// What the answer is held to, by ShapeOf; null: nothing. Errors are ShapeOf's and the cache's.
Result<std::shared_ptr<const grammar::CompiledGrammar>> GrammarOf(const FormRequest& request,
                                                                  const SamplingParams& sampling,
                                                                  GrammarCache& grammars);

}  // namespace fathom
