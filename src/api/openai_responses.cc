#include "api/openai_responses.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/form_fields.h"
#include "api/openai_fields.h"
#include "api/response_input.h"
#include "api/thinking_switch.h"
#include "api/turn_builder.h"
#include "base/check.h"
#include "chat/tool_results.h"
#include "json/field_reader.h"

namespace fathom::api {
namespace {

using json::FieldReader;
using json::Object;
using json::Value;

constexpr size_t kMaxResponseIdBytes = 256;
constexpr auto kMaxTopLogprobs = static_cast<int64_t>(ParamRow("top_logprobs").high);
constexpr size_t kMaxMetadata = 16;  // OpenAI's limits
constexpr size_t kMaxMetadataKeyBytes = 64, kMaxMetadataValueBytes = 512;

// One more for the list, within its bounds.
void NoteIgnored(std::string_view path, std::string word, std::vector<std::string>* ignored) {
  const Object note{{std::move(word), Value()}};
  const Status noted = SortOutFields(note, {}, {}, fmt::format("{}: ", path), ignored);
  FATHOM_CHECK(noted.ok(), "{}", noted.message());
}

bool IsGiven(const Value* value) { return value != nullptr && !value->is_null(); }

// OpenAI's flat form → that of the prompt. "strict" is not told to the model.
Result<chat::ToolDefinition> ReadFunction(const FieldReader& tool) {
  FATHOM_ASSIGN_OR_RETURN(const std::string name, tool.String("name"));
  FATHOM_RETURN_IF_ERROR(CheckToolName(name, tool.PathOf("name")));
  FATHOM_ASSIGN_OR_RETURN(const std::string description, tool.StringOr("description", ""));
  Object function{{"name", name}};
  if (!description.empty()) function.Set("description", description);
  if (const Value* parameters = tool.object().Find("parameters"); IsGiven(parameters)) {
    FATHOM_ASSIGN_OR_RETURN(const Object* schema, tool.Obj("parameters"));
    function.Set("parameters", *schema);
  }
  return chat::ToolDefinition{Object{{"type", "function"}, {"function", std::move(function)}}};
}

// Tools of other types run on OpenAI's servers or need calls that the model can't write. Agents
// send them by default, so they are passed over: the model is not told of them, and can't call
// them. `echo` gets the functions.
Status ReadTools(const FieldReader& body, AnswerRequest* out, json::Array* echo) {
  if (!IsGiven(body.object().Find("tools"))) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Array* tools, body.Arr("tools"));
  if (tools->size() > kMaxTools) return json::TooMany("tools", "tools", tools->size(), kMaxTools);
  for (size_t i = 0; i < tools->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    FATHOM_ASSIGN_OR_RETURN(const Object* tool, json::AsObject((*tools)[i], path));
    const FieldReader fields(*tool, path);
    FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
    if (type != "function") {
      NoteIgnored(path, type, &out->ignored_fields);
      continue;
    }
    FATHOM_ASSIGN_OR_RETURN(const bool strict, ReadStrict(*tool, path));
    if (strict) out->form.strict_tools.push_back({out->tools.size(), path + ".parameters"});
    FATHOM_ASSIGN_OR_RETURN(chat::ToolDefinition function, ReadFunction(fields));
    out->tools.push_back(std::move(function));
    echo->push_back((*tools)[i]);
  }
  return {};
}

Status ReadNamedTool(const Object& choice, AnswerRequest* out) {
  const FieldReader fields(choice, "tool_choice");
  FATHOM_RETURN_IF_ERROR(CheckChoiceType(fields));
  FATHOM_ASSIGN_OR_RETURN(std::string name, fields.String("name"));
  return TakeNamedTool(std::move(name), fields.PathOf("name"), "functions", out);
}

Status ReadToolChoice(const FieldReader& body, AnswerRequest* out) {
  FATHOM_ASSIGN_OR_RETURN(out->parallel_tool_calls, body.BoolOr("parallel_tool_calls", true));
  const Value* choice = body.object().Find("tool_choice");
  if (!IsGiven(choice)) return {};
  if (choice->is_object()) return ReadNamedTool(choice->object(), out);
  if (!choice->is_string()) return json::WrongKind("tool_choice", "string or object", *choice);
  return TakeToolChoice(choice->string(), "functions to call", out);
}

// text.format, flat here, as the response_format of chat completions. `echo` gets the format.
Status ReadText(const FieldReader& body, AnswerRequest* out, Value* echo) {
  *echo = Object{{"type", "text"}};
  if (!IsGiven(body.object().Find("text"))) return {};
  FATHOM_ASSIGN_OR_RETURN(const Object* text, body.Obj("text"));
  constexpr std::string_view kKnown[] = {"format"};
  FATHOM_RETURN_IF_ERROR(SortOutFields(*text, kKnown, {}, "text.", &out->ignored_fields));
  const FieldReader text_fields(*text, "text");
  if (!IsGiven(text->Find("format"))) return {};
  FATHOM_ASSIGN_OR_RETURN(const Object* format, text_fields.Obj("format"));
  const FieldReader fields(*format, "text.format");
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
  *echo = *format;
  if (type == "text") return {};
  if (type == "json_object") {
    out->response_format = Object{{"type", type}};
    out->form.json_path = "text.format";
    return {};
  }
  if (type != "json_schema") {
    return Unsupported(
        "text.format.type: '{}' is no format (text, json_object or json_schema expected)", type);
  }
  FATHOM_ASSIGN_OR_RETURN(const bool strict, ReadStrict(*format, "text.format"));
  if (strict) out->form.json_path = "text.format.schema";
  FATHOM_ASSIGN_OR_RETURN(const std::string name, fields.StringOr("name", "answer"));
  FATHOM_ASSIGN_OR_RETURN(const Object* rules, fields.Obj("schema"));
  FATHOM_ASSIGN_OR_RETURN(const std::string description, fields.StringOr("description", ""));
  Object schema{{"name", name}};
  if (!description.empty()) schema.Set("description", description);
  schema.Set("schema", *rules);
  out->response_format = Object{{"type", type}, {"json_schema", std::move(schema)}};
  return {};
}

// {"effort": …, "summary": …}
Status ReadReasoning(const FieldReader& body, AnswerRequest* out, ResponseForm* form) {
  FATHOM_RETURN_IF_ERROR(ReadThinking(body.object(), out));
  if (!IsGiven(body.object().Find("reasoning"))) return {};
  FATHOM_ASSIGN_OR_RETURN(const Object* reasoning, body.Obj("reasoning"));
  const FieldReader fields(*reasoning, "reasoning");
  FATHOM_ASSIGN_OR_RETURN(const std::string older, fields.StringOr("generate_summary", "none"));
  FATHOM_ASSIGN_OR_RETURN(const std::string summary, fields.StringOr("summary", older));
  constexpr std::string_view kSummaries[] = {"auto", "concise", "detailed"};
  form->summary = std::ranges::find(kSummaries, summary) != std::end(kSummaries);
  if (!form->summary && summary != "none") {
    return InvalidArgument(
        "reasoning.summary: '{}' is no summary (auto, concise, detailed or none expected)",
        summary);
  }
  // The switch, which knows all dialects, knows nothing of summaries.
  std::erase(out->ignored_fields, "reasoning.summary");
  std::erase(out->ignored_fields, "reasoning.generate_summary");
  return {};
}

// What else the client wants in the answer.
Status ReadInclude(const FieldReader& body, AnswerRequest* out, ResponseForm* form) {
  FATHOM_ASSIGN_OR_RETURN(const int64_t top, body.IntOr("top_logprobs", 0, 0, kMaxTopLogprobs));
  if (!IsGiven(body.object().Find("include"))) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Array* include, body.Arr("include"));
  for (size_t i = 0; i < include->size(); ++i) {
    const std::string path = fmt::format("include[{}]", i);
    const Value& word = (*include)[i];
    if (!word.is_string()) return json::WrongKind(path, "string", word);
    if (word.string() == "reasoning.encrypted_content") {
      form->encrypted_content = true;
    } else if (word.string() == "message.output_text.logprobs") {
      out->sampling.logprobs = true;
      out->sampling.top_logprobs = top;
    } else {
      NoteIgnored(path, word.string(), &out->ignored_fields);
    }
  }
  return {};
}

