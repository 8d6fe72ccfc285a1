#include "api/anthropic_messages.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "agent/form_fields.h"
#include "agent/sampling_json.h"
#include "api/anthropic_blocks.h"
#include "api/openai_fields.h"
#include "json/field_reader.h"

namespace fathom::api {
namespace {

using json::FieldReader;
using json::Value;

// What Anthropic asks for at least.
constexpr int64_t kMinBudget = 1024;

// A function in OpenAI's form, which is what the prompt holds.
Result<chat::ToolDefinition> ReadTool(const Value& value, const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* tool, json::AsObject(value, path));
  const FieldReader fields(*tool, path);
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.StringOr("type", "custom"));
  if (type != "custom") {
    return Unsupported(
        "{}: a tool of type '{}' is one of Anthropic's own and not there; only tools with an "
        "input_schema can be offered",
        path, type);
  }
  FATHOM_ASSIGN_OR_RETURN(const std::string name, fields.String("name"));
  FATHOM_RETURN_IF_ERROR(CheckToolName(name, fields.PathOf("name")));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* schema, fields.Obj("input_schema"));
  json::Object function{{"name", name}};
  FATHOM_ASSIGN_OR_RETURN(const std::string description, fields.StringOr("description", ""));
  if (!description.empty()) function.Set("description", description);
  function.Set("parameters", *schema);
  return chat::ToolDefinition{
      json::Object{{"type", "function"}, {"function", std::move(function)}}};
}

Status ReadTools(const FieldReader& fields, AnswerRequest* request) {
  const Value* value = fields.object().Find("tools");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Array* tools, fields.Arr("tools"));
  if (tools->size() > kMaxTools) return json::TooMany("tools", "tools", tools->size(), kMaxTools);
  std::map<std::string, size_t, std::less<>> seen;
  for (size_t i = 0; i < tools->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    FATHOM_ASSIGN_OR_RETURN(chat::ToolDefinition tool, ReadTool((*tools)[i], path));
    FATHOM_ASSIGN_OR_RETURN(const bool strict, ReadStrict((*tools)[i].object(), path));
    if (strict) request->form.strict_tools.push_back({i, path + ".input_schema"});
    const auto [first, is_new] = seen.emplace(tool.name(), i);
    if (!is_new) {
      return InvalidArgument("{}.name: '{}' is the name of tools[{}] too", path, tool.name(),
                             first->second);
    }
    request->tools.push_back(std::move(tool));
  }
  return {};
}

Status ReadToolChoice(const FieldReader& body, AnswerRequest* request) {
  const Value* value = body.object().Find("tool_choice");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* choice, json::AsObject(*value, "tool_choice"));
  const FieldReader fields(*choice, "tool_choice");
  FATHOM_ASSIGN_OR_RETURN(const bool one_at_a_time,
                          fields.BoolOr("disable_parallel_tool_use", false));
  request->parallel_tool_calls = !one_at_a_time;
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
  if (type == "auto") return {};
  if (type == "none") {
    request->tool_choice = ToolChoice::kNone;
    return {};
  }
  if (type != "any" && type != "tool") {
    return InvalidArgument("tool_choice.type: '{}' is not auto, any, tool or none", type);
  }
  if (request->tools.empty()) {
    return InvalidArgument("tool_choice: asks for a call, but there are no tools");
  }
  request->tool_choice = ToolChoice::kRequired;
  if (type == "any") return {};
  FATHOM_ASSIGN_OR_RETURN(request->tool_name, fields.String("name"));
  request->tool_choice = ToolChoice::kNamed;
  if (std::ranges::find(request->tools, request->tool_name, &chat::ToolDefinition::name) ==
      request->tools.end()) {
    return InvalidArgument("tool_choice.name: there is no tool '{}'", request->tool_name);
  }
  return {};
}

// `max_tokens` is nothing for count_tokens.
Status ReadThinking(const FieldReader& body, std::optional<int64_t> max_tokens,
                    AnswerRequest* request) {
  const Value* guard = body.object().Find("loop_guard");
  if (guard != nullptr && !guard->is_null()) {
    FATHOM_ASSIGN_OR_RETURN(request->loop_guard, body.Bool("loop_guard"));
  }
  const Value* value = body.object().Find("thinking");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* thinking, json::AsObject(*value, "thinking"));
  const FieldReader fields(*thinking, "thinking");
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
  if (type != "enabled" && type != "disabled" && type != "adaptive") {
    return InvalidArgument("thinking.type: '{}' is not enabled, disabled or adaptive", type);
  }
  request->thinking = type != "disabled";
  if (type != "enabled") return {};
  FATHOM_ASSIGN_OR_RETURN(request->thinking_budget,
                          fields.Int("budget_tokens", kMinBudget, kNoTokenLimit));
  if (max_tokens && *request->thinking_budget >= *max_tokens) {
    return InvalidArgument("thinking.budget_tokens: {} is not below max_tokens, which is {}",
                           *request->thinking_budget, *max_tokens);
  }
  return {};
}

