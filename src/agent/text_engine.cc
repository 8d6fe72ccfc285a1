#include "agent/text_engine.h"

#include <optional>
#include <utility>

namespace fathom {
namespace {

// The schemas are those of who runs the engine: large ones have time, endless ones end.
constexpr grammar::GrammarLimits kOwnSchemas = {.seconds = 2};

}  // namespace

TextEngine::TextEngine(Engine& engine, const Tokenizer& tokenizer)
    : engine_(engine),
      tokenizer_(tokenizer),
      answer_tokens_(AnswerTokens::Make(tokenizer, engine.vocab_size(), engine.options().eos_ids)),
      grammars_(tokenizer, engine.vocab_size(), engine.options().eos_ids, kOwnSchemas) {}

Result<std::unique_ptr<TextEngine>> TextEngine::Create(Engine& engine, const Tokenizer& tokenizer) {
  FATHOM_RETURN_IF_ERROR(CheckChatTokens(tokenizer));
  return std::unique_ptr<TextEngine>(new TextEngine(engine, tokenizer));
}

Result<RequestId> TextEngine::Submit(const TextRequest& request, TextCallbacks callbacks) {
  FATHOM_ASSIGN_OR_RETURN(TextPrompt prompt, MakeTextPrompt(tokenizer_, request));
  return Submit(request, std::move(prompt), std::move(callbacks));
}

Result<RequestId> TextEngine::Submit(const TextRequest& request, TextPrompt prompt,
                                     TextCallbacks callbacks) {
  FATHOM_ASSIGN_OR_RETURN(
      TextGeneration::Begun begun,
      TextGeneration::Begin(tokenizer_, answer_tokens_, request, std::move(prompt)));
  FATHOM_ASSIGN_OR_RETURN(const RequestId id, engine_.Submit(std::move(begun.request)));
  begun.text.result().seed = engine_.Progress(id)->seed;
  generations_.emplace(id, Generation{std::move(begun.text), std::move(callbacks)});
  return id;
}

bool TextEngine::Step() {
  token_events_.clear();
  const bool more = engine_.Step(&token_events_);
  for (const TokenEvent& event : token_events_) Take(event);
  ReportProgress();
  return more;
}

void TextEngine::Tell(const TextCallbacks& callbacks) const {
  if (!callbacks.on_event) return;
  for (const chat::StreamEvent& piece : stream_events_) callbacks.on_event(piece);
}

void TextEngine::Take(const TokenEvent& event) {
  const auto found = generations_.find(event.request);
  FATHOM_CHECK(found != generations_.end(), "an event of request {}", event.request);
  Generation& generation = found->second;
  const GeneratedMessage& result = generation.text.result();
  const bool was_ended = generation.text.ended_early();
  const int64_t tokens = result.usage.completion_tokens;
  stream_events_.clear();
  generation.text.Take(event, &stream_events_);
  if (result.usage.completion_tokens > tokens && generation.callbacks.on_token) {
    generation.callbacks.on_token(event.token->token);
  }
  Tell(generation.callbacks);
  if (generation.text.ended_early() && !was_ended) engine_.Cancel(event.request);
  if (!generation.text.complete()) return;
  const Generation done = std::move(generation);
  generations_.erase(found);
  if (done.callbacks.on_done) done.callbacks.on_done(done.text.result());
}

void TextEngine::ReportProgress() {
  for (auto& [id, generation] : generations_) {
    if (!generation.callbacks.on_progress) continue;
    if (generation.text.result().usage.completion_tokens > 0) continue;
    if (const auto progress = engine_.Progress(id)) generation.callbacks.on_progress(*progress);
  }
}

Result<GeneratedMessage> TextEngine::Generate(const TextRequest& request,
                                              const TextCallbacks& callbacks,
                                              const std::function<bool()>& cancelled) {
  FATHOM_ASSIGN_OR_RETURN(TextPrompt prompt, MakeTextPrompt(tokenizer_, request));
  return Generate(request, std::move(prompt), callbacks, cancelled);
}

Result<GeneratedMessage> TextEngine::Generate(const TextRequest& request, TextPrompt prompt,
                                              const TextCallbacks& callbacks,
                                              const std::function<bool()>& cancelled) {
  std::optional<GeneratedMessage> done;
  TextCallbacks own = callbacks;
  own.on_done = [&](const GeneratedMessage& message) {
    done = message;
    if (callbacks.on_done) callbacks.on_done(message);
  };
  FATHOM_ASSIGN_OR_RETURN(const RequestId id, Submit(request, std::move(prompt), std::move(own)));
  while (!done) {
    if (cancelled && cancelled()) Cancel(id);
    Step();
  }
  if (!done->status.ok()) return done->status;
  return *std::move(done);
}

}  // namespace fathom
