// Runs the streaming parser over a text whose special strings arrive as tokens of their own.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/dsml.h"
#include "chat/stream_parser.h"

namespace fathom::test {

struct Piece {
  std::string text;
  bool special = false;
};

inline std::vector<Piece> SplitSpecials(std::string_view text) {
  std::vector<Piece> pieces;
  for (size_t at = 0; at < text.size();) {
    const auto* token = std::ranges::find_if(
        chat::kSpecialStrings, [&](std::string_view s) { return text.substr(at).starts_with(s); });
    if (token != chat::kSpecialStrings.end()) {
      pieces.push_back({std::string(*token), true});
      at += token->size();
    } else {
      if (pieces.empty() || pieces.back().special) pieces.emplace_back();
      pieces.back().text.push_back(text[at++]);
    }
  }
  return pieces;
}

// Pieces that continue one another joined, so that runs with different chunkings can be compared.
inline std::vector<chat::StreamEvent> Joined(const std::vector<chat::StreamEvent>& events) {
  std::vector<chat::StreamEvent> joined;
  for (const chat::StreamEvent& event : events) {
    const bool piece = event.kind == chat::EventKind::kReasoning ||
                       event.kind == chat::EventKind::kContent ||
                       event.kind == chat::EventKind::kToolArguments;
    if (piece && !joined.empty() && joined.back().kind == event.kind &&
        joined.back().call == event.call) {
      joined.back().text += event.text;
    } else {
      joined.push_back(event);
    }
  }
  return joined;
}

// `next_cut(left)` says how many of the `left` bytes of a text piece arrive next, 1 to left.
inline std::vector<chat::StreamEvent> Run(const std::vector<Piece>& pieces,
                                          const chat::StreamOptions& options,
                                          chat::StreamParser::Cause cause,
                                          const std::function<size_t(size_t)>& next_cut) {
  chat::StreamParser parser(options);
  std::vector<chat::StreamEvent> events;
  for (const Piece& piece : pieces) {
    if (piece.special) {
      parser.PushSpecial(piece.text, &events);
      continue;
    }
    std::string_view left = piece.text;
    while (!left.empty()) {
      const size_t cut = next_cut(left.size());
      parser.PushText(left.substr(0, cut), &events);
      left.remove_prefix(cut);
    }
  }
  parser.Finish(cause, &events);
  return events;
}

}  // namespace fathom::test
