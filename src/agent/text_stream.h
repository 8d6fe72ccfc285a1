// Tokens of one generation → events: text decoded, special tokens told apart, stop strings found,
// reasoning, content and tool calls separated.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/stop_scanner.h"
#include "base/status.h"
#include "chat/prompt.h"
#include "chat/stream_parser.h"
#include "engine/request.h"
#include "tokenizer/stream_decoder.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

struct TextStreamOptions {
  chat::StreamOptions parser = {};
  std::vector<std::string> stops = {};
  // The model's end of sentence is passed over, as the engine does.
  bool ignore_eos = false;
  // The text ends behind its first tool call.
  bool single_call = false;
};

// Serves one generation, on one thread at a time.
class TextStream {
 public:
  // The tokenizer outlives the stream. kInvalidArgument for an unusable stop string.
  static Result<TextStream> Create(const Tokenizer& tokenizer, const TextStreamOptions& options);

  // Appends what the event brings; once done() is true, nothing.
  void Push(const TokenEvent& event, std::vector<chat::StreamEvent>* events);

  // A piece of the answer's beginning that was given and not generated; before the first Push.
  // Stop strings are not looked for.
  void PushOpening(const chat::Segment& segment, std::vector<chat::StreamEvent>* events);

  // The stop string that ended the text.
  std::optional<std::string> stop_string() const;

  // The text ended, here or in the engine. When it is the former (a stop string, a limit of the
  // parser), the request must still be cancelled.
  bool done() const { return parser_->done(); }

 private:
  TextStream(const Tokenizer& tokenizer, const TextStreamOptions& options, StopScanner scanner);

  bool IsBareStop(const TokenEvent& event) const;
  void PushToken(int32_t token, std::vector<chat::StreamEvent>* events);
  void PushText(const std::string& text, std::vector<chat::StreamEvent>* events);
  void Finish(chat::StreamParser::Cause cause, std::vector<chat::StreamEvent>* events);
  void EndBehindCall(size_t from, std::vector<chat::StreamEvent>* events);

  const Tokenizer* tokenizer_;
  StreamDecoder decoder_;
  StopScanner scanner_;
  TextStreamOptions options_;
  std::unique_ptr<chat::StreamParser> parser_;  // it does not move
};

}  // namespace fathom
