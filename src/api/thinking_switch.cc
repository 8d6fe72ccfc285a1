#include "api/thinking_switch.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/field_policy.h"
#include "json/field_reader.h"

namespace fathom::api {
namespace {

std::string_view OnOff(bool on) { return on ? "on" : "off"; }

// What was said so far, and where.
class Verdict {
 public:
  Status Add(bool on, std::string path) {
    if (said_ && *said_ != on) {
      return InvalidArgument("{}: says that thinking is {}, but {} says {}", path, OnOff(on), path_,
                             OnOff(*said_));
    }
    said_ = on;
    path_ = std::move(path);
    return {};
  }
  std::optional<bool> said() const { return said_; }

 private:
  std::optional<bool> said_;
  std::string path_;
};

// The tokens that were said so far, and where.
class Budget {
 public:
  Status Add(const json::FieldReader& fields, std::string_view name) {
    const json::Value* value = fields.object().Find(name);
    if (value == nullptr || value->is_null()) return {};
    FATHOM_ASSIGN_OR_RETURN(const int64_t tokens, fields.Int(name, 0, kNoTokenLimit));
    if (said_ && *said_ != tokens) {
      return InvalidArgument("{}: {} tokens, but {} says {}", fields.PathOf(name), tokens, path_,
                             *said_);
    }
    said_ = tokens;
    path_ = fields.PathOf(name);
    return {};
  }
  std::optional<int64_t> said() const { return said_; }

 private:
  std::optional<int64_t> said_;
  std::string path_;
};

Status AddBool(const json::FieldReader& fields, std::string_view name, Verdict* verdict) {
  const json::Value* value = fields.object().Find(name);
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const bool on, fields.Bool(name));
  return verdict->Add(on, fields.PathOf(name));
}

Status AddEffort(const json::FieldReader& fields, std::string_view name, Verdict* verdict) {
  const json::Value* value = fields.object().Find(name);
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const std::string effort, fields.String(name));
  for (const std::string_view off : {"none", "minimal"}) {
    if (effort == off) return verdict->Add(false, fields.PathOf(name));
  }
  for (const std::string_view on : {"low", "medium", "high", "xhigh", "max"}) {
    if (effort == on) return verdict->Add(true, fields.PathOf(name));
  }
  return InvalidArgument(
      "{}: '{}' is no effort (none, minimal, low, medium, high, xhigh or max expected)",
      fields.PathOf(name), effort);
}

// A boolean, or {"type": …}.
Status AddThinking(const json::Object& request, Verdict* verdict, Budget* budget,
                   std::vector<std::string>* ignored) {
  const json::Value* value = request.Find("thinking");
  if (value == nullptr || value->is_null()) return {};
  if (value->is_bool()) return verdict->Add(value->boolean(), "thinking");
  if (!value->is_object()) {
    return json::WrongKind("thinking", "boolean or object with a type", *value);
  }
  FATHOM_ASSIGN_OR_RETURN(const std::string type,
                          json::FieldReader(value->object(), "thinking").String("type"));
  if (type != "enabled" && type != "disabled") {
    return InvalidArgument("thinking.type: '{}' is neither enabled nor disabled", type);
  }
  constexpr std::string_view kKnown[] = {"type", "budget_tokens"};
  FATHOM_RETURN_IF_ERROR(SortOutFields(value->object(), kKnown, {}, "thinking.", ignored));
  FATHOM_RETURN_IF_ERROR(
      budget->Add(json::FieldReader(value->object(), "thinking"), "budget_tokens"));
  return verdict->Add(type == "enabled", "thinking.type");
}

Status AddReasoning(const json::Object& request, Verdict* verdict, Budget* budget,
                    std::vector<std::string>* ignored) {
  const json::Value* value = request.Find("reasoning");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(*value, "reasoning"));
  constexpr std::string_view kKnown[] = {"effort", "enabled", "max_tokens"};
  constexpr RefusedField kRefused[] = {
      {"exclude", "reasoning can't be left out of the answer; switch it off, or pass over it"}};
  FATHOM_RETURN_IF_ERROR(SortOutFields(*object, kKnown, kRefused, "reasoning.", ignored));
  const json::FieldReader fields(*object, "reasoning");
  FATHOM_RETURN_IF_ERROR(AddEffort(fields, "effort", verdict));
  FATHOM_RETURN_IF_ERROR(budget->Add(fields, "max_tokens"));
  return AddBool(fields, "enabled", verdict);
}

Status AddTemplateArguments(const json::Object& request, Verdict* verdict, Budget* budget,
                            std::vector<std::string>* ignored) {
  const json::Value* value = request.Find("chat_template_kwargs");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object,
                          json::AsObject(*value, "chat_template_kwargs"));
  constexpr std::string_view kKnown[] = {"thinking", "enable_thinking", "thinking_budget"};
  FATHOM_RETURN_IF_ERROR(SortOutFields(*object, kKnown, {}, "chat_template_kwargs.", ignored));
  const json::FieldReader fields(*object, "chat_template_kwargs");
  FATHOM_RETURN_IF_ERROR(AddBool(fields, "thinking", verdict));
  FATHOM_RETURN_IF_ERROR(budget->Add(fields, "thinking_budget"));
  return AddBool(fields, "enable_thinking", verdict);
}

}  // namespace

Status ReadThinking(const json::Object& request, AnswerRequest* out) {
  Verdict verdict;
  Budget budget;
  const json::FieldReader fields(request, "");
  FATHOM_RETURN_IF_ERROR(AddThinking(request, &verdict, &budget, &out->ignored_fields));
  FATHOM_RETURN_IF_ERROR(AddBool(fields, "enable_thinking", &verdict));
  FATHOM_RETURN_IF_ERROR(AddEffort(fields, "reasoning_effort", &verdict));
  FATHOM_RETURN_IF_ERROR(AddReasoning(request, &verdict, &budget, &out->ignored_fields));
  FATHOM_RETURN_IF_ERROR(AddTemplateArguments(request, &verdict, &budget, &out->ignored_fields));
  FATHOM_RETURN_IF_ERROR(budget.Add(fields, "thinking_budget"));
  out->thinking = verdict.said();
  out->thinking_budget = budget.said();
  const json::Value* guard = request.Find("loop_guard");
  if (guard == nullptr || guard->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(out->loop_guard, fields.Bool("loop_guard"));
  return {};
}

}  // namespace fathom::api
