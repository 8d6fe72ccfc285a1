#include "api/anthropic_blocks.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "agent/form_fields.h"
#include "api/turn_builder.h"
#include "chat/tool_results.h"
#include "json/write.h"

namespace fathom::api {
namespace {

using json::FieldReader;
using json::Value;

// Calls `take(block, type)` for every block of a list; a string is one block of text. Empty texts
// are left out, as they say nothing.
Status ForEachBlock(const Value& content, const std::string& path,
                    const std::function<Status(const FieldReader&, const std::string&)>& take) {
  if (content.is_string()) {
    if (content.string().empty()) return {};
    const json::Object block{{"type", "text"}, {"text", content}};
    return take(FieldReader(block, path), "text");
  }
  if (!content.is_array()) return json::WrongKind(path, "string or list of blocks", content);
  for (size_t i = 0; i < content.array().size(); ++i) {
    const std::string block_path = fmt::format("{}[{}]", path, i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* block,
                            json::AsObject(content.array()[i], block_path));
    const FieldReader fields(*block, block_path);
    FATHOM_ASSIGN_OR_RETURN(const std::string type, fields.String("type"));
    FATHOM_RETURN_IF_ERROR(take(fields, type));
  }
  return {};
}

Status WrongType(const FieldReader& block, const std::string& type, std::string_view where) {
  constexpr std::string_view kNotText[] = {"image", "document", "search_result"};
  for (const std::string_view kind : kNotText) {
    if (type == kind) {
      return Unsupported("{}: a block of type '{}', but the model reads only text", block.path(),
                         type);
    }
  }
  return InvalidArgument("{}: a block of type '{}' can't stand in {}", block.path(), type, where);
}

// The texts of a string or a list of text blocks, one paragraph each.
Result<std::string> ReadTexts(const Value& content, const std::string& path,
                              std::string_view where) {
  std::string joined;
  const auto take = [&](const FieldReader& block, const std::string& type) -> Status {
    if (type != "text") return WrongType(block, type, where);
    FATHOM_ASSIGN_OR_RETURN(const std::string text, block.String("text"));
    if (!joined.empty() && !text.empty()) joined += "\n\n";
    joined += text;
    return {};
  };
  FATHOM_RETURN_IF_ERROR(ForEachBlock(content, path, take));
  return joined;
}

Result<std::string> FilledString(const FieldReader& fields, std::string_view name) {
  FATHOM_ASSIGN_OR_RETURN(std::string text, fields.String(name));
  if (text.empty()) return InvalidArgument("{}: empty", fields.PathOf(name));
  return text;
}

class HistoryReader {
 public:
  Status System(const Value& content) {
    FATHOM_ASSIGN_OR_RETURN(const std::string text, ReadTexts(content, "system", "system"));
    if (!text.empty()) turns_.Instructions(text);
    return {};
  }

  Status Message(const Value& value, const std::string& path) {
    FATHOM_ASSIGN_OR_RETURN(const json::Object* message, json::AsObject(value, path));
    const FieldReader fields(*message, path);
    FATHOM_ASSIGN_OR_RETURN(const std::string role, fields.String("role"));
    const Value* content = message->Find("content");
    const std::string content_path = fields.PathOf("content");
    if (content == nullptr) return InvalidArgument("{}: missing", content_path);
    if (role == "assistant") return Assistant(*content, content_path);
    if (role == "user") return User(*content, content_path);
    if (role != "system") {
      return InvalidArgument("{}: '{}' is no role (user, assistant or system expected)",
                             fields.PathOf("role"), role);
    }
    FATHOM_ASSIGN_OR_RETURN(const std::string text,
                            ReadTexts(*content, content_path, "a system message"));
    answering_ = false;
    if (!text.empty()) turns_.Instructions(text);
    return {};
  }

  Result<std::vector<chat::Message>> Finish() {
    FATHOM_RETURN_IF_ERROR(CheckAnswered());
    if (turns_.messages().empty() || turns_.messages().back().role == chat::Role::kSystem) {
      return InvalidArgument("messages: nothing in them to answer");
    }
    std::vector<chat::Message> messages = turns_.Take();
    FATHOM_RETURN_IF_ERROR(chat::OrderToolResults(&messages));
    return messages;
  }

