#include "api/answer_grammar.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/processor_watch.h"
#include "grammar/compiled_grammar.h"
#include "json/write.h"

namespace fathom::api {
namespace {

// A limit of the compiler's is the request's mistake, not a sign that the server has no room.
Status AsRequestError(const Status& status) {
  if (status.code() != Code::kResourceExhausted) return status;
  return {Code::kInvalidArgument, status.message()};
}

grammar::ToolShape ShapeOfTool(const AnswerRequest& request, size_t index) {
  const chat::ToolDefinition& tool = request.tools[index];
  grammar::ToolShape shape;
  shape.name = tool.name();
  const auto strict =
      std::ranges::find(request.form.strict_tools, index, &AnswerForm::StrictTool::index);
  shape.strict = strict != request.form.strict_tools.end();
  if (!shape.strict) return shape;
  shape.path = strict->path;
  const json::Value* function = tool.object.Find("function");
  const json::Value* parameters = function == nullptr ? nullptr : function->Find("parameters");
  if (parameters != nullptr) shape.parameters = *parameters;
  return shape;
}

json::Value SchemaOf(const json::Value& response_format) {
  const json::Value* described = response_format.Find("json_schema");
  const json::Value* schema = described == nullptr ? nullptr : described->Find("schema");
  return schema == nullptr ? json::Object{{"type", "object"}} : *schema;
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

Result<std::optional<grammar::AnswerShape>> ShapeOf(const AnswerRequest& request) {
  const bool must_call =
      request.tool_choice == ToolChoice::kRequired || request.tool_choice == ToolChoice::kNamed;
  const bool tools_shown = request.tool_choice != ToolChoice::kNone && !request.tools.empty();
  const bool strict_tools = tools_shown && !request.form.strict_tools.empty();
  if (!must_call && !strict_tools && !request.form.json_path) {
    return std::optional<grammar::AnswerShape>();
  }
  if (request.sampling.ignore_eos) {
    return InvalidArgument(
        "ignore_eos: an answer whose form is guaranteed ends where that is complete");
  }
  grammar::AnswerShape shape;
  for (size_t i = 0; tools_shown && i < request.tools.size(); ++i) {
    const bool wanted =
        request.tool_choice != ToolChoice::kNamed || request.tools[i].name() == request.tool_name;
    if (wanted) shape.tools.push_back(ShapeOfTool(request, i));
  }
  shape.calls = must_call     ? grammar::Calls::kRequired
                : tools_shown ? grammar::Calls::kOptional
                              : grammar::Calls::kNone;
  shape.several_calls = request.parallel_tool_calls;
  if (request.form.json_path) {
    shape.json_schema = SchemaOf(request.response_format);
    shape.json_path = *request.form.json_path;
  }
  return std::optional(std::move(shape));
}

GrammarCache::GrammarCache(const Tokenizer& tokenizer, int64_t vocab_size,
                           std::vector<int32_t> eos_ids, const grammar::GrammarLimits& limits)
    : tokenizer_(tokenizer),
      table_(grammar::MakeTokenTable(tokenizer.vocabulary(), static_cast<int32_t>(vocab_size),
                                     std::move(eos_ids))),
      limits_(limits) {}

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
    const grammar::AnswerShape& shape) const {
  const ProcessorWatch watch;
  FATHOM_ASSIGN_OR_RETURN(const grammar::Grammar grammar,
                          grammar::MakeAnswerGrammar(shape, tokenizer_, limits_));
  grammar::GrammarLimits rest = limits_;
  rest.used_seconds = watch.seconds();
  auto compiled = grammar::Compile(grammar, table_, rest);
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

}  // namespace fathom::api
