#include "agent/form_fields.h"

#include <algorithm>
#include <utility>

namespace fathom {
namespace {

bool IsGiven(const json::Value* value) { return value != nullptr && !value->is_null(); }

// What chat::ToolsFromJson doesn't look at; whether the tool is strict.
Result<bool> CheckTool(const json::Value& tool, const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(tool, path));
  const json::FieldReader fields(*object, path);
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.StringOr("type", "function"));
  if (type != "function") {
    return Unsupported("{}.type: a tool of type '{}', but the model calls only functions", path,
                       type);
  }
  FATHOM_ASSIGN_OR_RETURN(const json::Object* function, fields.Obj("function"));
  const json::FieldReader function_fields(*function, fields.PathOf("function"));
  FATHOM_ASSIGN_OR_RETURN(const std::string name, function_fields.String("name"));
  FATHOM_RETURN_IF_ERROR(CheckToolName(name, function_fields.PathOf("name")));
  FATHOM_ASSIGN_OR_RETURN([[maybe_unused]] const std::string description,
                          function_fields.StringOr("description", ""));
  const json::Value* parameters = function->Find("parameters");
  if (IsGiven(parameters) && !parameters->is_object()) {
    return json::WrongKind(function_fields.PathOf("parameters"), "object", *parameters);
  }
  return ReadStrict(*function, function_fields.path());
}

Status ReadTools(const json::Object& request, FormRequest* out) {
  const json::Value* value = request.Find("tools");
  if (!IsGiven(value)) return {};
  if (!value->is_array()) return json::WrongKind("tools", "array", *value);
  const json::Array& array = value->array();
  if (array.size() > kMaxTools) return json::TooMany("tools", "tools", array.size(), kMaxTools);
  for (size_t i = 0; i < array.size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    FATHOM_ASSIGN_OR_RETURN(const bool strict, CheckTool(array[i], path));
    if (strict) out->form.strict_tools.push_back({i, path + ".function.parameters"});
  }
  FATHOM_ASSIGN_OR_RETURN(out->tools, chat::ToolsFromJson(*value, "tools"));
  return {};
}

// {"type": "function", "function": {"name": …}}
Status ReadNamedTool(const json::Value& choice, FormRequest* out) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(choice, "tool_choice"));
  const json::FieldReader fields(*object, "tool_choice");
  FATHOM_RETURN_IF_ERROR(CheckChoiceType(fields));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* function, fields.Obj("function"));
  const json::FieldReader function_fields(*function, fields.PathOf("function"));
  FATHOM_ASSIGN_OR_RETURN(std::string name, function_fields.String("name"));
  return TakeNamedTool(std::move(name), function_fields.PathOf("name"), "tools", out);
}

Status ReadToolChoice(const json::Object& request, FormRequest* out) {
  const json::Value* choice = request.Find("tool_choice");
  if (!IsGiven(choice)) return {};
  if (choice->is_object()) return ReadNamedTool(*choice, out);
  if (!choice->is_string()) return json::WrongKind("tool_choice", "string or object", *choice);
  return TakeToolChoice(choice->string(), "tools", out);
}

Status ReadResponseFormat(const json::Object& request, FormRequest* out) {
  const json::Value* value = request.Find("response_format");
  if (!IsGiven(value)) return {};
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(*value, "response_format"));
  const json::FieldReader fields(*object, "response_format");
  FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
  if (type == "text") return {};
  if (type == "json_schema") {
    FATHOM_ASSIGN_OR_RETURN(const json::Object* schema, fields.Obj("json_schema"));
    const json::FieldReader schema_fields(*schema, "response_format.json_schema");
    FATHOM_ASSIGN_OR_RETURN(const bool strict, ReadStrict(*schema, schema_fields.path()));
    FATHOM_ASSIGN_OR_RETURN([[maybe_unused]] const json::Object* rules,
                            schema_fields.Obj("schema"));
    if (strict) out->form.json_path = schema_fields.PathOf("schema");
  } else if (type == "json_object") {
    out->form.json_path = "response_format";
  } else {
    return Unsupported(
        "response_format.type: '{}' is no format (text, json_object or json_schema expected)",
        type);
  }
  out->response_format = *value;
  return {};
}

}  // namespace

