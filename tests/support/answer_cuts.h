// A completion in pieces through the streaming parser and a writer, streamed and whole.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/answer_writer.h"
#include "chat/stream_parser.h"
#include "support/answer_run.h"
#include "support/stream_run.h"

namespace fathom::test {

struct Answered {
  std::string bytes;
  api::FinishedAnswer finished;
};

// `next_cut(left)` says how many of the `left` bytes of a text piece come next, with their events
// handed over at once.
inline Answered StreamAnswer(api::AnswerWriter* writer, const api::AnswerHead& head,
                             std::string_view text, bool thinking, chat::StreamParser::Cause cause,
                             const api::AnswerUsage& usage,
                             const std::function<size_t(size_t)>& next_cut) {
  chat::StreamParser parser({.start_in_reasoning = thinking});
  ChoiceRun choice(writer, 0);
  Answered answered;
  writer->Begin(head, &answered.bytes);
  writer->PromptFound(usage.cached_tokens, &answered.bytes);
  std::vector<chat::StreamEvent> events;
  const auto flush = [&] {
    choice.Add(events, {}, &answered.bytes);
    events.clear();
  };
  for (const Piece& piece : SplitSpecials(text)) {
    if (piece.special) {
      parser.PushSpecial(piece.text, &events);
      flush();
      continue;
    }
    for (std::string_view left = piece.text; !left.empty();) {
      const size_t cut = next_cut(left.size());
      parser.PushText(left.substr(0, cut), &events);
      left.remove_prefix(cut);
      flush();
    }
  }
  parser.Finish(cause, &events);
  flush();
  answered.finished = choice.Finished();
  choice.End(&answered.bytes);
  writer->Finish(usage, &answered.bytes);
  return answered;
}

// Stops the program where the model's markup stands in a text that a person reads. Every tag has
// this token; other special strings may come together where one is taken out between two texts.
inline void CheckNoMarkup(std::string_view text) {
  FATHOM_CHECK(text.find(chat::kDsml) == std::string_view::npos, "markup in {}", text);
}

}  // namespace fathom::test
