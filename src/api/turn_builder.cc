#include "api/turn_builder.h"

#include <utility>

namespace fathom::api {
namespace {

using chat::Message;
using chat::Role;

void AddParagraph(std::string_view text, std::string* to) {
  if (!to->empty() && !text.empty()) to->append("\n\n");
  to->append(text);
}

// Whether a result may stand behind `message`.
bool AwaitsResults(const Message& message) {
  return message.role == Role::kTool || !message.tool_calls.empty();
}

}  // namespace

void TurnBuilder::Paragraph(Role role, std::string_view text) {
  if (messages_.empty() || messages_.back().role != role) {
    messages_.push_back({.role = role, .content = ""});
  }
  AddParagraph(text, &*messages_.back().content);
}

void TurnBuilder::Instructions(std::string_view text) {
  const bool in_front = messages_.empty() || messages_.back().role == Role::kSystem;
  Paragraph(in_front ? Role::kSystem : Role::kUser, text);
}

void TurnBuilder::User(std::string_view text) { Paragraph(Role::kUser, text); }

void TurnBuilder::Result(std::string call_id, std::string text) {
  const size_t size = messages_.size();
  const bool said_before = size > 0 && messages_.back().role == Role::kUser &&
                           (size == 1 || AwaitsResults(messages_[size - 2]));
  messages_.insert(
      messages_.end() - (said_before ? 1 : 0),
      {.role = Role::kTool, .content = std::move(text), .tool_call_id = std::move(call_id)});
}

Message& TurnBuilder::Assistant() {
  if (messages_.empty() || messages_.back().role != Role::kAssistant) {
    messages_.push_back({.role = Role::kAssistant});
  }
  return messages_.back();
}

void TurnBuilder::Reasoning(std::string_view text) { Assistant().reasoning.append(text); }

void TurnBuilder::Answer(std::string_view text) {
  Message& message = Assistant();
  if (!message.content) message.content.emplace();
  message.content->append(text);
}

void TurnBuilder::Call(chat::ToolCall call) { Assistant().tool_calls.push_back(std::move(call)); }

void TurnBuilder::Add(const Message& message) {
  const std::string_view content = message.content ? std::string_view(*message.content) : "";
  switch (message.role) {
    case Role::kSystem:
    case Role::kDeveloper:
      return Instructions(content);
    case Role::kUser:
      return User(content);
    case Role::kTool:
      return Result(message.tool_call_id, std::string(content));
    case Role::kAssistant:
      Reasoning(message.reasoning);
      if (message.content) Answer(content);
      for (const chat::ToolCall& call : message.tool_calls) Call(call);
  }
}

std::vector<Message> WithInstructions(std::string_view instructions,
                                      std::vector<Message> messages) {
  if (instructions.empty()) return messages;
  if (messages.empty() || messages.front().role != Role::kSystem) {
    messages.insert(messages.begin(), {.role = Role::kSystem, .content = ""});
  }
  std::string joined(instructions);
  AddParagraph(*messages.front().content, &joined);
  messages.front().content = std::move(joined);
  return messages;
}

}  // namespace fathom::api