Status ReadStops(const FieldReader& fields, AnswerRequest* request) {
  const Value* value = fields.object().Find("stop_sequences");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Array* stops, fields.Arr("stop_sequences"));
  if (stops->size() > kMaxStops) {
    return json::TooMany("stop_sequences", "strings", stops->size(), kMaxStops);
  }
  for (size_t i = 0; i < stops->size(); ++i) {
    const std::string path = fmt::format("stop_sequences[{}]", i);
    const Value& stop = (*stops)[i];
    if (!stop.is_string()) return json::WrongKind(path, "string", stop);
    if (stop.string().empty()) return InvalidArgument("{}: empty", path);
    if (stop.string().size() > kMaxStopBytes) {
      return json::TooMany(path, "bytes", stop.string().size(), kMaxStopBytes);
    }
    request->stop.push_back(stop.string());
  }
  return {};
}

Status ReadUser(const FieldReader& body, AnswerRequest* request) {
  const Value* value = body.object().Find("metadata");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* metadata, json::AsObject(*value, "metadata"));
  const Result<std::string> user = ShortString(*metadata, "user_id", kMaxUserBytes);
  if (!user.ok()) return Status(user.status().code(), "metadata." + user.status().message());
  request->user = *user;
  return {};
}

Status ReadSampling(const FieldReader& fields, AnswerRequest* request) {
  SamplingParams& sampling = request->sampling;
  FATHOM_ASSIGN_OR_RETURN(sampling.temperature,
                          fields.NumberOr("temperature", sampling.temperature, 0, 1));
  FATHOM_ASSIGN_OR_RETURN(sampling.top_p, fields.NumberOr("top_p", sampling.top_p, 0, 1));
  FATHOM_ASSIGN_OR_RETURN(sampling.top_k, fields.IntOr("top_k", sampling.top_k, 0, kNoTokenLimit));
  return {};
}

// A schema for the answer is kept to: this API knows no other kind.
Status ReadOutputConfig(const FieldReader& body, AnswerRequest* request) {
  const Value* value = body.object().Find("output_config");
  if (value == nullptr || value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* config, json::AsObject(*value, "output_config"));
  constexpr std::string_view kKnown[] = {"format"};
  FATHOM_RETURN_IF_ERROR(
      SortOutFields(*config, kKnown, {}, "output_config.", &request->ignored_fields));
  const Value* format_value = config->Find("format");
  if (format_value == nullptr || format_value->is_null()) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* format,
                          json::AsObject(*format_value, "output_config.format"));
  const FieldReader fields(*format, "output_config.format");
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
  if (type != "json_schema") {
    return InvalidArgument("output_config.format.type: '{}' is not json_schema", type);
  }
  FATHOM_ASSIGN_OR_RETURN(const json::Object* schema, fields.Obj("schema"));
  request->form.json_path = "output_config.format.schema";
  request->response_format =
      json::Object{{"type", "json_schema"},
                   {"json_schema", json::Object{{"name", "answer"}, {"schema", Value(*schema)}}}};
  return {};
}

Result<AnswerRequest> Read(const Value& body, const SamplingParams& defaults, bool to_count) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(body, ""));
  const FieldReader fields(*object, "");
  AnswerRequest request;
  request.sampling = defaults;
  std::optional<int64_t> max_tokens;
  if (!to_count) {
    FATHOM_ASSIGN_OR_RETURN(max_tokens, fields.Int("max_tokens", 1, kNoTokenLimit));
    request.sampling.max_tokens = *max_tokens;
  }
  FATHOM_ASSIGN_OR_RETURN(request.model, ShortString(*object, "model", kMaxModelNameBytes));
  FATHOM_ASSIGN_OR_RETURN(request.stream, fields.BoolOr("stream", false));
  FATHOM_RETURN_IF_ERROR(ReadSampling(fields, &request));
  FATHOM_RETURN_IF_ERROR(ReadStops(fields, &request));
  FATHOM_RETURN_IF_ERROR(ReadUser(fields, &request));
  FATHOM_RETURN_IF_ERROR(ReadThinking(fields, max_tokens, &request));
  FATHOM_RETURN_IF_ERROR(ReadTools(fields, &request));
  FATHOM_RETURN_IF_ERROR(ReadToolChoice(fields, &request));
  FATHOM_RETURN_IF_ERROR(ReadOutputConfig(fields, &request));
  FATHOM_ASSIGN_OR_RETURN(request.messages, ReadBlocks(fields));
  request.prefix = request.messages.back().role == chat::Role::kAssistant;
  FATHOM_RETURN_IF_ERROR(
      SortOutFields(*object, kMessagesFields, kMessagesRefused, "", &request.ignored_fields));
  return request;
}

}  // namespace

Result<AnswerRequest> ReadMessages(const Value& body, const SamplingParams& defaults) {
  return Read(body, defaults, false);
}

Result<AnswerRequest> ReadCountTokens(const Value& body) { return Read(body, {}, true); }

Value CountTokensAnswer(int64_t input_tokens) {
  return json::Object{{"input_tokens", input_tokens}};
}

}  // namespace fathom::api
