#include "agent/text_generation.h"

#include <utility>

#include "agent/grammar_form.h"
#include "chat/dsml.h"

namespace fathom {
namespace {

// Of an opening what stands behind its reasoning.
std::string AnswerText(const chat::Prompt& opening) {
  std::string text;
  for (const chat::Segment& segment : opening.segments()) {
    text += segment.text;
    if (segment.special && segment.text == chat::kThinkClose) text.clear();
  }
  return text;
}

// Null where nothing is to be guided, which costs nothing.
Result<std::shared_ptr<AnswerGuide>> MakeAnswerGuide(std::shared_ptr<const AnswerTokens> tokens,
                                                     const TextRequest& request,
                                                     const TextPrompt& prompt) {
  const ThinkingLimits& limits = request.limits;
  std::unique_ptr<GrammarForm> form;
  if (request.grammar != nullptr) {
    form = std::make_unique<GrammarForm>(request.grammar);
    if (!prompt.in_reasoning && !form->Begin(AnswerText(request.opening))) {
      return InvalidArgument(
          "messages: the answer that the last one begins can't become one of the form that is "
          "asked for");
    }
  } else if (!limits.budget && !(limits.loop_guard && prompt.in_reasoning)) {
    return std::shared_ptr<AnswerGuide>();
  }
  return std::make_shared<AnswerGuide>(std::move(tokens), prompt.in_reasoning, limits,
                                       std::move(form));
}

}  // namespace

TextGeneration::TextGeneration(const Tokenizer& tokenizer, TextStream stream,
                               std::shared_ptr<const AnswerGuide> guide)
    : tokenizer_(&tokenizer), guide_(std::move(guide)), stream_(std::move(stream)) {}

Result<TextGeneration::Begun> TextGeneration::Begin(const Tokenizer& tokenizer,
                                                    std::shared_ptr<const AnswerTokens> tokens,
                                                    const TextRequest& request, TextPrompt prompt) {
  FATHOM_ASSIGN_OR_RETURN(const auto guide, MakeAnswerGuide(std::move(tokens), request, prompt));
  FATHOM_ASSIGN_OR_RETURN(TextStream stream, TextStream::Create(tokenizer, prompt.stream));
  TextGeneration text(tokenizer, std::move(stream), guide);
  text.result_.usage.prompt_tokens = static_cast<int64_t>(prompt.tokens.size());
  text.in_reasoning_ = prompt.in_reasoning;
  std::vector<chat::StreamEvent> known;  // to the client, who said it
  for (const chat::Segment& segment : request.opening.segments()) {
    text.stream_.PushOpening(segment, &known);
  }
  GenerateRequest generate;
  generate.prompt = std::move(prompt.tokens);
  generate.sampling = request.sampling;
  generate.guide = guide;
  return Begun{std::move(text), std::move(generate)};
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
  if (guide_ != nullptr) {
    result_.thinking_end = guide_->thinking_end();
    result_.form_complete = guide_->form_complete();
  }
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
