#include "support/scripted_chat.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "chat/dsml.h"
#include "json/field_reader.h"
#include "json/parse.h"

namespace fathom::test {
namespace {

class Actor {
 public:
  Actor(const Tokenizer& tokenizer, std::vector<Line> lines)
      : tokenizer_(tokenizer),
        lines_(std::move(lines)),
        user_(*tokenizer.TokenId(chat::kUser)),
        assistant_(*tokenizer.TokenId(chat::kAssistant)),
        think_open_(*tokenizer.TokenId(chat::kThinkOpen)),
        think_close_(*tokenizer.TokenId(chat::kThinkClose)),
        end_(*tokenizer.TokenId(chat::kEos)) {}

  int32_t Next(std::span<const int32_t> prefix) const {
    // The turn begins behind the last end of an answer; the answer behind the mark that follows
    // <｜Assistant｜> or the results of tools.
    const auto ended = std::find(prefix.rbegin(), prefix.rend(), end_);
    const auto turn = ended.base();
    const auto assistant =
        std::find(prefix.rbegin(), std::reverse_iterator(turn), assistant_).base();
    const auto mark = std::find_if(assistant, prefix.end(), [&](int32_t token) {
      return token == think_open_ || token == think_close_;
    });
    if (mark == prefix.end()) return end_;  // no chat
    const auto user = std::find(prefix.rbegin(), std::reverse_iterator(turn), user_).base();
    const std::string asked = Text({user, mark});  // a turn without a user holds results of tools
    std::string said = Text({mark + 1, prefix.end()});
    const Line& line = LineFor(asked);
    std::string_view say = line.say;
    const size_t reasoned = say.find(chat::kThinkClose);
    if (*mark == think_close_ && reasoned != std::string_view::npos) {
      say.remove_prefix(reasoned + chat::kThinkClose.size());
    }
    // Reasoning that was ended for it is behind it: the answer follows.
    const size_t closed = said.find(chat::kThinkClose);
    if (reasoned != std::string_view::npos && closed != std::string::npos && *mark == think_open_) {
      say.remove_prefix(reasoned + chat::kThinkClose.size());
      said.erase(0, closed + chat::kThinkClose.size());
    }
    if (say == said && line.broken) return kBrokenLogits;
    if (!say.starts_with(said) || say.size() == said.size()) return end_;
    const std::string_view rest = say.substr(said.size());
    if (line.spelled && !rest.starts_with('<') && rest.front() > 0) {
      return *tokenizer_.TokenId(rest.substr(0, 1));
    }
    size_t at = 0;  // the tokenizer's own token there, if one of the whole text begins there
    for (const int32_t token : tokenizer_.Encode(say, AllowSpecial::kYes)) {
      if (at == said.size()) return token;
      at += tokenizer_.vocabulary().Bytes(token).size();
    }
    return tokenizer_.Encode(rest, AllowSpecial::kYes).front();
  }

 private:
  std::string Text(std::span<const int32_t> tokens) const {
    std::string text;
    for (const int32_t token : tokens) text += tokenizer_.vocabulary().Bytes(token);
    return text;
  }

  const Line& LineFor(const std::string& asked) const {
    static const Line kNone = {.when = "", .say = "I don't know."};
    const auto found = std::ranges::find_if(
        lines_, [&](const Line& line) { return asked.find(line.when) != std::string::npos; });
    return found == lines_.end() ? kNone : *found;
  }

  const Tokenizer& tokenizer_;
  const std::vector<Line> lines_;
  const int32_t user_, assistant_, think_open_, think_close_, end_;
};

}  // namespace

Result<std::vector<Line>> LinesFromJson(std::string_view text) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(text));
  if (!value.is_array()) return json::WrongKind("script", "array", value);
  std::vector<Line> lines;
  for (size_t i = 0; i < value.array().size(); ++i) {
    const std::string path = fmt::format("[{}]", i);
    FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value.array()[i], path));
    const json::FieldReader fields(*object, path);
    Line line;
    FATHOM_ASSIGN_OR_RETURN(line.when, fields.String("when"));
    FATHOM_ASSIGN_OR_RETURN(line.say, fields.String("say"));
    FATHOM_ASSIGN_OR_RETURN(line.spelled, fields.BoolOr("spelled", false));
    FATHOM_ASSIGN_OR_RETURN(line.broken, fields.BoolOr("broken", false));
    lines.push_back(std::move(line));
  }
  return lines;
}

Script ChatScript(const Tokenizer& tokenizer, std::vector<Line> lines) {
  return [actor = Actor(tokenizer, std::move(lines))](std::span<const int32_t> prefix) {
    return actor.Next(prefix);
  };
}

}  // namespace fathom::test
