// The engine with text round it: conversations in, streamed messages out, several at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/text_stream.h"
#include "base/clock.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "chat/message_builder.h"
#include "chat/prompt.h"
#include "chat/stream_event.h"
#include "engine/engine.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

struct TextRequest {
  std::vector<chat::Message> messages;  // tools stand on them: chat::AttachTools
  // Token ids instead of messages. What is generated is read as an answer all the same: it starts
  // inside the reasoning when the last id is that of <think>, and tools may be called.
  std::vector<int32_t> prompt;
  chat::ThinkingMode thinking = chat::ThinkingMode::kChat;
  SamplingParams sampling;
  std::vector<std::string> stop;
};

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // of the prompt, found in the cache
  int64_t completion_tokens = 0;
  double prompt_seconds = 0;      // from submission to the first token
  double completion_seconds = 0;  // from the first token to the last
};

struct GeneratedMessage {
  chat::Message message;
  chat::StreamEnd end;             // why it ended, and what was repaired
  std::vector<Logprobs> logprobs;  // one a token, when the request asked for them
  std::vector<int32_t> tokens;
  uint64_t seed = 0;
  Usage usage;
  Status status;  // not ok: the engine gave up, and the message is what there was
};

struct TextCallbacks {
  std::function<void(int32_t token)> on_token;              // before the events it brings
  std::function<void(const chat::StreamEvent&)> on_event;   // may be empty
  std::function<void(const RequestProgress&)> on_progress;  // after a step that read prompt
  std::function<void(const GeneratedMessage&)> on_done;     // called once
};

// Threads: all calls from one, the engine's. Callbacks run inside Step.
class TextEngine {
 public:
  // Both outlive it. kUnsupported when the tokenizer lacks a token of the chat format.
  static Result<std::unique_ptr<TextEngine>> Create(Engine& engine, const Tokenizer& tokenizer);

  Result<RequestId> Submit(const TextRequest& request, TextCallbacks callbacks);

  // A step of the engine; false when nothing is left to run.
  bool Step();

  void Cancel(RequestId id) { engine_.Cancel(id); }

  // One request from start to end. `cancelled` is asked before every step.
  Result<GeneratedMessage> Generate(const TextRequest& request, const TextCallbacks& callbacks,
                                    const std::function<bool()>& cancelled);

  // The token ids of a conversation's prompt.
  std::vector<int32_t> Tokenize(const chat::Prompt& prompt) const;

 private:
  // The ids, and how the answer to them is read.
  Result<std::vector<int32_t>> PromptOf(const TextRequest& request,
                                        chat::StreamOptions* parser) const;

  struct Generation {
    TextStream stream;
    TextCallbacks callbacks;
    chat::MessageBuilder builder;
    GeneratedMessage result;
    Stopwatch watch;
    bool ended = false;  // the stream's end has been reported; the engine's is awaited
  };

  TextEngine(Engine& engine, const Tokenizer& tokenizer) : engine_(engine), tokenizer_(tokenizer) {}

  void Take(const TokenEvent& event);
  void ReportProgress();

  Engine& engine_;
  const Tokenizer& tokenizer_;
  std::map<RequestId, Generation> generations_;
  std::vector<TokenEvent> token_events_;
  std::vector<chat::StreamEvent> stream_events_;
};

}  // namespace fathom
