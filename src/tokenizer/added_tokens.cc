#include "tokenizer/added_tokens.h"

#include <algorithm>

namespace fathom {

void AddedTokens::Add(std::string_view bytes, int32_t id) {
  const auto place =
      std::lower_bound(tokens_.begin(), tokens_.end(), bytes,
                       [](const Token& t, std::string_view b) { return t.bytes < b; });
  tokens_.insert(place, {std::string(bytes), id});
  begins_[static_cast<uint8_t>(bytes[0])] = true;
}

std::optional<AddedTokens::Match> AddedTokens::FindNext(std::string_view text, size_t from) const {
  for (size_t i = from; i < text.size(); ++i) {
    if (!begins_[static_cast<uint8_t>(text[i])]) continue;
    if (const Token* token = LongestAt(text.substr(i))) {
      return Match{i, i + token->bytes.size(), token->id};
    }
  }
  return std::nullopt;
}

// The longest token that `text` starts with, or null.
const AddedTokens::Token* AddedTokens::LongestAt(std::string_view text) const {
  const Token* longest = nullptr;
  auto low = tokens_.begin(), high = tokens_.end();
  // Between low and high all tokens share their first `length` bytes with the text. A token that
  // has no more bytes than these sorts first.
  for (size_t length = 0; low != high; ++length) {
    if (low->bytes.size() == length) {
      longest = &*low;
      if (++low == high) break;
    }
    if (length == text.size()) break;
    const auto byte = static_cast<uint8_t>(text[length]);
    const auto at = [length](const Token& t) { return static_cast<uint8_t>(t.bytes[length]); };
    low = std::partition_point(low, high, [&](const Token& t) { return at(t) < byte; });
    high = std::partition_point(low, high, [&](const Token& t) { return at(t) == byte; });
  }
  return longest;
}

}  // namespace fathom
