#include "agent/text_prompt.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "chat/dsml.h"
#include "chat/encode.h"

namespace fathom {
namespace {

// The tokens that lie round an answer in a prompt: special ones all, which no text of others can
// become.
struct Marks {
  int32_t assistant, think_open, think_close, end;

  explicit Marks(const Tokenizer& tokenizer)
      : assistant(*tokenizer.TokenId(chat::kAssistant)),
        think_open(*tokenizer.TokenId(chat::kThinkOpen)),
        think_close(*tokenizer.TokenId(chat::kThinkClose)),
        end(*tokenizer.TokenId(chat::kEos)) {}

  // Where the answer that ends at `end` begins: behind the <think> or </think> that follows
  // <｜Assistant｜>, or after tool results, which have no <｜Assistant｜>, behind the first one
  // since `begin`, the end of the answer before. (The description of tools, which stands before a
  // <｜Assistant｜>, holds both tokens too.) Points to that token; `end` when there is none.
  using Place = std::vector<int32_t>::const_iterator;
  Place AnswerMark(Place begin, Place end) const {
    const auto last =
        std::find(std::reverse_iterator(end), std::reverse_iterator(begin), assistant);
    return std::find_if(last.base(), end,
                        [&](int32_t token) { return token == think_open || token == think_close; });
  }
};

// Puts earlier answers as they were said.
std::vector<int32_t> RepeatSaid(const Tokenizer& tokenizer, std::vector<int32_t> prompt,
                                const std::map<size_t, SaidTokens>& said) {
  if (said.empty()) return prompt;
  const Marks marks(tokenizer);
  std::vector<int32_t> repeated;
  repeated.reserve(prompt.size());
  auto at = prompt.cbegin();
  for (size_t answer = 0;; ++answer) {
    const auto end = std::find(at, prompt.cend(), marks.end);
    if (end == prompt.cend()) break;
    const auto mark = marks.AnswerMark(at, end);
    const auto found = said.find(answer);
    if (mark == end || found == said.end()) {
      repeated.insert(repeated.end(), at, end + 1);
    } else {
      std::span<const int32_t> tokens = found->second.tokens;
      const bool with_reasoning = *mark == marks.think_open;
      // Reasoning that the encoder leaves out is left out here, and with none there is none to add.
      const auto close = std::find(tokens.begin(), tokens.end(), marks.think_close);
      const bool fits = found->second.thinking || !with_reasoning;
      if (found->second.thinking && !with_reasoning && close != tokens.end()) {
        tokens = tokens.subspan(static_cast<size_t>(close - tokens.begin()) + 1);
      }
      repeated.insert(repeated.end(), at, mark + 1);
      if (fits) {
        repeated.insert(repeated.end(), tokens.begin(), tokens.end());
      } else {
        repeated.insert(repeated.end(), mark + 1, end + 1);
      }
    }
    at = end + 1;
  }
  repeated.insert(repeated.end(), at, prompt.cend());
  return repeated;
}

}  // namespace

Status CheckChatTokens(const Tokenizer& tokenizer) {
  for (const std::string_view token : chat::kSpecialStrings) {
    const auto id = tokenizer.TokenId(token);
    if (!id || !tokenizer.vocabulary().IsAdded(*id)) {
      return Unsupported("the tokenizer has no token {}, which the chat format needs", token);
    }
  }
  return {};
}

std::vector<int32_t> Tokenize(const Tokenizer& tokenizer, const chat::Prompt& prompt) {
  std::vector<TextSegment> segments;
  for (const chat::Segment& segment : prompt.segments()) {
    segments.push_back({segment.text, segment.special ? AllowSpecial::kYes : AllowSpecial::kNo});
  }
  return tokenizer.Encode(segments);
}

Result<TextPrompt> MakeTextPrompt(const Tokenizer& tokenizer, const TextRequest& request) {
  TextPrompt made;
  made.stream.stops = request.stop;
  made.stream.ignore_eos = request.sampling.ignore_eos;
  made.stream.single_call = request.single_call;
  if (!request.prompt.empty()) {
    made.tokens = request.prompt;
    made.stream.parser.start_in_reasoning =
        request.prompt.back() == tokenizer.TokenId(chat::kThinkOpen);
    made.in_reasoning = made.stream.parser.start_in_reasoning;
    return made;
  }
  chat::EncodeOptions encode;
  encode.thinking_mode = request.thinking;
  FATHOM_ASSIGN_OR_RETURN(const chat::Prompt prompt, chat::Encode(request.messages, encode));
  made.stream.parser.start_in_reasoning = prompt.EndsInReasoning();
  const auto closes = [](const chat::Segment& s) {
    return s.special && s.text == chat::kThinkClose;
  };
  made.in_reasoning = made.stream.parser.start_in_reasoning &&
                      std::ranges::none_of(request.opening.segments(), closes);
  // What is only text under a grammar must not be read as a call that it doesn't know.
  made.stream.parser.plain_tags =
      request.grammar == nullptr &&
      std::ranges::any_of(request.messages, [](const auto& m) { return !m.tools.empty(); });
  made.tokens = RepeatSaid(tokenizer, Tokenize(tokenizer, prompt), request.said);
  // The prompt ends with a special token, so nothing merges across the border.
  const std::vector<int32_t> opening = Tokenize(tokenizer, request.opening);
  std::ranges::copy(opening, std::back_inserter(made.tokens));
  return made;
}

}  // namespace fathom
