#include "api/openai_chat.h"

#include <array>
#include <unordered_set>

#include "agent/form_fields.h"
#include "agent/sampling_json.h"
#include "api/openai_fields.h"
#include "api/thinking_switch.h"
#include "chat/tool_results.h"
#include "json/field_reader.h"

namespace fathom::api {
namespace {

// Beside those of openai_fields.h, sampling_json.h and thinking_switch.h.
constexpr std::array kOwnFields = {
    std::string_view("messages"),
    std::string_view("tools"),
    std::string_view("tool_choice"),
    std::string_view("parallel_tool_calls"),
    std::string_view("response_format"),
    std::string_view("continue_final_message"),
    std::string_view("add_generation_prompt"),
    std::string_view("modalities"),
};

constexpr std::array kOwnRefused = {
    RefusedField{"audio", "the model writes text, no sound"},
    RefusedField{"web_search_options",
                 "the server searches nothing; give the model a tool that does"},
    RefusedField{"prediction", "a predicted output can't be made use of; leave it out"},
    RefusedField{"functions", "the old form of tools; send tools"},
    RefusedField{"function_call", "the old form of tool_choice; send tool_choice"},
    RefusedField{"chat_template", "the model has one format of chats, which can't be replaced"},
    RefusedField{"documents", "put documents into a message"},
    RefusedField{"echo", "only completions repeat the prompt"},
    RefusedField{"best_of", "every choice is returned; send n"},
};

Status SortOut(const json::Object& request, AnswerRequest* out) {
  static constexpr auto kKnown =
      JoinTables(kOwnFields, kCommonFields, kSamplingFields, kThinkingFields);
  static constexpr auto kRefused = JoinTables(kOwnRefused, kCommonRefused);
  FATHOM_RETURN_IF_ERROR(SortOutFields(request, kKnown, kRefused, "", &out->ignored_fields));
  const json::Value* modalities = request.Find("modalities");
  if (modalities == nullptr || modalities->is_null()) return {};
  if (!modalities->is_array()) return json::WrongKind("modalities", "array", *modalities);
  for (const json::Value& kind : modalities->array()) {
    if (!kind.is_string() || kind.string() != "text") {
      return Unsupported("modalities: the model writes only \"text\"");
    }
  }
  return {};
}

// What chat::MessagesFromJson passes over and may not be passed over here.
Status CheckMessageFields(const json::Value& message, const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(message, path));
  constexpr RefusedField kRefused[] = {
      {"function_call", "the old form of calls; send tool_calls"},
      {"audio", "the model reads only text"},
      {"tools", "tools stand beside the messages, not on one"},
      {"response_format", "it stands beside the messages, not on one"},
  };
  for (const RefusedField& row : kRefused) {
    const json::Value* value = object->Find(row.name);
    if (value != nullptr && !AsksForNothing(*value)) {
      return Unsupported("{}.{}: {}", path, row.name, row.why);
    }
  }
  const json::Value* calls = object->Find("tool_calls");
  if (calls == nullptr || !calls->is_array()) return {};
  for (size_t i = 0; i < calls->array().size(); ++i) {
    const std::string call_path = fmt::format("{}.tool_calls[{}]", path, i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* call, json::AsObject(calls->array()[i], call_path));
    FATHOM_ASSIGN_OR_RETURN(const std::string type,
                            json::FieldReader(*call, call_path).StringOr("type", "function"));
    if (type != "function") {
      return Unsupported("{}.type: '{}', but the model calls only functions", call_path, type);
    }
  }
  return {};
}

Status CheckCallIds(const std::vector<chat::Message>& messages) {
  std::unordered_set<std::string_view> ids;
  for (size_t i = 0; i < messages.size(); ++i) {
    const chat::Message& message = messages[i];
    for (size_t c = 0; c < message.tool_calls.size(); ++c) {
      const chat::ToolCall& call = message.tool_calls[c];
      if (call.id.empty()) return InvalidArgument("messages[{}].tool_calls[{}].id: missing", i, c);
      ids.insert(call.id);
    }
    if (message.role != chat::Role::kTool) continue;
    if (message.tool_call_id.empty()) {
      return InvalidArgument("messages[{}].tool_call_id: missing", i);
    }
    if (!ids.contains(message.tool_call_id)) {
      return InvalidArgument("messages[{}].tool_call_id: no call before it has the id '{}'", i,
                             message.tool_call_id);
    }
  }
  return {};
}

// Whether the last message is the beginning of the answer, as DeepSeek ("prefix" on it) or vLLM
// ("continue_final_message" on the request) says it.
Result<bool> ReadPrefix(const json::Object& request, const json::Array& raw,
                        const std::vector<chat::Message>& messages) {
  const std::string last = fmt::format("messages[{}]", raw.size() - 1);
  const bool ends_in_assistant = messages.back().role == chat::Role::kAssistant;
  bool prefix = false;
  for (size_t i = 0; i < raw.size(); ++i) {
    const json::FieldReader fields(raw[i].object(), fmt::format("messages[{}]", i));
    FATHOM_ASSIGN_OR_RETURN(const bool on, fields.BoolOr("prefix", false));
    if (on && (i + 1 < raw.size() || !ends_in_assistant)) {
      return InvalidArgument(
          "{}: only the last message, and that of the assistant, can be the beginning of the "
          "answer",
          fields.PathOf("prefix"));
    }
    prefix |= on;
  }
  const json::FieldReader fields(request, "");
  FATHOM_ASSIGN_OR_RETURN(const bool go_on, fields.BoolOr("continue_final_message", false));
  FATHOM_ASSIGN_OR_RETURN(const bool new_turn, fields.BoolOr("add_generation_prompt", !go_on));
  if (go_on && new_turn) {
    return InvalidArgument(
        "add_generation_prompt: a new turn can't begin where continue_final_message goes on with "
        "the last one");
  }
  if (!new_turn && !ends_in_assistant) {
    return InvalidArgument(
        "{}: the last message is not the assistant's, so there is nothing to go "
        "on with",
        go_on ? "continue_final_message" : "add_generation_prompt");
  }
  prefix |= !new_turn;
  if (ends_in_assistant && !prefix) {
    return InvalidArgument(
        "{}: the last message is the assistant's: set \"prefix\": true on it, or "
        "\"continue_final_message\": true on the request, to have it continued; else end with a "
        "message of the user or of a tool",
        last);
  }
  if (prefix && !messages.back().tool_calls.empty()) {
    return InvalidArgument("{}.tool_calls: the beginning of an answer is text; calls come last",
                           last);
  }
  return prefix;
}

Status ReadMessages(const json::Object& request, AnswerRequest* out) {
  const json::FieldReader fields(request, "");
  FATHOM_ASSIGN_OR_RETURN(const json::Array* raw, fields.Arr("messages"));
  if (raw->empty()) return InvalidArgument("messages: empty");
  if (raw->size() > kMaxMessages) {
    return json::TooMany("messages", "messages", raw->size(), kMaxMessages);
  }
  for (size_t i = 0; i < raw->size(); ++i) {
    FATHOM_RETURN_IF_ERROR(CheckMessageFields((*raw)[i], fmt::format("messages[{}]", i)));
  }
  const json::Value& value = *request.Find("messages");
  FATHOM_ASSIGN_OR_RETURN(out->messages, chat::MessagesFromJson(value, "messages"));
  FATHOM_RETURN_IF_ERROR(CheckCallIds(out->messages));
  FATHOM_ASSIGN_OR_RETURN(out->prefix, ReadPrefix(request, *raw, out->messages));
  if (out->messages.back().role == chat::Role::kSystem) {
    return InvalidArgument(
        "messages[{}]: the last message is the system's; the model answers a message of the user, "
        "the developer or a tool",
        raw->size() - 1);
  }
  return chat::OrderToolResults(&out->messages);
}

}  // namespace

