// Lines as they are typed → messages and commands.
//
//   a line                 is a message
//   a line \               goes on in the next one
//   """                    begins a message of several lines, which ends at a line that ends in """
//   /word …                is a command; a space before the slash makes it a message
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "terminal/line_editor.h"

namespace fathom {

struct Input {
  enum class Kind { kMessage, kCommand, kInterrupted, kEnd };
  Kind kind = Kind::kMessage;
  std::string text = {};
};

class MessageReader {
 public:
  using ReadLine = std::function<LineRead(std::string_view prompt)>;
  explicit MessageReader(ReadLine read) : read_(std::move(read)) {}

  // The next one that is not blank. An end within a message ends the message.
  Input Next();

 private:
  Input ReadBlock(std::string first);
  Input ReadContinued(std::string first);

  ReadLine read_;
};

// A line by itself, for input that nobody types: a command or a message.
Input ToInput(const std::string& line);
bool IsBlankLine(std::string_view line);

}  // namespace fathom