Status TakeToolChoice(std::string_view word, std::string_view tools, FormRequest* out) {
  if (word == "auto") return {};
  if (word == "none") {
    out->tool_choice = ToolChoice::kNone;
    return {};
  }
  if (word != "required") {
    return InvalidArgument(
        "tool_choice: '{}' is no choice (none, auto, required or an object that names a function "
        "expected)",
        word);
  }
  if (out->tools.empty()) {
    return InvalidArgument("tool_choice: a call is required, but there are no {}", tools);
  }
  out->tool_choice = ToolChoice::kRequired;
  return {};
}

Status CheckChoiceType(const json::FieldReader& choice) {
  FATHOM_ASSIGN_OR_RETURN(const std::string type, choice.String("type"));
  if (type == "allowed_tools") {
    return Unsupported(
        "tool_choice.type: 'allowed_tools' can't be done; send only the tools that are allowed, "
        "with \"auto\" or \"required\"");
  }
  if (type != "function") {
    return Unsupported("tool_choice.type: '{}', but the model calls only functions", type);
  }
  return {};
}

Status TakeNamedTool(std::string name, std::string_view path, std::string_view tools,
                     FormRequest* out) {
  if (std::ranges::find(out->tools, name, &chat::ToolDefinition::name) == out->tools.end()) {
    return InvalidArgument("{}: '{}' is none of the {}", path, name, tools);
  }
  out->tool_choice = ToolChoice::kNamed;
  out->tool_name = std::move(name);
  return {};
}

Status CheckToolName(std::string_view name, std::string_view path) {
  if (name.empty()) return InvalidArgument("{}: empty", path);
  if (name.size() > kMaxToolNameBytes) {
    return json::TooMany(path, "bytes", name.size(), kMaxToolNameBytes);
  }
  const auto breaks_markup = [](char c) {
    return (c >= 0 && c < ' ') || c == '\x7f' || c == '"' || c == '<' || c == '>';
  };
  if (std::ranges::any_of(name, breaks_markup)) {
    return InvalidArgument("{}: a name can't hold quotes, <, > or control characters", path);
  }
  return {};
}

Result<bool> ReadStrict(const json::Object& object, std::string_view path) {
  return json::FieldReader(object, std::string(path)).BoolOr("strict", false);
}

Status CheckFormsOfMessages(std::span<const chat::Message> messages, const FormRequest& request) {
  const bool beside = !request.tools.empty() || !request.response_format.is_null() ||
                      request.tool_choice != ToolChoice::kAuto;
  for (size_t i = 0; i < messages.size(); ++i) {
    const chat::Message& message = messages[i];
    if (message.tools.empty() && message.response_format.is_null()) continue;
    if (beside) {
      return InvalidArgument(
          "messages[{}]: it has tools or a response_format, and so has the request: one place only",
          i);
    }
    // Read as if they stood beside the messages.
    json::Array tools;
    for (const chat::ToolDefinition& tool : message.tools) tools.push_back(tool.object);
    FormRequest read;
    const Status status = ReadToolFields(
        {{"tools", std::move(tools)}, {"response_format", message.response_format}}, &read);
    if (!status.ok()) return status.At(fmt::format("messages[{}]", i));
    if (!read.form.strict_tools.empty() || read.form.json_path) {
      return InvalidArgument(
          "messages[{}]: strict tools, strict schemas and json_object are guaranteed beside the "
          "messages, not on one",
          i);
    }
  }
  return {};
}

Status ReadToolFields(const json::Object& request, FormRequest* out) {
  FATHOM_RETURN_IF_ERROR(ReadTools(request, out));
  FATHOM_RETURN_IF_ERROR(ReadToolChoice(request, out));
  FATHOM_ASSIGN_OR_RETURN(out->parallel_tool_calls,
                          json::FieldReader(request, "").BoolOr("parallel_tool_calls", true));
  return ReadResponseFormat(request, out);
}

}  // namespace fathom
