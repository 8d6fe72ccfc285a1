#include "chat/stream_lexer.h"

#include <array>
#include <utility>

#include "base/utf8.h"
#include "chat/dsml.h"

namespace fathom::chat {
namespace {

constexpr std::array<std::pair<TagName, std::string_view>, 3> kNames = {{
    {TagName::kFunctionCalls, "function_calls"},
    {TagName::kInvoke, "invoke"},
    {TagName::kParameter, "parameter"},
}};

}  // namespace

void StreamLexer::Text(std::string_view bytes) {
  if (carry_.empty() && IsValidUtf8(bytes)) return Feed(bytes);
  std::string text = std::exchange(carry_, "");
  text.append(bytes);
  const size_t whole = text.size() - IncompleteUtf8Suffix(text);
  carry_ = text.substr(whole);
  text.resize(whole);
  Feed(ReplaceInvalidUtf8(text));
}

void StreamLexer::EndCharacter() {
  if (!carry_.empty()) Feed(ReplaceInvalidUtf8(std::exchange(carry_, "")));
}

void StreamLexer::Special(std::string_view token) {
  EndCharacter();
  if (token == kDsml) {
    if (token_seen()) Release(std::exchange(held_, ""));
    bracket_ = held_ == "<" || held_ == "</" || held_ == "<\n/";
    if (!bracket_ && !held_.empty()) Release(std::exchange(held_, ""));
    held_.append(token);
    name_start_ = held_.size();
    return;
  }
  if (!held_.empty()) Release(std::exchange(held_, ""));
  sink_.OnSpecial(token);
}

void StreamLexer::End() {
  EndCharacter();
  if (held_.empty()) return;
  const bool token = token_seen();
  name_start_ = 0;
  sink_.OnCutTag(std::exchange(held_, ""), token);
}

void StreamLexer::Feed(std::string_view text) {
  // The sink may feed and so change held_: nothing is remembered across its calls but `text`.
  while (!text.empty()) {
    if (held_.empty() && text.front() != '<') {
      const std::string_view plain = text.substr(0, text.find('<'));
      text.remove_prefix(plain.size());
      sink_.OnText(plain);
      continue;
    }
    const auto length = static_cast<size_t>(DecodeUtf8(text).length);
    held_.append(text.substr(0, length));
    text.remove_prefix(length);
    Decide();
  }
}

void StreamLexer::Decide() {
  Tag tag;
  const Verdict verdict = Classify(&tag);
  if (verdict == Verdict::kMaybe) return;
  std::string held = std::exchange(held_, "");
  if (verdict == Verdict::kTag && tag.token) {
    name_start_ = 0;
    tag.text = std::move(held);
    sink_.OnTag(tag);
    return;
  }
  // The last character is the one that decided; it is not part of what came before it.
  size_t last = held.size() - 1;
  while ((held[last] & 0xC0) == 0x80) --last;
  const std::string decided_by = held.substr(last);
  held.resize(last);
  if (verdict == Verdict::kTag) {
    tag.text = std::move(held);
    sink_.OnTag(tag);
  } else {
    Release(held);
  }
  Feed(decided_by);
}

StreamLexer::Verdict StreamLexer::Classify(Tag* tag) const {
  std::string_view rest = held_;
  tag->token = token_seen();
  tag->bracket = !token_seen() || bracket_;
  if (tag->bracket) {
    rest.remove_prefix(1);  // <
    tag->newline = rest.starts_with("\n");
    rest.remove_prefix(tag->newline);
    if (rest.empty()) return Verdict::kMaybe;
    tag->closing = rest.starts_with("/");
    if (tag->newline && !tag->closing) return Verdict::kNo;
    rest.remove_prefix(tag->closing);
  }
  if (token_seen()) {
    rest = std::string_view(held_).substr(name_start_);
    for (const auto& [name, text] : kNames) {
      tag->name = name;
      if (rest == text) return Verdict::kTag;
      if (text.starts_with(rest)) return Verdict::kMaybe;
    }
    return Verdict::kNo;
  }
  if (rest.empty()) return Verdict::kMaybe;  // the token may follow
  if (!plain_tags_ || tag->newline) return Verdict::kNo;
  if (rest.starts_with(kDsml)) {
    rest.remove_prefix(kDsml.size());
  } else if (kDsml.starts_with(rest)) {
    return Verdict::kMaybe;
  }
  for (const auto& [name, text] : kNames) {
    tag->name = name;
    if (text.starts_with(rest)) return Verdict::kMaybe;
    // Without the token a name needs an end, or "<invoker" would be a tag.
    if (rest.size() > text.size() && rest.starts_with(text)) {
      return std::string_view(" \t\r\n>/").find(rest[text.size()]) != std::string_view::npos
                 ? Verdict::kTag
                 : Verdict::kNo;
    }
  }
  return Verdict::kNo;
}

void StreamLexer::Release(std::string_view held) {
  const size_t name_start = std::exchange(name_start_, 0);
  if (name_start == 0) {
    sink_.OnText(held);
  } else if (bracket_) {
    sink_.OnUnknownTag(held);
  } else {
    sink_.OnSpecial(kDsml);
    if (held.size() > name_start) sink_.OnText(held.substr(name_start));
  }
}

}  // namespace fathom::chat
