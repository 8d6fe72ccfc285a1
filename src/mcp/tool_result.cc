#include "mcp/tool_result.h"

#include <string_view>
#include <utility>

#include "json/field_reader.h"
#include "json/write.h"
#include "mcp/message.h"

namespace fathom::mcp {
namespace {

constexpr size_t kMaxNoteBytes = 500;  // of each text in a note

std::string Text(const json::Value& value, std::string_view name) {
  const json::Value* member = value.Find(name);
  return member != nullptr && member->is_string() ? member->string() : "";
}

std::string Note(const json::Value& value, std::string_view name) {
  return Cut(Text(value, name), kMaxNoteBytes);
}

// "[image: image/png, 1234 bytes]"; the size is that of what base64 stands for.
std::string BytesNote(std::string_view what, const json::Value& block, std::string_view member) {
  const json::Value* data = block.Find(member);
  const std::string_view base64 =
      data != nullptr && data->is_string() ? std::string_view(data->string()) : "";
  size_t digits = base64.size();
  while (digits > 0 && base64[digits - 1] == '=') --digits;
  const std::string type = Note(block, "mimeType");
  return fmt::format("[{}: {}, {} bytes]", what, type.empty() ? "of no type" : type,
                     digits * 3 / 4);
}

std::string LinkNote(const json::Value& block) {
  const std::string description = Note(block, "description");
  return fmt::format("[resource {}: {}{}]", Note(block, "name"), Note(block, "uri"),
                     description.empty() ? "" : ", " + description);
}

std::string ResourceText(const json::Value& block) {
  const json::Value* resource = block.Find("resource");
  if (resource == nullptr) return "[resource: empty]";
  if (const json::Value* text = resource->Find("text"); text != nullptr && text->is_string()) {
    return fmt::format("[resource {}]\n{}", Note(*resource, "uri"), text->string());
  }
  return BytesNote("resource " + Note(*resource, "uri"), *resource, "blob");
}

std::string BlockText(const json::Value& block) {
  const std::string type = Text(block, "type");
  if (type == "text") return Text(block, "text");
  if (type == "image" || type == "audio") return BytesNote(type, block, "data");
  if (type == "resource_link") return LinkNote(block);
  if (type == "resource") return ResourceText(block);
  return fmt::format("[content of the unknown type '{}']", Cut(type, kMaxNoteBytes));
}

}  // namespace

Result<ToolAnswer> ReadToolAnswer(const json::Value& result) {
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(result, "tools/call"));
  const json::FieldReader fields(*object, "tools/call");
  ToolAnswer answer;
  FATHOM_ASSIGN_OR_RETURN(answer.failed, fields.BoolOr("isError", false));
  const json::Value* structured = object->Find("structuredContent");
  const json::Value* content = object->Find("content");
  if (content == nullptr && structured == nullptr) {
    return InvalidArgument("tools/call: a result without content");
  }
  if (content != nullptr && !content->is_array()) {
    return json::WrongKind("tools/call.content", "array", *content);
  }
  bool has_text = false;
  for (const json::Value& block : content != nullptr ? content->array() : json::Array()) {
    const std::string text = BlockText(block);
    has_text = has_text || Text(block, "type") == "text";
    if (!answer.text.empty()) answer.text += '\n';
    answer.text += text;
  }
  if (structured != nullptr && !structured->is_null() && !has_text) {
    if (!answer.text.empty()) answer.text += '\n';
    answer.text += json::Dump(*structured, json::Style::kPython);
  }
  return answer;
}

}  // namespace fathom::mcp