Status CheckMetadata(const FieldReader& body) {
  if (!IsGiven(body.object().Find("metadata"))) return {};
  FATHOM_ASSIGN_OR_RETURN(const Object* metadata, body.Obj("metadata"));
  if (metadata->size() > kMaxMetadata) {
    return json::TooMany("metadata", "members", metadata->size(), kMaxMetadata);
  }
  const FieldReader fields(*metadata, "metadata");
  for (const json::Member& member : *metadata) {
    if (member.key.size() > kMaxMetadataKeyBytes) {
      return json::TooMany("metadata", "bytes in a key", member.key.size(), kMaxMetadataKeyBytes);
    }
    FATHOM_ASSIGN_OR_RETURN(const std::string value, fields.String(member.key));
    if (value.size() > kMaxMetadataValueBytes) {
      return json::TooMany(fields.PathOf(member.key), "bytes", value.size(),
                           kMaxMetadataValueBytes);
    }
  }
  return {};
}

Status ReadSmallFields(const FieldReader& body, AnswerRequest* out) {
  const Object& object = body.object();
  FATHOM_ASSIGN_OR_RETURN(out->model, ShortString(object, "model", kMaxModelNameBytes));
  FATHOM_ASSIGN_OR_RETURN(out->previous_response,
                          ShortString(object, "previous_response_id", kMaxResponseIdBytes));
  FATHOM_ASSIGN_OR_RETURN(out->user, ShortString(object, "user", kMaxUserBytes));
  FATHOM_ASSIGN_OR_RETURN(std::string newer,
                          ShortString(object, "safety_identifier", kMaxUserBytes));
  if (!newer.empty()) out->user = std::move(newer);
  FATHOM_ASSIGN_OR_RETURN(out->stream, body.BoolOr("stream", false));
  FATHOM_ASSIGN_OR_RETURN(out->store, body.BoolOr("store", true));
  SamplingParams& sampling = out->sampling;
  FATHOM_ASSIGN_OR_RETURN(sampling.max_tokens,
                          body.IntOr("max_output_tokens", sampling.max_tokens, 1, kNoTokenLimit));
  FATHOM_ASSIGN_OR_RETURN(sampling.temperature,
                          body.NumberOr("temperature", sampling.temperature, 0, 2));
  FATHOM_ASSIGN_OR_RETURN(sampling.top_p, body.NumberOr("top_p", sampling.top_p, 0, 1));
  FATHOM_ASSIGN_OR_RETURN(const std::string truncation, body.StringOr("truncation", "disabled"));
  if (truncation == "auto") {
    return Unsupported(
        "truncation: 'auto' drops the oldest items, which is not done here; use 'disabled', and a "
        "conversation that is too long is refused");
  }
  if (truncation != "disabled") {
    return InvalidArgument("truncation: '{}' is neither auto nor disabled", truncation);
  }
  return {};
}

