#include "talk/transcript.h"

#include <algorithm>
#include <utility>

#include "chat/encode.h"
#include "json/field_reader.h"

namespace fathom {

void Transcript::SetSystem(const std::optional<std::string>& text) {
  if (system()) entries_.erase(entries_.begin());
  if (!text) return;
  chat::Message message;
  message.role = chat::Role::kSystem;
  message.content = *text;
  entries_.insert(entries_.begin(), {std::move(message), false});
}

std::optional<std::string> Transcript::system() const {
  if (entries_.empty() || entries_[0].message.role != chat::Role::kSystem) return std::nullopt;
  return entries_[0].message.content.value_or("");
}

void Transcript::AddQuestion(std::string text) {
  chat::Message message;
  message.content = std::move(text);
  entries_.push_back({std::move(message), false});
}

void Transcript::AddAnswer(std::vector<chat::Message> said, bool stopped) {
  for (chat::Message& message : said) entries_.push_back({std::move(message), false});
  if (!said.empty()) entries_.back().stopped = stopped;
}

void Transcript::Replace(std::vector<chat::Message> messages, bool stopped) {
  entries_.clear();
  AddAnswer(std::move(messages), stopped);
}

size_t Transcript::LastQuestion() const {
  for (size_t i = entries_.size(); i > 0; --i) {
    if (entries_[i - 1].message.role == chat::Role::kUser) return i - 1;
  }
  return entries_.size();
}

std::optional<std::string> Transcript::Undo() {
  const size_t question = LastQuestion();
  if (question == entries_.size()) return std::nullopt;
  const std::string text = entries_[question].message.content.value_or("");
  entries_.resize(question);
  return text;
}

bool Transcript::DropAnswer() {
  const size_t question = LastQuestion();
  if (question == entries_.size()) return false;
  entries_.resize(question + 1);
  return true;
}

void Transcript::Clear() {
  const bool keep = system().has_value();
  entries_.resize(keep ? 1 : 0);
}

std::vector<chat::Message> Transcript::messages() const {
  std::vector<chat::Message> messages;
  for (const Entry& entry : entries_) messages.push_back(entry.message);
  return messages;
}

size_t Transcript::questions() const {
  return static_cast<size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [](const Entry& entry) { return entry.message.role == chat::Role::kUser; }));
}

json::Value Transcript::ToJson() const {
  json::Array messages;
  for (const Entry& entry : entries_) {
    json::Object message = chat::ToJson(entry.message).object();
    if (entry.stopped) message.Set("stopped", true);
    messages.push_back(std::move(message));
  }
  return json::Object{{"messages", std::move(messages)}};
}

Result<Transcript> Transcript::FromJson(const json::Value& value) {
  const json::Value* list = value.is_object() ? value.object().Find("messages") : &value;
  if (list == nullptr) return InvalidArgument("messages: missing");
  FATHOM_ASSIGN_OR_RETURN(std::vector<chat::Message> messages,
                          chat::MessagesFromJson(*list, "messages"));
  if (messages.empty()) return InvalidArgument("messages: expected at least one message");
  for (chat::Message& message : messages) message.tools.clear();
  if (const auto encoded = chat::Encode(messages, {}); !encoded.ok()) {
    return encoded.status().At("messages");
  }
  Transcript transcript;
  for (size_t i = 0; i < messages.size(); ++i) {
    const json::Value* stopped = list->array()[i].object().Find("stopped");
    const bool was_stopped = stopped != nullptr && stopped->is_bool() && stopped->boolean();
    transcript.entries_.push_back({std::move(messages[i]), was_stopped});
  }
  return transcript;
}

}  // namespace fathom
