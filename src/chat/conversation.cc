#include "chat/conversation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::chat {
namespace {

using json::Value;

constexpr std::array<std::pair<Role, std::string_view>, 5> kRoles = {{
    {Role::kSystem, "system"},
    {Role::kDeveloper, "developer"},
    {Role::kUser, "user"},
    {Role::kAssistant, "assistant"},
    {Role::kTool, "tool"},
}};

Result<Role> ReadRole(const json::FieldReader& fields) {
  FATHOM_ASSIGN_OR_RETURN(const std::string text, fields.String("role"));
  for (const auto& [role, name] : kRoles) {
    if (text == name) return role;
  }
  return InvalidArgument(
      "{}: '{}' is no role (system, developer, user, assistant or tool expected)",
      fields.PathOf("role"), text);
}

// A string, or a list of parts {"type": "text", "text": ...} whose texts are joined.
Result<std::string> ReadContent(const Value& content, const std::string& path) {
  if (content.is_string()) return content.string();
  if (!content.is_array()) {
    return json::WrongKind(path, "string or list of text parts", content);
  }
  std::string joined;
  for (size_t i = 0; i < content.array().size(); ++i) {
    const std::string part_path = fmt::format("{}[{}]", path, i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* part,
                            json::AsObject(content.array()[i], part_path));
    const json::FieldReader fields(*part, part_path);
    FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
    if (type != "text") {
      return Unsupported("{}: a part of type '{}', but the model reads only text", part_path, type);
    }
    FATHOM_ASSIGN_OR_RETURN(const std::string text, fields.String("text"));
    joined.append(text);
  }
  return joined;
}

Result<std::string> ReadArguments(const json::FieldReader& function) {
  const std::string path = function.PathOf("arguments");
  const Value* arguments = function.object().Find("arguments");
  if (arguments == nullptr) return InvalidArgument("{}: missing", path);
  if (arguments->is_object()) return json::Dump(*arguments, json::Style::kPython);
  if (!arguments->is_string()) {
    return json::WrongKind(path, "text of a JSON object", *arguments);
  }
  const Result<Value> parsed = json::Parse(arguments->string(), {.python_constants = true});
  if (!parsed.ok()) return parsed.status().At(path);
  if (!parsed->is_object()) return json::WrongKind(path, "text of a JSON object", *parsed);
  return arguments->string();
}

Result<std::vector<ToolCall>> ReadCalls(const Value& value, const std::string& path) {
  std::vector<ToolCall> calls;
  if (value.is_null()) return calls;
  if (!value.is_array()) return json::WrongKind(path, "array", value);
  for (size_t i = 0; i < value.array().size(); ++i) {
    const std::string call_path = fmt::format("{}[{}]", path, i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* call, json::AsObject(value.array()[i], call_path));
    const json::FieldReader fields(*call, call_path);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* function, fields.Obj("function"));
    const json::FieldReader function_fields(*function, fields.PathOf("function"));
    ToolCall& read = calls.emplace_back();
    FATHOM_ASSIGN_OR_RETURN(read.id, fields.StringOr("id", ""));
    FATHOM_ASSIGN_OR_RETURN(read.name, function_fields.String("name"));
    FATHOM_ASSIGN_OR_RETURN(read.arguments, ReadArguments(function_fields));
  }
  return calls;
}

}  // namespace

std::string_view Name(Role role) {
  return std::ranges::find(kRoles, role, [](const auto& row) { return row.first; })->second;
}

std::string_view ToolDefinition::name() const {
  const Value* function = object.Find("function");
  const Value* name = function != nullptr ? function->Find("name") : nullptr;
  return name != nullptr && name->is_string() ? std::string_view(name->string())
                                              : std::string_view();
}

