#include "agent/text_engine.h"

#include <utility>

#include "chat/dsml.h"
#include "chat/encode.h"

namespace fathom {

Result<std::unique_ptr<TextEngine>> TextEngine::Create(Engine& engine, const Tokenizer& tokenizer) {
  for (const std::string_view token : chat::kSpecialStrings) {
    const auto id = tokenizer.TokenId(token);
    if (!id || !tokenizer.vocabulary().IsAdded(*id)) {
      return Unsupported("the tokenizer has no token {}, which the chat format needs", token);
    }
  }
  return std::unique_ptr<TextEngine>(new TextEngine(engine, tokenizer));
}

std::vector<int32_t> TextEngine::Tokenize(const chat::Prompt& prompt) const {
  std::vector<TextSegment> segments;
  for (const chat::Segment& segment : prompt.segments()) {
    segments.push_back({segment.text, segment.special ? AllowSpecial::kYes : AllowSpecial::kNo});
  }
  return tokenizer_.Encode(segments);
}

Result<std::vector<int32_t>> TextEngine::PromptOf(const TextRequest& request,
                                                  chat::StreamOptions* parser) const {
  if (!request.prompt.empty()) {
    parser->start_in_reasoning = request.prompt.back() == tokenizer_.TokenId(chat::kThinkOpen);
    return request.prompt;
  }
  chat::EncodeOptions encode;
  encode.thinking_mode = request.thinking;
  FATHOM_ASSIGN_OR_RETURN(const chat::Prompt prompt, chat::Encode(request.messages, encode));
  parser->start_in_reasoning = prompt.EndsInReasoning();
  parser->plain_tags = false;
  for (const chat::Message& message : request.messages) {
    parser->plain_tags |= !message.tools.empty();
  }
  return Tokenize(prompt);
}

Result<RequestId> TextEngine::Submit(const TextRequest& request, TextCallbacks callbacks) {
  TextStreamOptions options;
  GenerateRequest generate;
  FATHOM_ASSIGN_OR_RETURN(generate.prompt, PromptOf(request, &options.parser));
  options.stops = request.stop;
  options.ignore_eos = request.sampling.ignore_eos;
  FATHOM_ASSIGN_OR_RETURN(TextStream stream, TextStream::Create(tokenizer_, options));
  generate.sampling = request.sampling;
  FATHOM_ASSIGN_OR_RETURN(const RequestId id, engine_.Submit(std::move(generate)));
  Generation generation{std::move(stream), std::move(callbacks), {}, {}, {}};
  const RequestProgress progress = *engine_.Progress(id);
  generation.result.usage.prompt_tokens = progress.prompt_tokens;
  generation.result.seed = progress.seed;
  generations_.emplace(id, std::move(generation));
  return id;
}

bool TextEngine::Step() {
  token_events_.clear();
  const bool more = engine_.Step(&token_events_);
  for (const TokenEvent& event : token_events_) Take(event);
  ReportProgress();
  return more;
}

void TextEngine::Take(const TokenEvent& event) {
  const auto found = generations_.find(event.request);
  FATHOM_CHECK(found != generations_.end(), "an event of request {}", event.request);
  Generation& generation = found->second;
  GeneratedMessage& result = generation.result;
  if (event.token && !generation.ended) {
    Usage& usage = result.usage;
    const double now = generation.watch.seconds();
    if (usage.completion_tokens++ == 0) {
      usage.prompt_seconds = now;
    } else {
      usage.completion_seconds = now - usage.prompt_seconds;
    }
    if (const auto progress = engine_.Progress(event.request)) {
      usage.cached_tokens = progress->cached_tokens;
    }
    result.tokens.push_back(event.token->token);
    if (generation.callbacks.on_token) generation.callbacks.on_token(event.token->token);
    if (event.token->logprobs) result.logprobs.push_back(*event.token->logprobs);
  }
  stream_events_.clear();
  generation.stream.Push(event, &stream_events_);
  for (const chat::StreamEvent& piece : stream_events_) {
    generation.builder.Add(piece);
    if (piece.kind == chat::EventKind::kEnd) result.end = piece.end;
    if (generation.callbacks.on_event) generation.callbacks.on_event(piece);
  }
  if (generation.stream.done() && !event.finish && !generation.ended) {
    engine_.Cancel(event.request);
    generation.ended = true;
  }
  if (!event.finish) return;
  result.message = generation.builder.message();
  result.status = event.status;
  const Generation done = std::move(generation);
  generations_.erase(found);
  if (done.callbacks.on_done) done.callbacks.on_done(done.result);
}

void TextEngine::ReportProgress() {
  for (auto& [id, generation] : generations_) {
    if (!generation.callbacks.on_progress || generation.result.usage.completion_tokens > 0)
      continue;
    if (const auto progress = engine_.Progress(id)) generation.callbacks.on_progress(*progress);
  }
}

Result<GeneratedMessage> TextEngine::Generate(const TextRequest& request,
                                              const TextCallbacks& callbacks,
                                              const std::function<bool()>& cancelled) {
  std::optional<GeneratedMessage> done;
  TextCallbacks own = callbacks;
  own.on_done = [&](const GeneratedMessage& message) {
    done = message;
    if (callbacks.on_done) callbacks.on_done(message);
  };
  FATHOM_ASSIGN_OR_RETURN(const RequestId id, Submit(request, std::move(own)));
  while (!done) {
    if (cancelled && cancelled()) Cancel(id);
    Step();
  }
  if (!done->status.ok()) return done->status;
  return *std::move(done);
}

}  // namespace fathom
