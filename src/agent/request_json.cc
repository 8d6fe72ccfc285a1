#include "agent/request_json.h"

#include <algorithm>
#include <array>
#include <set>

#include "agent/form_fields.h"
#include "agent/sampling_json.h"
#include "base/log.h"
#include "json/field_reader.h"

namespace fathom {
namespace {

// Beside kSamplingFields.
constexpr std::array kConversationFields = {
    std::string_view("messages"),        std::string_view("tools"),
    std::string_view("tool_choice"),     std::string_view("parallel_tool_calls"),
    std::string_view("response_format"), std::string_view("thinking")};
constexpr std::array kOtherFields = {std::string_view("prompt"),
                                     std::string_view("thinking_budget"),
                                     std::string_view("loop_guard")};

Status TakeUnknown(const json::Object& object, UnknownFields unknown) {
  static std::set<std::string> warned;  // of one thread: the one that reads the stream
  for (const json::Member& member : object) {
    const auto is_in = [&](const auto& names) {
      return std::ranges::find(names, member.key) != names.end();
    };
    if (is_in(kSamplingFields) || is_in(kConversationFields) || is_in(kOtherFields)) continue;
    if (unknown == UnknownFields::kRefuse) {
      return InvalidArgument("field \"{}\" is not known", member.key);
    }
    if (warned.insert(member.key).second) {
      LogWarning("field \"{}\" is not known and is ignored", member.key);
    }
  }
  return {};
}

Status ReadLimits(const json::FieldReader& fields, ThinkingLimits* limits) {
  FATHOM_ASSIGN_OR_RETURN(const int64_t budget,
                          fields.IntOr("thinking_budget", -1, 0, kNoTokenLimit));
  if (budget >= 0) limits->budget = budget;
  FATHOM_ASSIGN_OR_RETURN(limits->loop_guard, fields.BoolOr("loop_guard", limits->loop_guard));
  return {};
}

Status ReadConversation(const json::FieldReader& fields, GrammarCache& grammars,
                        TextRequest* request) {
  const json::Value* messages = fields.object().Find("messages");
  if (messages == nullptr) return InvalidArgument("messages: missing");
  FATHOM_ASSIGN_OR_RETURN(request->messages, chat::MessagesFromJson(*messages, "messages"));
  FATHOM_ASSIGN_OR_RETURN(const bool thinking, fields.BoolOr("thinking", false));
  request->thinking = thinking ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
  FormRequest form;
  FATHOM_RETURN_IF_ERROR(ReadToolFields(fields.object(), &form));
  FATHOM_RETURN_IF_ERROR(CheckFormsOfMessages(request->messages, form));
  FATHOM_ASSIGN_OR_RETURN(request->grammar, GrammarOf(form, request->sampling, grammars));
  request->single_call = !form.parallel_tool_calls;
  AttachForm(form, &request->messages);
  return {};
}

Status ReadPrompt(const json::FieldReader& fields, TextRequest* request) {
  for (const std::string_view name : kConversationFields) {
    if (fields.object().Find(name) != nullptr) {
      return InvalidArgument("{}: not allowed beside prompt, which is the whole input", name);
    }
  }
  FATHOM_ASSIGN_OR_RETURN(request->prompt, ReadTokenIds(fields, "prompt"));
  if (request->prompt.empty()) return InvalidArgument("prompt: expected token ids, found none");
  return {};
}

json::Value LogprobsToJson(const GeneratedMessage& generated) {
  json::Array tokens;
  for (size_t i = 0; i < generated.logprobs.size(); ++i) {
    const Logprobs& logprobs = generated.logprobs[i];
    json::Array top;
    for (const TokenLogprob& other : logprobs.top) {
      top.push_back(json::Object{{"id", other.token}, {"logprob", other.logprob}});
    }
    tokens.push_back(json::Object{{"id", generated.tokens[i]},
                                  {"logprob", logprobs.chosen},
                                  {"top_logprobs", std::move(top)}});
  }
  return tokens;
}

}  // namespace

Result<TextRequest> RequestFromJson(const json::Value& value, const SamplingParams& defaults,
                                    UnknownFields unknown, GrammarCache& grammars) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, ""));
  FATHOM_RETURN_IF_ERROR(TakeUnknown(*object, unknown));
  const json::FieldReader fields(*object, "");
  TextRequest request;
  request.sampling = defaults;
  FATHOM_RETURN_IF_ERROR(ReadSampling(fields, &request.sampling));
  FATHOM_RETURN_IF_ERROR(ReadLogprobs(fields, &request.sampling));
  FATHOM_ASSIGN_OR_RETURN(request.stop, ReadStops(fields));
  FATHOM_RETURN_IF_ERROR(ReadLimits(fields, &request.limits));
  FATHOM_RETURN_IF_ERROR(object->Find("prompt") == nullptr
                             ? ReadConversation(fields, grammars, &request)
                             : ReadPrompt(fields, &request));
  return request;
}

json::Value AnswerToJson(const GeneratedMessage& generated) {
  json::Object message = chat::ToJson(generated.message).object();
  json::Object answer;
  answer.Set("message", std::move(message));
  answer.Set("finish_reason", chat::Name(generated.end.reason));
  const Usage& usage = generated.usage;
  answer.Set("usage", json::Object{{"prompt_tokens", usage.prompt_tokens},
                                   {"completion_tokens", usage.completion_tokens},
                                   {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
                                   {"cached_tokens", usage.cached_tokens}});
  if (generated.thinking_end != ThinkingEnd::kItself) {
    answer.Set("thinking_ended", Name(generated.thinking_end));
  }
  if (!generated.logprobs.empty()) answer.Set("logprobs", LogprobsToJson(generated));
  if (!generated.end.repairs.empty()) {
    json::Array names;
    for (const std::string_view name : generated.end.repairs.Names()) names.push_back(name);
    answer.Set("repaired", std::move(names));
  }
  return answer;
}

json::Value ErrorToJson(const Status& status) {
  return json::Object{
      {"error", json::Object{{"message", status.message()}, {"type", CodeName(status.code())}}}};
}

}  // namespace fathom
