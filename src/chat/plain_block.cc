#include "chat/plain_block.h"

#include <algorithm>

#include "chat/dsml.h"

namespace fathom::chat {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr size_t kMaxBlanks = 64;

// Takes `literal` from the front of *text.
PlainMatch Take(std::string_view literal, std::string_view* text) {
  if (text->starts_with(literal)) {
    text->remove_prefix(literal.size());
    return PlainMatch::kYes;
  }
  return literal.starts_with(*text) ? PlainMatch::kMaybe : PlainMatch::kNo;
}

// Takes "<NAME" or "<｜DSML｜NAME".
PlainMatch TakeTag(std::string_view name, std::string_view* text) {
  if (const PlainMatch match = Take("<", text); match != PlainMatch::kYes) return match;
  if (text->empty()) return PlainMatch::kMaybe;
  if (text->front() == kDsml.front()) {
    if (const PlainMatch match = Take(kDsml, text); match != PlainMatch::kYes) return match;
  }
  return Take(name, text);
}

PlainMatch MatchInvoke(std::string_view text, size_t max_name_bytes) {
  if (const PlainMatch match = TakeTag("invoke name=\"", &text); match != PlainMatch::kYes) {
    return match;
  }
  const size_t end = text.find_first_of("\"\n");
  if (std::min(end, text.size()) > max_name_bytes) return PlainMatch::kNo;
  if (end == text.npos) return PlainMatch::kMaybe;
  if (end == 0) return PlainMatch::kNo;
  text.remove_prefix(end);
  return Take("\">", &text);
}

}  // namespace

PlainMatch MatchPlainBlock(std::string_view text, size_t max_name_bytes) {
  const PlainMatch bare = MatchInvoke(text, max_name_bytes);
  if (bare != PlainMatch::kNo) return bare;
  if (const PlainMatch match = TakeTag("function_calls>", &text); match != PlainMatch::kYes) {
    return match;
  }
  const size_t blanks = std::min(text.find_first_not_of(kBlanks), text.size());
  if (blanks > kMaxBlanks) return PlainMatch::kNo;
  text.remove_prefix(blanks);
  return text.empty() ? PlainMatch::kMaybe : MatchInvoke(text, max_name_bytes);
}

bool IsPlainBlockStart(std::string_view text) {
  return TakeTag("function_calls>", &text) == PlainMatch::kYes &&
         text.find_first_not_of(kBlanks) == text.npos;
}

}  // namespace fathom::chat
