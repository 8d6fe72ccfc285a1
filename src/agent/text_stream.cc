#include "agent/text_stream.h"

#include <algorithm>
#include <utility>

#include "chat/dsml.h"

namespace fathom {

Result<TextStream> TextStream::Create(const Tokenizer& tokenizer,
                                      const TextStreamOptions& options) {
  FATHOM_ASSIGN_OR_RETURN(StopScanner scanner, StopScanner::Create(options.stops));
  return TextStream(tokenizer, options, std::move(scanner));
}

TextStream::TextStream(const Tokenizer& tokenizer, const TextStreamOptions& options,
                       StopScanner scanner)
    : tokenizer_(&tokenizer),
      decoder_(tokenizer.vocabulary()),
      scanner_(std::move(scanner)),
      options_(options),
      parser_(std::make_unique<chat::StreamParser>(options.parser)) {}

void TextStream::PushOpening(const chat::Segment& segment, std::vector<chat::StreamEvent>* events) {
  if (segment.special) {
    parser_->PushSpecial(segment.text, events);
  } else {
    parser_->PushText(segment.text, events);
  }
}

std::optional<std::string> TextStream::stop_string() const {
  if (!scanner_.hit()) return std::nullopt;
  return options_.stops[*scanner_.hit()];
}

void TextStream::Push(const TokenEvent& event, std::vector<chat::StreamEvent>* events) {
  using Cause = chat::StreamParser::Cause;
  const size_t before = events->size();
  if (event.token && !IsBareStop(event)) PushToken(event.token->token, events);
  if (options_.single_call) EndBehindCall(before, events);
  if (!event.finish || done()) return;
  PushText(decoder_.Flush(), events);
  if (done()) return;
  switch (*event.finish) {
    case FinishReason::kStop:
      return Finish(Cause::kEndOfText, events);
    case FinishReason::kLength:
      return Finish(Cause::kLength, events);
    case FinishReason::kCancelled:
    case FinishReason::kError:
      return Finish(Cause::kCancelled, events);
  }
}

// What the token brought besides the first call's end, the beginning of a second one say, is taken
// back.
void TextStream::EndBehindCall(size_t from, std::vector<chat::StreamEvent>* events) {
  if (done()) return;
  const auto first = events->begin() + static_cast<ptrdiff_t>(from);
  const auto end = std::find_if(first, events->end(), [](const chat::StreamEvent& event) {
    return event.kind == chat::EventKind::kToolCallEnd;
  });
  if (end == events->end()) return;
  events->erase(end + 1, events->end());
  parser_->Finish(chat::StreamParser::Cause::kStopString, events);
}

// A token that ends the text without being part of it: any stop token but the end of sentence,
// which the parser wants to see.
bool TextStream::IsBareStop(const TokenEvent& event) const {
  return event.finish == FinishReason::kStop &&
         tokenizer_->vocabulary().Bytes(event.token->token) != chat::kEos;
}

void TextStream::PushToken(int32_t token, std::vector<chat::StreamEvent>* events) {
  if (done()) return;
  const Vocabulary& vocabulary = tokenizer_->vocabulary();
  if (!vocabulary.IsAdded(token)) return PushText(decoder_.Push(token), events);
  if (options_.ignore_eos && vocabulary.Bytes(token) == chat::kEos) return;
  PushText(decoder_.Flush(), events);
  if (done()) return;
  // Special tokens are no text: a stop string neither contains one nor runs across it.
  parser_->PushText(scanner_.Finish(), events);
  parser_->PushSpecial(vocabulary.Bytes(token), events);
}

void TextStream::PushText(const std::string& text, std::vector<chat::StreamEvent>* events) {
  if (done()) return;
  parser_->PushText(scanner_.Add(text), events);
  if (scanner_.hit()) parser_->Finish(chat::StreamParser::Cause::kStopString, events);
}

void TextStream::Finish(chat::StreamParser::Cause cause, std::vector<chat::StreamEvent>* events) {
  parser_->PushText(scanner_.Finish(), events);
  parser_->Finish(cause, events);
}

}  // namespace fathom
