// The engine with text round it: conversations in, streamed messages out, several at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "agent/grammar_cache.h"
#include "agent/text_generation.h"
#include "agent/text_prompt.h"
#include "base/status.h"
#include "chat/stream_event.h"
#include "engine/engine.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

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
  // The same where the request's prompt is made already.
  Result<RequestId> Submit(const TextRequest& request, TextPrompt prompt, TextCallbacks callbacks);

  // A step of the engine; false when nothing is left to run.
  bool Step();

  void Cancel(RequestId id) { engine_.Cancel(id); }

  // One request from start to end. `cancelled` is asked before every step.
  Result<GeneratedMessage> Generate(const TextRequest& request, const TextCallbacks& callbacks,
                                    const std::function<bool()>& cancelled);
  Result<GeneratedMessage> Generate(const TextRequest& request, TextPrompt prompt,
                                    const TextCallbacks& callbacks,
                                    const std::function<bool()>& cancelled);

  int64_t context() const { return engine_.context(); }  // tokens of prompt and answer together
  // What the forms of requests become. Any thread.
  GrammarCache& grammars() { return grammars_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  struct Generation {
    TextGeneration text;
    TextCallbacks callbacks;
  };

  TextEngine(Engine& engine, const Tokenizer& tokenizer);

  void Tell(const TextCallbacks& callbacks) const;  // stream_events_
  void Take(const TokenEvent& event);
  void ReportProgress();

  Engine& engine_;
  const Tokenizer& tokenizer_;
  const std::shared_ptr<const AnswerTokens> answer_tokens_;
  GrammarCache grammars_;
  std::map<RequestId, Generation> generations_;
  std::vector<TokenEvent> token_events_;
  std::vector<chat::StreamEvent> stream_events_;
};

}  // namespace fathom
