#include "talk/message_reader.h"

#include <utility>

namespace fathom {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";
constexpr std::string_view kPrompt = "> ", kMorePrompt = ". ";

Input Stopped(const LineRead& read) {
  Input input;
  input.kind = read.kind == LineRead::Kind::kEnd ? Input::Kind::kEnd : Input::Kind::kInterrupted;
  return input;
}

}  // namespace

bool IsBlankLine(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Input ToInput(const std::string& line) {
  return {line.starts_with('/') ? Input::Kind::kCommand : Input::Kind::kMessage, line};
}

Input MessageReader::Next() {
  while (true) {
    LineRead read = read_(kPrompt);
    if (read.kind != LineRead::Kind::kLine) return Stopped(read);
    if (IsBlankLine(read.line)) continue;
    // What was pasted is taken as it is.
    if (read.pasted) return {Input::Kind::kMessage, std::move(read.line)};
    if (read.line.starts_with(kQuotes)) {
      Input block = ReadBlock(read.line.substr(kQuotes.size()));
      if (block.kind == Input::Kind::kMessage && IsBlankLine(block.text)) continue;
      return block;
    }
    if (read.line.ends_with('\\')) return ReadContinued(std::move(read.line));
    return ToInput(read.line);
  }
}

Input MessageReader::ReadBlock(std::string first) {
  std::string text = std::move(first);
  bool any = !text.empty();  // `text` holds a line
  while (!(any && text.ends_with(kQuotes))) {
    LineRead read = read_(kMorePrompt);
    if (read.kind == LineRead::Kind::kInterrupted) return Stopped(read);
    if (read.kind == LineRead::Kind::kEnd) return {Input::Kind::kMessage, std::move(text)};
    if (any) text += '\n';
    text += read.line;
    any = true;
    // Quotes within a paste end nothing.
    if (read.pasted && text.ends_with(kQuotes)) text += '\n';
  }
  text.resize(text.size() - kQuotes.size());
  if (text.ends_with('\n')) text.pop_back();
  return {Input::Kind::kMessage, std::move(text)};
}

Input MessageReader::ReadContinued(std::string first) {
  std::string text = std::move(first);
  while (text.ends_with('\\')) {
    text.back() = '\n';
    LineRead read = read_(kMorePrompt);
    if (read.kind == LineRead::Kind::kInterrupted) return Stopped(read);
    if (read.kind == LineRead::Kind::kEnd) break;
    text += read.line;
    if (read.pasted) break;
  }
  while (text.ends_with('\n')) text.pop_back();
  return {Input::Kind::kMessage, std::move(text)};
}

}  // namespace fathom