 private:
  Status User(const Value& content, const std::string& path) {
    answering_ = false;
    bool any = false;
    const auto take = [&](const FieldReader& block, const std::string& type) -> Status {
      any = true;
      if (type == "tool_result") return ToolResult(block);
      if (type != "text") return WrongType(block, type, "a user message");
      FATHOM_ASSIGN_OR_RETURN(const std::string text, block.String("text"));
      if (!text.empty()) turns_.User(text);
      return {};
    };
    FATHOM_RETURN_IF_ERROR(ForEachBlock(content, path, take));
    if (!any) return InvalidArgument("{}: empty", path);
    return {};
  }

  Status Assistant(const Value& content, const std::string& path) {
    if (!answering_) FATHOM_RETURN_IF_ERROR(CheckAnswered());
    answering_ = true;
    const auto take = [&](const FieldReader& block, const std::string& type) -> Status {
      if (type == "tool_use") return ToolUse(block);
      if (type == "redacted_thinking") return {};
      if (type != "text" && type != "thinking") {
        return WrongType(block, type, "an assistant message");
      }
      FATHOM_ASSIGN_OR_RETURN(const std::string text, block.String(type));
      if (text.empty()) return {};
      if (type == "text") {
        turns_.Answer(text);
      } else {
        turns_.Reasoning(text);
      }
      return {};
    };
    return ForEachBlock(content, path, take);
  }

  Status ToolUse(const FieldReader& block) {
    chat::ToolCall call;
    FATHOM_ASSIGN_OR_RETURN(call.id, FilledString(block, "id"));
    FATHOM_ASSIGN_OR_RETURN(call.name, block.String("name"));
    FATHOM_RETURN_IF_ERROR(CheckToolName(call.name, block.PathOf("name")));
    FATHOM_ASSIGN_OR_RETURN(const json::Object* input, block.Obj("input"));
    call.arguments = json::Dump(*input, json::Style::kPython);
    open_calls_.emplace(call.id, block.path());
    turns_.Call(std::move(call));
    return {};
  }

  Status ToolResult(const FieldReader& block) {
    FATHOM_ASSIGN_OR_RETURN(std::string id, FilledString(block, "tool_use_id"));
    const auto call = open_calls_.find(id);
    if (call == open_calls_.end()) {
      return InvalidArgument(
          "{}: '{}' is no call of the assistant message before it that waits "
          "for a result",
          block.PathOf("tool_use_id"), id);
    }
    open_calls_.erase(call);
    FATHOM_ASSIGN_OR_RETURN(const bool failed, block.BoolOr("is_error", false));
    const Value* content = block.object().Find("content");
    std::string text;
    if (content != nullptr && !content->is_null()) {
      FATHOM_ASSIGN_OR_RETURN(text, ReadTexts(*content, block.PathOf("content"), "a tool result"));
    }
    // As the built-in tools tell the model of a failure.
    if (failed) text = json::Dump(json::Object{{"error", text}}, json::Style::kPython);
    turns_.Result(std::move(id), std::move(text));
    return {};
  }

  Status CheckAnswered() const {
    if (open_calls_.empty()) return {};
    const auto& [id, path] = *open_calls_.begin();
    return InvalidArgument("{}: the call '{}' has no tool_result in the user message after it",
                           path, id);
  }

  TurnBuilder turns_;
  std::multimap<std::string, std::string> open_calls_;  // id → path
  bool answering_ = false;  // the message before this one is the assistant's too
};

}  // namespace

Result<std::vector<chat::Message>> ReadBlocks(const FieldReader& body) {
  HistoryReader history;
  if (const Value* system = body.object().Find("system"); system != nullptr && !system->is_null()) {
    FATHOM_RETURN_IF_ERROR(history.System(*system));
  }
  FATHOM_ASSIGN_OR_RETURN(const json::Array* messages, body.Arr("messages"));
  for (size_t i = 0; i < messages->size(); ++i) {
    FATHOM_RETURN_IF_ERROR(history.Message((*messages)[i], fmt::format("messages[{}]", i)));
  }
  return history.Finish();
}

}  // namespace fathom::api
