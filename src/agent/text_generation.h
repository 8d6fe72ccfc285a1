// One answer on its way: the engine's tokens in, events out, the whole message in the end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/answer_guide.h"
#include "agent/text_prompt.h"
#include "agent/text_stream.h"
#include "base/clock.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "chat/message_builder.h"
#include "chat/stream_event.h"
#include "engine/request.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // of the prompt, found in the cache
  int64_t completion_tokens = 0;
  int64_t reasoning_tokens = 0;   // of completion_tokens, </think> included
  double prompt_seconds = 0;      // from submission to the first token
  double completion_seconds = 0;  // from the first token to the last
};

struct GeneratedMessage {
  chat::Message message;
  chat::StreamEnd end;             // why it ended, and what was repaired
  std::vector<Logprobs> logprobs;  // one a token, when the request asked for them
  std::vector<int32_t> tokens;
  std::optional<std::string> stop_string;  // the one that ended it
  std::optional<chat::ToolCall> cut_call;  // began and never ended; not part of the message
  uint64_t seed = 0;
  Usage usage;
  ThinkingEnd thinking_end = ThinkingEnd::kItself;
  bool form_complete = true;  // false: it was to have a form, and was cut off before it had it
  Status status;              // not ok: the engine gave up, and the message is what there was
};

// Serves one request, on one thread at a time.
class TextGeneration {
 public:
  // The reader of an answer and what the engine is asked for it; whose it is, and how it ranks, the
  // caller fills in.
  struct Begun;

  // The tokenizer outlives it. kInvalidArgument for an unusable stop string, and when the grammar
  // has no answer that begins as the request's opening does.
  static Result<Begun> Begin(const Tokenizer& tokenizer, std::shared_ptr<const AnswerTokens> tokens,
                             const TextRequest& request, TextPrompt prompt);

  // Appends what the event brings. Tokens that follow the answer's end are passed over.
  void Take(const TokenEvent& event, std::vector<chat::StreamEvent>* events);

  // The text ended, by a stop string say, and the engine doesn't know: cancel the request. Its last
  // event is still to be taken.
  bool ended_early() const { return stream_.done() && !complete_; }

  // The engine's last event was taken.
  bool complete() const { return complete_; }

  // Tokens and usage so far; whole, with the message, once complete().
  const GeneratedMessage& result() const { return result_; }
  GeneratedMessage& result() { return result_; }

 private:
  TextGeneration(const Tokenizer& tokenizer, TextStream stream,
                 std::shared_ptr<const AnswerGuide> guide);

  void Count(const TokenEvent& event);
  void Keep(size_t from, const std::vector<chat::StreamEvent>& events);

  const Tokenizer* tokenizer_;
  std::shared_ptr<const AnswerGuide> guide_;  // read once the engine has let go of it
  TextStream stream_;
  chat::MessageBuilder builder_;
  GeneratedMessage result_;
  Stopwatch watch_;
  bool in_reasoning_ = false;
  bool complete_ = false;
};

struct TextGeneration::Begun {
  TextGeneration text;
  GenerateRequest request;  // prompt, sampling and guide
};

}  // namespace fathom
