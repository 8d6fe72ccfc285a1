// A client's history in pieces → the messages that the prompt is made of.
//
// Clients cut a turn into blocks or items and repeat roles, while in the prompt every user message
// opens an answer and every answer ends one. So the pieces of one turn are joined; results of tools
// stand right behind their calls, before what the user says beside them; instructions in front are
// one system message, and later ones are said in the user's turn, because the prompt has no other
// place for them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/conversation.h"

namespace fathom::api {

class TurnBuilder {
 public:
  TurnBuilder() = default;
  explicit TurnBuilder(std::vector<chat::Message> earlier) : messages_(std::move(earlier)) {}

  // Paragraphs: an empty line is put between two of one turn.
  void Instructions(std::string_view text);
  void User(std::string_view text);
  void Result(std::string call_id, std::string text);

  // Pieces of an answer, joined without anything between them.
  void Reasoning(std::string_view text);
  void Answer(std::string_view text);
  void Call(chat::ToolCall call);

  // A whole message, as the pieces that it is made of.
  void Add(const chat::Message& message);

  const std::vector<chat::Message>& messages() const { return messages_; }
  std::vector<chat::Message> Take() { return std::move(messages_); }

 private:
  void Paragraph(chat::Role role, std::string_view text);
  chat::Message& Assistant();

  std::vector<chat::Message> messages_;
};

// `messages` with `instructions` in front, as TurnBuilder places them.
std::vector<chat::Message> WithInstructions(std::string_view instructions,
                                            std::vector<chat::Message> messages);

}  // namespace fathom::api
