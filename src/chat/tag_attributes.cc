#include "chat/tag_attributes.h"

#include <algorithm>

namespace fathom::chat {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

}  // namespace

std::optional<TagAttributes> ReadTagAttributes(std::string_view text) {
  TagAttributes attributes;
  size_t at = 0;
  const auto skip_blanks = [&] {
    while (at < text.size() && IsBlank(text[at])) ++at;
  };
  while (true) {
    skip_blanks();
    if (at >= text.size()) return std::nullopt;
    if (text[at] == '>') {
      attributes.end = at + 1;
      return attributes;
    }
    const size_t key_begin = at;
    while (at < text.size() && !IsBlank(text[at]) && text[at] != '=' && text[at] != '>') ++at;
    const std::string_view key = text.substr(key_begin, at - key_begin);
    skip_blanks();
    if (at >= text.size() || text[at] != '=') continue;  // a key without a value
    ++at;
    skip_blanks();
    if (at >= text.size()) return std::nullopt;
    std::string_view value;
    if (const char quote = text[at]; quote == '"' || quote == '\'') {
      const size_t close = text.find(quote, at + 1);
      if (close == std::string_view::npos) return std::nullopt;
      value = text.substr(at + 1, close - at - 1);
      at = close + 1;
    } else {
      const size_t begin = at;
      while (at < text.size() && !IsBlank(text[at]) && text[at] != '>') ++at;
      value = text.substr(begin, at - begin);
    }
    if (key == "name" && !attributes.name) attributes.name = value;
    if (key == "string") {
      if (EqualsIgnoringCase(value, "true")) attributes.is_string = true;
      if (EqualsIgnoringCase(value, "false")) attributes.is_string = false;
    }
  }
}

}  // namespace fathom::chat