Result<Message> MessageFromJson(const Value& value, std::string_view path) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, path));
  const json::FieldReader fields(*object, std::string(path));
  Message message;
  FATHOM_ASSIGN_OR_RETURN(message.role, ReadRole(fields));

  const Value* content = object->Find("content");
  if (content != nullptr && !content->is_null()) {
    FATHOM_ASSIGN_OR_RETURN(message.content, ReadContent(*content, fields.PathOf("content")));
  } else if (message.role != Role::kAssistant && message.role != Role::kSystem) {
    // The official encoder prints the word None here.
    return InvalidArgument("{}: a {} message needs content", fields.PathOf("content"),
                           Name(message.role));
  }
  if (message.role == Role::kDeveloper && message.content->empty()) {
    return InvalidArgument("{}: a developer message can't be empty", fields.PathOf("content"));
  }

  if (message.role == Role::kAssistant) {
    FATHOM_ASSIGN_OR_RETURN(const std::string alias, fields.StringOr("reasoning", ""));
    FATHOM_ASSIGN_OR_RETURN(message.reasoning, fields.StringOr("reasoning_content", alias));
    if (const Value* calls = object->Find("tool_calls")) {
      FATHOM_ASSIGN_OR_RETURN(message.tool_calls, ReadCalls(*calls, fields.PathOf("tool_calls")));
    }
  }
  if (message.role == Role::kTool) {
    FATHOM_ASSIGN_OR_RETURN(message.tool_call_id, fields.StringOr("tool_call_id", ""));
  }
  if (message.role == Role::kSystem || message.role == Role::kDeveloper) {
    if (const Value* tools = object->Find("tools")) {
      FATHOM_ASSIGN_OR_RETURN(message.tools, ToolsFromJson(*tools, fields.PathOf("tools")));
    }
    if (const Value* format = object->Find("response_format")) message.response_format = *format;
  }
  return message;
}

Result<std::vector<Message>> MessagesFromJson(const Value& value, std::string_view path) {
  if (!value.is_array()) return json::WrongKind(path, "array", value);
  std::vector<Message> messages;
  for (size_t i = 0; i < value.array().size(); ++i) {
    FATHOM_ASSIGN_OR_RETURN(Message message,
                            MessageFromJson(value.array()[i], fmt::format("{}[{}]", path, i)));
    messages.push_back(std::move(message));
  }
  return messages;
}

Result<std::vector<ToolDefinition>> ToolsFromJson(const Value& value, std::string_view path) {
  std::vector<ToolDefinition> tools;
  if (value.is_null()) return tools;
  if (!value.is_array()) return json::WrongKind(path, "array", value);
  for (size_t i = 0; i < value.array().size(); ++i) {
    const std::string tool_path = fmt::format("{}[{}]", path, i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* tool, json::AsObject(value.array()[i], tool_path));
    const json::FieldReader fields(*tool, tool_path);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* function, fields.Obj("function"));
    const json::FieldReader function_fields(*function, fields.PathOf("function"));
    FATHOM_ASSIGN_OR_RETURN(const std::string name, function_fields.String("name"));
    if (name.empty()) return InvalidArgument("{}: empty", function_fields.PathOf("name"));
    tools.push_back({value.array()[i]});
  }
  return tools;
}

Value ToJson(const Message& message) {
  json::Object object;
  object.Set("role", Name(message.role));
  object.Set("content", message.content ? Value(*message.content) : Value());
  if (!message.reasoning.empty()) object.Set("reasoning_content", message.reasoning);
  if (!message.tool_calls.empty()) {
    json::Array calls;
    for (const ToolCall& call : message.tool_calls) {
      json::Object written;
      if (!call.id.empty()) written.Set("id", call.id);
      written.Set("type", "function");
      written.Set("function",
                  json::Object{{"name", Value(call.name)}, {"arguments", Value(call.arguments)}});
      calls.emplace_back(std::move(written));
    }
    object.Set("tool_calls", std::move(calls));
  }
  if (!message.tool_call_id.empty()) object.Set("tool_call_id", message.tool_call_id);
  if (!message.tools.empty()) {
    json::Array tools;
    for (const ToolDefinition& tool : message.tools) tools.push_back(tool.object);
    object.Set("tools", std::move(tools));
  }
  if (!message.response_format.is_null()) object.Set("response_format", message.response_format);
  return object;
}

Value ToJson(std::span<const Message> messages) {
  json::Array array;
  for (const Message& message : messages) array.push_back(ToJson(message));
  return array;
}

void AttachTools(std::vector<ToolDefinition> tools, Value response_format,
                 std::vector<Message>* messages) {
  if (tools.empty() && response_format.is_null()) return;
  if (messages->empty() || messages->front().role != Role::kSystem) {
    messages->insert(messages->begin(), {.role = Role::kSystem, .content = ""});
  }
  Message& system = messages->front();
  std::ranges::move(tools, std::back_inserter(system.tools));
  if (!response_format.is_null()) system.response_format = std::move(response_format);
}

}  // namespace fathom::chat
