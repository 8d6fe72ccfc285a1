// A conversation as the rest of the program holds it: plain structs.
//
// MessageFromJson reads what servers receive and names what is wrong with it; ToJson makes the
// form that the official encoder reads. Nothing the encoder prints is lost on the way: a tool
// definition keeps its whole JSON object, an arguments text its bytes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/value.h"

namespace fathom::chat {

enum class ThinkingMode {
  kChat,      // answers at once
  kThinking,  // reasons first
};

enum class Role { kSystem, kDeveloper, kUser, kAssistant, kTool };

// "system" and so on.
std::string_view Name(Role role);

struct ToolCall {
  std::string id;  // the client's; the model never sees it
  std::string name;
  std::string arguments;  // the text of a JSON object
  bool operator==(const ToolCall&) const = default;
};

// {"type": "function", "function": {"name", "description", "parameters", ...}} as it was given.
struct ToolDefinition {
  json::Value object;

  // The function's name; empty when the object has none.
  std::string_view name() const;
  bool operator==(const ToolDefinition&) const = default;
};

struct Message {
  Role role = Role::kUser;
  std::optional<std::string> content = {};
  std::string reasoning = {};              // assistant
  std::vector<ToolCall> tool_calls = {};   // assistant
  std::string tool_call_id = {};           // tool: which call this is the result of
  std::vector<ToolDefinition> tools = {};  // system and developer
  json::Value response_format = {};        // system and developer; null for none
  bool operator==(const Message&) const = default;
};

// One message of an OpenAI-style request. Takes what clients send beside the official form:
// content as a list of text parts, arguments as an object, "reasoning" for "reasoning_content".
// `path` ("messages[2]") begins every error text.
Result<Message> MessageFromJson(const json::Value& value, std::string_view path);
Result<std::vector<Message>> MessagesFromJson(const json::Value& value, std::string_view path);

// A list of tool definitions, each with a function object that has a name.
Result<std::vector<ToolDefinition>> ToolsFromJson(const json::Value& value, std::string_view path);

json::Value ToJson(const Message& message);
json::Value ToJson(std::span<const Message> messages);

// Puts what stands beside the messages of a request where the encoder looks for it: on the first
// message when that is the system's, else on a new system message before it (spec 7.11).
void AttachTools(std::vector<ToolDefinition> tools, json::Value response_format,
                 std::vector<Message>* messages);

}  // namespace fathom::chat
