#include "api/response_input.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "agent/form_fields.h"
#include "api/turn_builder.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom::api {
namespace {

using json::FieldReader;
using json::Value;

bool IsGiven(const Value* value) { return value != nullptr && !value->is_null(); }

// A string, or a list of parts with a text each, joined by `between`.
Result<std::string> ReadParts(const Value& content, const std::string& path,
                              std::string_view between) {
  if (content.is_string()) return content.string();
  if (!content.is_array()) return json::WrongKind(path, "string or list of parts", content);
  constexpr std::string_view kTexts[] = {"input_text", "output_text", "text", "summary_text",
                                         "reasoning_text"};
  std::string joined;
  for (size_t i = 0; i < content.array().size(); ++i) {
    const std::string part_path = fmt::format("{}[{}]", path, i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* part,
                            json::AsObject(content.array()[i], part_path));
    const FieldReader fields(*part, part_path);
    FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
    const bool refusal = type == "refusal";  // what another model answered
    if (!refusal && std::ranges::find(kTexts, type) == std::end(kTexts)) {
      return Unsupported("{}: a part of type '{}', but the model reads only text", part_path, type);
    }
    FATHOM_ASSIGN_OR_RETURN(const std::string text, fields.String(refusal ? "refusal" : "text"));
    if (!joined.empty() && !text.empty()) joined += between;
    joined += text;
  }
  return joined;
}

constexpr std::string_view kParagraphs = "\n\n";
constexpr std::string_view kPieces = "";

Status ReadMessageItem(const FieldReader& item, TurnBuilder* turns) {
  FATHOM_ASSIGN_OR_RETURN(const std::string role, item.String("role"));
  const Value* content = item.object().Find("content");
  const std::string path = item.PathOf("content");
  if (content == nullptr) return InvalidArgument("{}: missing", path);
  const bool answer = role == "assistant";
  FATHOM_ASSIGN_OR_RETURN(const std::string text,
                          ReadParts(*content, path, answer ? kPieces : kParagraphs));
  if (answer) {
    turns->Answer(text);
  } else if (role == "user") {
    turns->User(text);
  } else if (role == "system" || role == "developer") {
    if (!text.empty()) turns->Instructions(text);
  } else {
    return InvalidArgument("{}: '{}' is no role (user, assistant, system or developer expected)",
                           item.PathOf("role"), role);
  }
  return {};
}

Result<std::string> ReadCallId(const FieldReader& item) {
  FATHOM_ASSIGN_OR_RETURN(std::string id, item.String("call_id"));
  if (id.empty()) return InvalidArgument("{}: empty", item.PathOf("call_id"));
  return id;
}

Status ReadCall(const FieldReader& item, TurnBuilder* turns) {
  chat::ToolCall call;
  FATHOM_ASSIGN_OR_RETURN(call.id, ReadCallId(item));
  FATHOM_ASSIGN_OR_RETURN(call.name, item.String("name"));
  FATHOM_RETURN_IF_ERROR(CheckToolName(call.name, item.PathOf("name")));
  FATHOM_ASSIGN_OR_RETURN(call.arguments, item.String("arguments"));
  const std::string path = item.PathOf("arguments");
  const Result<Value> parsed = json::Parse(call.arguments, {.python_constants = true});
  if (!parsed.ok()) return parsed.status().At(path);
  if (!parsed->is_object()) return json::WrongKind(path, "text of a JSON object", *parsed);
  turns->Call(std::move(call));
  return {};
}

Status ReadOutput(const FieldReader& item, TurnBuilder* turns) {
  FATHOM_ASSIGN_OR_RETURN(std::string id, ReadCallId(item));
  const Value* output = item.object().Find("output");
  const std::string path = item.PathOf("output");
  if (output == nullptr) return InvalidArgument("{}: missing", path);
  FATHOM_ASSIGN_OR_RETURN(std::string text, ReadParts(*output, path, kParagraphs));
  turns->Result(std::move(id), std::move(text));
  return {};
}

// The text itself where the client kept it, else what we gave as encrypted content, else what we
// gave as a summary.
Status ReadReasoning(const FieldReader& item, TurnBuilder* turns) {
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const Value* value = item.object().Find(name);
    if (!IsGiven(value)) return std::string();
    return ReadParts(*value, item.PathOf(name), kPieces);
  };
  FATHOM_ASSIGN_OR_RETURN(std::string text, read("content"));
  FATHOM_ASSIGN_OR_RETURN(const std::string kept, item.StringOr("encrypted_content", ""));
  FATHOM_ASSIGN_OR_RETURN(const std::string summary, read("summary"));
  if (text.empty() && kept.starts_with(kPlainReasoning)) text = kept.substr(kPlainReasoning.size());
  if (text.empty()) text = summary;
  if (!text.empty()) turns->Reasoning(text);
  return {};
}

Status ReadItem(const Value& value, const std::string& path, TurnBuilder* turns) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, path));
  const FieldReader item(*object, path);
  FATHOM_ASSIGN_OR_RETURN(const std::string type, item.StringOr("type", "message"));
  if (type == "message") return ReadMessageItem(item, turns);
  if (type == "function_call") return ReadCall(item, turns);
  if (type == "function_call_output") return ReadOutput(item, turns);
  if (type == "reasoning") return ReadReasoning(item, turns);
  if (type == "item_reference") {
    return Unsupported(
        "{}: items can't be named by their id; send the item itself, or "
        "previous_response_id",
        path);
  }
  return Unsupported(
      "{}: an item of type '{}', but only message, function_call, function_call_output and "
      "reasoning can be read",
      path, type);
}

}  // namespace

Result<std::vector<chat::Message>> ReadInput(const Value& input) {
  TurnBuilder turns;
  if (input.is_string()) {
    turns.User(input.string());
    return turns.Take();
  }
  if (!input.is_array()) return json::WrongKind("input", "string or list of items", input);
  for (size_t i = 0; i < input.array().size(); ++i) {
    FATHOM_RETURN_IF_ERROR(ReadItem(input.array()[i], fmt::format("input[{}]", i), &turns));
  }
  if (turns.messages().empty() || turns.messages().back().role == chat::Role::kSystem) {
    return InvalidArgument("input: nothing in it to answer");
  }
  if (turns.messages().back().role == chat::Role::kAssistant) {
    return InvalidArgument(
        "input[{}]: the last item is the assistant's; end with a message of the user or the output "
        "of a call",
        input.array().size() - 1);
  }
  return turns.Take();
}

}  // namespace fathom::api
