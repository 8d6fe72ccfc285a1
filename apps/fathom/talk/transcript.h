// What was said in a conversation, and its form in a file.
//
// The file is the "messages" of an OpenAI-style request, so other programs can read and write it.
// An answer that was stopped also has "stopped": true, which they ignore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "chat/conversation.h"
#include "json/value.h"

namespace fathom {

class Transcript {
 public:
  // Without a text, there is no system message.
  void SetSystem(const std::optional<std::string>& text);
  std::optional<std::string> system() const;

  void AddQuestion(std::string text);
  // What followed the last question. `stopped`: the last of it is not complete.
  void AddAnswer(std::vector<chat::Message> said, bool stopped);

  // The conversation as it has become, in place of all that was: some of it has gone, since it
  // passed the context.
  void Replace(std::vector<chat::Message> messages, bool stopped);

  // Takes back the last question with everything after it; its text, or nothing when there is none.
  std::optional<std::string> Undo();
  // Takes back what followed the last question; false when there is no question.
  bool DropAnswer();
  // Everything but the system message.
  void Clear();

  std::vector<chat::Message> messages() const;
  size_t questions() const;

  json::Value ToJson() const;
  // An array of messages, or an object that has one as "messages". Fails unless the whole is a
  // conversation that can be encoded. Tool definitions are left out: a file can't bring tools that
  // could be run.
  static Result<Transcript> FromJson(const json::Value& value);

 private:
  struct Entry {
    chat::Message message;
    bool stopped = false;
  };
  // The index of the last question, or the number of entries.
  size_t LastQuestion() const;

  std::vector<Entry> entries_;
};

}  // namespace fathom