Result<AnswerRequest> ReadChatCompletion(const json::Value& body, const SamplingParams& defaults) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* request, json::AsObject(body, ""));
  AnswerRequest out;
  FATHOM_RETURN_IF_ERROR(SortOut(*request, &out));
  FATHOM_RETURN_IF_ERROR(ReadMessages(*request, &out));
  FATHOM_RETURN_IF_ERROR(ReadToolFields(*request, &out));
  FATHOM_ASSIGN_OR_RETURN(CommonFields common, ReadCommonFields(*request));
  out.model = std::move(common.model);
  out.choices = common.choices;
  out.stream = common.stream;
  out.stream_usage = common.stream_usage;
  out.user = std::move(common.user);
  FATHOM_RETURN_IF_ERROR(ReadThinking(*request, &out));
  const json::FieldReader fields(*request, "");
  out.sampling = defaults;
  FATHOM_RETURN_IF_ERROR(ReadSampling(fields, &out.sampling));
  FATHOM_RETURN_IF_ERROR(ReadLogprobs(fields, &out.sampling));
  FATHOM_RETURN_IF_ERROR(out.sampling.ValidateNumbers());
  FATHOM_ASSIGN_OR_RETURN(out.stop, ReadStops(fields));
  return out;
}

}  // namespace fathom::api