// The request's part of the response object.
Object Echo(const FieldReader& body, const ResponseRequest& request, json::Array tools,
            Value format) {
  const auto given = [&](std::string_view name) {
    const Value* value = body.object().Find(name);
    return value != nullptr ? *value : Value();
  };
  const auto member = [](const Value& object, std::string_view name) {
    const Value* value = object.Find(name);
    return value != nullptr ? *value : Value();
  };
  const AnswerRequest& answer = request.answer;
  const Value reasoning = given("reasoning"), metadata = given("metadata");
  const Value choice = given("tool_choice");
  return Object{
      {"instructions", given("instructions")},
      {"max_output_tokens", given("max_output_tokens")},
      {"metadata", metadata.is_null() ? Value(Object{}) : metadata},
      {"parallel_tool_calls", answer.parallel_tool_calls},
      {"previous_response_id", given("previous_response_id")},
      {"reasoning",
       Object{{"effort", member(reasoning, "effort")}, {"summary", member(reasoning, "summary")}}},
      {"store", answer.store},
      {"temperature", answer.sampling.temperature},
      {"text", Object{{"format", std::move(format)}}},
      {"tool_choice", choice.is_null() ? Value("auto") : choice},
      {"tools", std::move(tools)},
      {"top_logprobs", answer.sampling.top_logprobs},
      {"top_p", answer.sampling.top_p},
      {"truncation", "disabled"},
      {"user", given("user")},
  };
}

