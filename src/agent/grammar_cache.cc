#include "agent/grammar_cache.h"

#include <utility>

#include "base/clock.h"
#include "base/processor_watch.h"
#include "grammar/compiled_grammar.h"
#include "json/write.h"

namespace fathom {
namespace {

// A limit of the compiler's is the request's mistake, not a sign of too little room.
Status AsRequestError(const Status& status) {
  if (status.code() != Code::kResourceExhausted) return status;
  return {Code::kInvalidArgument, status.message()};
}

std::string TextOf(const grammar::AnswerShape& shape) {
  json::Array tools;
  for (const grammar::ToolShape& tool : shape.tools) {
    tools.push_back(json::Array{tool.name, tool.strict, tool.parameters});
  }
  const json::Array all{std::move(tools), static_cast<int64_t>(shape.calls), shape.several_calls,
                        shape.json_schema.has_value(), shape.json_schema.value_or(json::Value())};
  return json::Dump(all, json::Style::kCompact);
}

}  // namespace

GrammarCache::GrammarCache(const Tokenizer& tokenizer, int64_t vocab_size,
                           std::vector<int32_t> eos_ids, const grammar::GrammarLimits& limits)
    : tokenizer_(tokenizer),
      vocab_size_(static_cast<int32_t>(vocab_size)),
      eos_ids_(std::move(eos_ids)),
      limits_(limits) {}

const std::shared_ptr<const grammar::TokenTable>& GrammarCache::Table() {
  std::call_once(table_made_, [this] {
    table_ = grammar::MakeTokenTable(tokenizer_.vocabulary(), vocab_size_, eos_ids_);
  });
  return table_;
}

Result<std::shared_ptr<const grammar::CompiledGrammar>> GrammarCache::Get(
    const grammar::AnswerShape& shape) {
  std::string key = TextOf(shape);
  if (auto found = Find(key)) return found;
  const Stopwatch watch;
  auto made = Make(shape);
  const std::lock_guard lock(mutex_);
  counts_.seconds += watch.seconds();
  if (!made.ok()) {
    ++counts_.refused;
    return AsRequestError(made.status());
  }
  ++counts_.compiled;
  Keep(std::move(key), *made);
  return made;
}

// Both parts share the processor time. The second one knows no places: what is too much for it is
// all that is asked for together.
Result<std::shared_ptr<const grammar::CompiledGrammar>> GrammarCache::Make(
    const grammar::AnswerShape& shape) {
  const auto& table = Table();
  const ProcessorWatch watch;
  FATHOM_ASSIGN_OR_RETURN(const grammar::Grammar grammar,
                          grammar::MakeAnswerGrammar(shape, tokenizer_, limits_));
  grammar::GrammarLimits rest = limits_;
  rest.used_seconds = watch.seconds();
  auto compiled = grammar::Compile(grammar, table, rest);
  if (compiled.ok()) return compiled;
  return compiled.status().At(shape.json_schema ? shape.json_path : "tools");
}

std::shared_ptr<const grammar::CompiledGrammar> GrammarCache::Find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  ++counts_.found;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->grammar;
}

int64_t GrammarCache::Bytes() const {
  int64_t bytes = 0;
  for (const Entry& entry : entries_) {
    bytes += static_cast<int64_t>(entry.key.size()) + entry.grammar->mask_bytes();
  }
  return bytes;
}

void GrammarCache::Keep(std::string key, std::shared_ptr<const grammar::CompiledGrammar> grammar) {
  if (by_key_.contains(key)) return;  // another worker was as quick
  entries_.push_front({std::move(key), std::move(grammar)});
  by_key_.emplace(entries_.front().key, entries_.begin());
  while (entries_.size() > kMostGrammars || (entries_.size() > 1 && Bytes() > kMostBytes)) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

GrammarCounts GrammarCache::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

Result<std::shared_ptr<const grammar::CompiledGrammar>> GrammarOf(const FormRequest& request,
                                                                  const SamplingParams& sampling,
                                                                  GrammarCache& grammars) {
  FATHOM_ASSIGN_OR_RETURN(const auto shape, ShapeOf(request, sampling));
  if (!shape) return std::shared_ptr<const grammar::CompiledGrammar>();
  return grammars.Get(*shape);
}

}  // namespace fathom
