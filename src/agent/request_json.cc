#include "agent/request_json.h"

#include <array>
#include <charconv>
#include <set>

#include "base/log.h"
#include "json/field_reader.h"

namespace fathom {
namespace {

constexpr std::array kFields = {
    "messages",
    "prompt",
    "tools",
    "thinking",
    "response_format",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "seed",
    "stop",
    "stop_token_ids",
    "ignore_eos",
    "min_tokens",
    "max_tokens",
    "logprobs",
    "top_logprobs",
};

Status TakeUnknown(const json::Object& object, UnknownFields unknown) {
  static std::set<std::string> warned;  // of one thread: the one that reads the stream
  for (const json::Member& member : object) {
    bool known = false;
    for (const std::string_view field : kFields) known |= field == member.key;
    if (known) continue;
    if (unknown == UnknownFields::kRefuse) {
      return InvalidArgument("field \"{}\" is not known", member.key);
    }
    if (warned.insert(member.key).second) {
      LogWarning("field \"{}\" is not known and is ignored", member.key);
    }
  }
  return {};
}

Status ReadSampling(const json::FieldReader& fields, SamplingParams* p) {
  FATHOM_ASSIGN_OR_RETURN(p->temperature, fields.NumberOr("temperature", p->temperature));
  FATHOM_ASSIGN_OR_RETURN(p->top_p, fields.NumberOr("top_p", p->top_p));
  FATHOM_ASSIGN_OR_RETURN(p->top_k, fields.IntOr("top_k", p->top_k));
  FATHOM_ASSIGN_OR_RETURN(p->min_p, fields.NumberOr("min_p", p->min_p));
  FATHOM_ASSIGN_OR_RETURN(p->repetition_penalty,
                          fields.NumberOr("repetition_penalty", p->repetition_penalty));
  FATHOM_ASSIGN_OR_RETURN(p->presence_penalty,
                          fields.NumberOr("presence_penalty", p->presence_penalty));
  FATHOM_ASSIGN_OR_RETURN(p->frequency_penalty,
                          fields.NumberOr("frequency_penalty", p->frequency_penalty));
  FATHOM_ASSIGN_OR_RETURN(p->ignore_eos, fields.BoolOr("ignore_eos", p->ignore_eos));
  FATHOM_ASSIGN_OR_RETURN(p->min_tokens, fields.IntOr("min_tokens", p->min_tokens));
  FATHOM_ASSIGN_OR_RETURN(p->max_tokens, fields.IntOr("max_tokens", p->max_tokens));
  FATHOM_ASSIGN_OR_RETURN(p->logprobs, fields.BoolOr("logprobs", p->logprobs));
  FATHOM_ASSIGN_OR_RETURN(p->top_logprobs, fields.IntOr("top_logprobs", p->top_logprobs));
  if (const json::Value* seed = fields.object().Find("seed"); seed != nullptr && !seed->is_null()) {
    FATHOM_ASSIGN_OR_RETURN(const int64_t value, fields.Int("seed"));
    p->seed = static_cast<uint64_t>(value);
  }
  return {};
}

Result<std::vector<int32_t>> ReadTokenIds(const json::FieldReader& fields, const char* name) {
  constexpr int64_t kLargestId = (int64_t{1} << 31) - 1;
  FATHOM_ASSIGN_OR_RETURN(const json::Array* array, fields.Arr(name));
  std::vector<int32_t> ids;
  ids.reserve(array->size());
  for (const json::Value& id : *array) {
    const auto number = id.AsInt64();
    if (!number || *number < 0 || *number > kLargestId) {
      return json::WrongKind(name, "token ids", id);
    }
    ids.push_back(static_cast<int32_t>(*number));
  }
  return ids;
}

Status ReadTokenLists(const json::FieldReader& fields, SamplingParams* p) {
  if (fields.Has("stop_token_ids")) {
    FATHOM_ASSIGN_OR_RETURN(p->stop_token_ids, ReadTokenIds(fields, "stop_token_ids"));
  }
  if (fields.Has("logit_bias")) {
    FATHOM_ASSIGN_OR_RETURN(const json::Object* bias, fields.Obj("logit_bias"));
    for (const json::Member& member : *bias) {
      int32_t id = -1;
      const char* end = member.key.data() + member.key.size();
      const auto parsed = std::from_chars(member.key.data(), end, id);
      const auto value = member.value.AsDouble();
      if (parsed.ec != std::errc() || parsed.ptr != end || !value) {
        return InvalidArgument("logit_bias: expected token ids with numbers, found \"{}\"",
                               member.key);
      }
      p->logit_bias[id] = *value;
    }
  }
  return {};
}

Status ReadStops(const json::Value* value, std::vector<std::string>* stops) {
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) {
    stops->push_back(value->string());
    return {};
  }
  if (!value->is_array()) return json::WrongKind("stop", "string or array of strings", *value);
  for (const json::Value& stop : value->array()) {
    if (!stop.is_string()) return json::WrongKind("stop", "array of strings", stop);
    stops->push_back(stop.string());
  }
  return {};
}

Status ReadConversation(const json::FieldReader& fields, TextRequest* request) {
  const json::Object& object = fields.object();
  const json::Value* messages = object.Find("messages");
  if (messages == nullptr) return InvalidArgument("messages: missing");
  FATHOM_ASSIGN_OR_RETURN(request->messages, chat::MessagesFromJson(*messages, "messages"));
  const json::Value* tools = object.Find("tools");
  const json::Value* format = object.Find("response_format");
  const bool has_tools = tools != nullptr && !tools->is_null();
  const bool has_format = format != nullptr && !format->is_null();
  if (has_tools || has_format) {
    std::vector<chat::ToolDefinition> definitions;
    if (has_tools) {
      FATHOM_ASSIGN_OR_RETURN(definitions, chat::ToolsFromJson(*tools, "tools"));
    }
    chat::AttachTools(std::move(definitions), has_format ? *format : json::Value(),
                      &request->messages);
  }
  FATHOM_ASSIGN_OR_RETURN(const bool thinking, fields.BoolOr("thinking", false));
  request->thinking = thinking ? chat::ThinkingMode::kThinking : chat::ThinkingMode::kChat;
  return {};
}

Status ReadPrompt(const json::FieldReader& fields, TextRequest* request) {
  for (const std::string_view name : {"messages", "tools", "thinking", "response_format"}) {
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
                                    UnknownFields unknown) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, ""));
  FATHOM_RETURN_IF_ERROR(TakeUnknown(*object, unknown));
  const json::FieldReader fields(*object, "");
  TextRequest request;
  FATHOM_RETURN_IF_ERROR(object->Find("prompt") == nullptr ? ReadConversation(fields, &request)
                                                           : ReadPrompt(fields, &request));
  request.sampling = defaults;
  FATHOM_RETURN_IF_ERROR(ReadSampling(fields, &request.sampling));
  FATHOM_RETURN_IF_ERROR(ReadTokenLists(fields, &request.sampling));
  FATHOM_RETURN_IF_ERROR(ReadStops(object->Find("stop"), &request.stop));
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
