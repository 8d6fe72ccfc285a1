#include "api/response_items.h"

#include <utility>

#include "api/response_input.h"

namespace fathom::api {

using json::Array;
using json::Object;
using json::Value;

std::string ItemId(ItemKind kind, std::string_view response_id, size_t output_index) {
  constexpr std::string_view kPrefixes[] = {"rs", "msg", "fc"};
  if (response_id.starts_with("resp_")) response_id.remove_prefix(5);
  return fmt::format("{}_{}_{}", kPrefixes[static_cast<size_t>(kind)], response_id, output_index);
}

Value ReasoningPart(std::string_view text, const ResponseForm& form) {
  return Object{{"type", form.summary ? "summary_text" : "reasoning_text"}, {"text", text}};
}

Value TextPart(std::string_view text, Array logprobs) {
  return Object{{"type", "output_text"},
                {"text", text},
                {"annotations", Array{}},
                {"logprobs", std::move(logprobs)}};
}

Value ReasoningItem(std::string_view id, std::string_view text, std::string_view status,
                    const ResponseForm& form) {
  Array parts;
  if (!text.empty()) parts.push_back(ReasoningPart(text, form));
  Object item{{"id", id}, {"type", "reasoning"}, {"status", status}, {"summary", Array{}}};
  item.Set(form.summary ? "summary" : "content", std::move(parts));
  if (form.encrypted_content) {
    item.Set("encrypted_content",
             text.empty() ? Value() : Value(std::string(kPlainReasoning).append(text)));
  }
  return item;
}

Value MessageItem(std::string_view id, std::string_view text, Array logprobs,
                  std::string_view status) {
  Array parts;
  if (!text.empty()) parts.push_back(TextPart(text, std::move(logprobs)));
  return Object{{"id", id},
                {"type", "message"},
                {"status", status},
                {"role", "assistant"},
                {"content", std::move(parts)}};
}

Value CallItem(std::string_view id, std::string_view call_id, std::string_view name,
               std::string_view arguments, std::string_view status) {
  return Object{{"id", id},     {"type", "function_call"}, {"status", status}, {"call_id", call_id},
                {"name", name}, {"arguments", arguments}};
}

std::string_view StatusOf(const chat::StreamEnd& end) {
  const bool by_model =
      end.reason == chat::FinishReason::kStop || end.reason == chat::FinishReason::kToolCalls;
  return by_model ? kCompleted : kIncomplete;
}

std::string_view ItemStatus(ItemKind kind, const chat::StreamEnd& end) {
  if (StatusOf(end) == kCompleted) return kCompleted;
  switch (kind) {
    case ItemKind::kReasoning:
      return end.open == chat::OpenSection::kReasoning ? kIncomplete : kCompleted;
    case ItemKind::kMessage:
      return end.open == chat::OpenSection::kNone && end.complete_calls == 0 ? kIncomplete
                                                                             : kCompleted;
    case ItemKind::kCall:
      return kIncomplete;
  }
  return kIncomplete;
}

Object ResponseObject(const AnswerHead& head, const ResponseForm& form, std::string_view status,
                      Array output) {
  Object response{{"id", head.id},
                  {"object", "response"},
                  {"created_at", head.created},
                  {"status", status},
                  {"background", false},
                  {"error", nullptr},
                  {"incomplete_details", nullptr},
                  {"model", head.model}};
  for (const json::Member& member : form.echo) response.Set(member.key, member.value);
  response.Set("output", std::move(output));
  response.Set("usage", nullptr);
  return response;
}

Object EndedResponse(const AnswerHead& head, const ResponseForm& form, const chat::StreamEnd& end,
                     Array repaired, Array output, const AnswerUsage& usage) {
  Object response = ResponseObject(head, form, StatusOf(end), std::move(output));
  if (end.reason == chat::FinishReason::kLength || end.reason == chat::FinishReason::kLimit) {
    response.Set("incomplete_details", Object{{"reason", "max_output_tokens"}});
  }
  Object counts{{"input_tokens", usage.prompt_tokens},
                {"input_tokens_details", Object{{"cached_tokens", usage.cached_tokens}}},
                {"output_tokens", usage.completion_tokens},
                {"output_tokens_details", Object{{"reasoning_tokens", usage.reasoning_tokens}}},
                {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
  if (usage.cost) counts.Set("cost", *usage.cost);
  response.Set("usage", std::move(counts));
  if (!repaired.empty()) response.Set("repaired", std::move(repaired));
  // Where it was not the model who ended its reasoning.
  if (usage.ended_by_budget > 0) response.Set("thinking_ended", Name(ThinkingEnd::kBudget));
  if (usage.ended_by_loop > 0) response.Set("thinking_ended", Name(ThinkingEnd::kLoop));
  return response;
}

}  // namespace fathom::api
