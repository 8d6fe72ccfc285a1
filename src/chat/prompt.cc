#include "chat/prompt.h"

#include <algorithm>

#include "base/check.h"
#include "chat/dsml.h"

namespace fathom::chat {

void Prompt::AddText(std::string_view text) {
  if (text.empty()) return;
  if (segments_.empty() || segments_.back().special) segments_.emplace_back();
  segments_.back().text.append(text);
}

void Prompt::AddSpecial(std::string_view token) {
  FATHOM_DCHECK(std::ranges::find(kSpecialStrings, token) != kSpecialStrings.end(), "{}", token);
  segments_.push_back({std::string(token), true});
}

namespace {

// The bytes that special strings begin with: comparing every place of a template with all of them
// took a fifth of encode_messages.
constexpr bool MayBeginSpecial(char c) { return c == '<' || c == '\xef'; }
static_assert(std::ranges::all_of(kSpecialStrings,
                                  [](std::string_view s) { return MayBeginSpecial(s.front()); }));

}  // namespace

void Prompt::AddTemplate(std::string_view text) {
  size_t plain = 0;  // where the text that is not added yet begins
  for (size_t at = 0; at < text.size();) {
    if (!MayBeginSpecial(text[at])) {
      ++at;
      continue;
    }
    const auto* token = std::ranges::find_if(
        kSpecialStrings, [&](std::string_view s) { return text.substr(at).starts_with(s); });
    if (token == kSpecialStrings.end()) {
      ++at;
      continue;
    }
    AddText(text.substr(plain, at - plain));
    AddSpecial(*token);
    plain = at += token->size();
  }
  AddText(text.substr(plain));
}

std::string Prompt::Joined() const {
  std::string joined;
  for (const Segment& segment : segments_) joined.append(segment.text);
  return joined;
}

bool Prompt::EndsInReasoning() const {
  return !segments_.empty() && segments_.back().special && segments_.back().text == kThinkOpen;
}

}  // namespace fathom::chat
