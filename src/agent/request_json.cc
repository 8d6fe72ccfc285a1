#include "agent/request_json.h"

#include <algorithm>
#include <array>
#include <set>

#include "agent/sampling_json.h"
#include "base/log.h"
#include "json/field_reader.h"

namespace fathom {
namespace {

// Beside kSamplingFields.
constexpr std::array kFields = {"messages", "prompt", "tools", "thinking", "response_format"};

Status TakeUnknown(const json::Object& object, UnknownFields unknown) {
  static std::set<std::string> warned;  // of one thread: the one that reads the stream
  for (const json::Member& member : object) {
    bool known = std::ranges::find(kSamplingFields, member.key) != kSamplingFields.end();
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
  FATHOM_RETURN_IF_ERROR(ReadLogprobs(fields, &request.sampling));
  FATHOM_ASSIGN_OR_RETURN(request.stop, ReadStops(fields));
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