// Ids say more here than places: a call may stand in an earlier response.
Status CheckOutputs(const std::vector<chat::Message>& history) {
  std::multimap<std::string_view, const chat::ToolCall*> open;
  const auto check_none_open = [&]() -> Status {
    if (open.empty()) return {};
    const chat::ToolCall& call = *open.begin()->second;
    return InvalidArgument("input: the call '{}' of {} has no function_call_output behind it",
                           call.id, call.name);
  };
  for (const chat::Message& message : history) {
    if (message.role != chat::Role::kTool) {
      FATHOM_RETURN_IF_ERROR(check_none_open());
      for (const chat::ToolCall& call : message.tool_calls) open.emplace(call.id, &call);
      continue;
    }
    const auto answered = open.find(message.tool_call_id);
    if (answered == open.end()) {
      return InvalidArgument(
          "input: the function_call_output of '{}' belongs to no call before it that waits for one",
          message.tool_call_id);
    }
    open.erase(answered);
  }
  return check_none_open();
}

// The prompt's messages from the history.
Status Complete(ResponseRequest* request) {
  FATHOM_RETURN_IF_ERROR(CheckOutputs(request->history));
  FATHOM_RETURN_IF_ERROR(chat::OrderToolResults(&request->history));
  request->answer.messages = WithInstructions(request->instructions, request->history);
  return {};
}

}  // namespace

Result<ResponseRequest> ReadResponse(const Value& body, const SamplingParams& defaults) {
  FATHOM_ASSIGN_OR_RETURN(const Object* object, json::AsObject(body, ""));
  const FieldReader fields(*object, "");
  ResponseRequest request;
  AnswerRequest& answer = request.answer;
  answer.sampling = defaults;
  std::vector<std::string_view> known(kResponseFields.begin(), kResponseFields.end());
  known.insert(known.end(), kThinkingFields.begin(), kThinkingFields.end());
  FATHOM_RETURN_IF_ERROR(
      SortOutFields(*object, known, kResponseRefused, "", &answer.ignored_fields));
  FATHOM_RETURN_IF_ERROR(ReadSmallFields(fields, &answer));
  FATHOM_RETURN_IF_ERROR(CheckMetadata(fields));
  json::Array tools;
  FATHOM_RETURN_IF_ERROR(ReadTools(fields, &answer, &tools));
  FATHOM_RETURN_IF_ERROR(ReadToolChoice(fields, &answer));
  Value format;
  FATHOM_RETURN_IF_ERROR(ReadText(fields, &answer, &format));
  FATHOM_RETURN_IF_ERROR(ReadReasoning(fields, &answer, &request.form));
  FATHOM_RETURN_IF_ERROR(ReadInclude(fields, &answer, &request.form));
  FATHOM_ASSIGN_OR_RETURN(request.instructions, fields.StringOr("instructions", ""));
  const Value* input = object->Find("input");
  if (!IsGiven(input)) return InvalidArgument("input: missing");
  FATHOM_ASSIGN_OR_RETURN(request.history, ReadInput(*input));
  if (answer.previous_response.empty()) FATHOM_RETURN_IF_ERROR(Complete(&request));
  request.form.echo = Echo(fields, request, std::move(tools), std::move(format));
  return request;
}

Status ContinueResponse(std::span<const chat::Message> earlier, ResponseRequest* request) {
  TurnBuilder turns(std::vector<chat::Message>(earlier.begin(), earlier.end()));
  for (const chat::Message& message : request->history) turns.Add(message);
  request->history = turns.Take();
  return Complete(request);
}

}  // namespace fathom::api
