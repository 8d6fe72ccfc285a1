#include "agent/text_generation.h"

#include <utility>

#include "chat/dsml.h"

namespace fathom {

TextGeneration::TextGeneration(const Tokenizer& tokenizer, TextStream stream)
    : tokenizer_(&tokenizer), stream_(std::move(stream)) {}

Result<TextGeneration> TextGeneration::Create(const Tokenizer& tokenizer,
                                              const TextRequest& request, const TextPrompt& prompt,
                                              std::vector<chat::StreamEvent>* events) {
  FATHOM_ASSIGN_OR_RETURN(TextStream stream, TextStream::Create(tokenizer, prompt.stream));
  TextGeneration generation(tokenizer, std::move(stream));
  generation.result_.usage.prompt_tokens = static_cast<int64_t>(prompt.tokens.size());
  generation.in_reasoning_ = prompt.stream.parser.start_in_reasoning;
  std::vector<chat::StreamEvent> said;
  for (const chat::Segment& segment : request.opening.text.segments()) {
    generation.stream_.PushOpening(segment, &said);
    if (segment.special && segment.text == chat::kThinkClose) generation.in_reasoning_ = false;
  }
  if (request.opening.is_answer) {
    generation.Keep(0, said);
    events->insert(events->end(), said.begin(), said.end());
  }
  return generation;
}

void TextGeneration::Take(const TokenEvent& event, std::vector<chat::StreamEvent>* events) {
  if (event.cached_tokens > 0) result_.usage.cached_tokens = event.cached_tokens;
  if (event.token && !stream_.done()) Count(event);
  const size_t before = events->size();
  stream_.Push(event, events);
  Keep(before, *events);
  if (!event.finish) return;
  result_.message = builder_.message();
  if (result_.end.incomplete_call >= 0) result_.cut_call = builder_.open_call();
  result_.stop_string = stream_.stop_string();
  result_.status = event.status;
  complete_ = true;
}

void TextGeneration::Count(const TokenEvent& event) {
  Usage& usage = result_.usage;
  const double now = watch_.seconds();
  if (usage.completion_tokens++ == 0) {
    usage.prompt_seconds = now;
  } else {
    usage.completion_seconds = now - usage.prompt_seconds;
  }
  if (in_reasoning_) ++usage.reasoning_tokens;
  if (event.token->token == tokenizer_->TokenId(chat::kThinkClose)) in_reasoning_ = false;
  result_.tokens.push_back(event.token->token);
  if (event.token->logprobs) result_.logprobs.push_back(*event.token->logprobs);
}

void TextGeneration::Keep(size_t from, const std::vector<chat::StreamEvent>& events) {
  for (size_t i = from; i < events.size(); ++i) {
    builder_.Add(events[i]);
    if (events[i].kind == chat::EventKind::kEnd) result_.end = events[i].end;
  }
}

}  // namespace fathom
