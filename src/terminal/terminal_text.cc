#include "terminal/terminal_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/utf8.h"

namespace fathom {
namespace {

struct Range {
  char32_t first, last;
};

// What is shown rather than sent, in order. From Unicode 16: the categories Cc, Zl, Zp; of Cf
// those without a glyph (the signs that enclose Arabic, Syriac and Kaithi numbers have one); and
// the letters and marks that are drawn as nothing (Default_Ignorable_Code_Point) but for joiners
// and variation selectors.
constexpr std::array<Range, 23> kShown = {{
    {0x00, 0x08},        // C0 up to tab
    {0x0B, 0x1F},        // C0 after newline
    {0x7F, 0x9F},        // DEL, C1
    {0xAD, 0xAD},        // soft hyphen
    {0x034F, 0x034F},    // combining grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x17B4, 0x17B5},    // Khmer vowels without a glyph
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200B},    // zero width space
    {0x200E, 0x200F},    // left-to-right and right-to-left mark
    {0x2028, 0x202E},    // line and paragraph separator, embeddings and overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xFDD0, 0xFDEF},    // not characters
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // halfwidth Hangul filler
    {0xFFF0, 0xFFFB},    // unassigned, interlinear annotation
    {0x13430, 0x1343F},  // Egyptian hieroglyph joiners
    {0x1BCA0, 0x1BCA3},  // shorthand format
    {0x1D173, 0x1D17A},  // musical format
    {0xE0000, 0xE00FF},  // tags and what is reserved beside them
    {0xE01F0, 0xE0FFF},  // reserved as ignorable
}};

bool IsShown(char32_t c) {
  if ((c & 0xFFFE) == 0xFFFE) return true;  // the last two of every plane are not characters
  const auto range =
      std::lower_bound(kShown.begin(), kShown.end(), c,
                       [](const Range& range, char32_t value) { return range.last < value; });
  return range != kShown.end() && c >= range->first;
}

void AppendShown(char32_t c, std::string* out) {
  const auto value = static_cast<uint32_t>(c);
  if (value < 0x80) {
    *out += fmt::format("\\x{:02x}", value);
  } else if (value < 0x10000) {
    *out += fmt::format("\\u{:04x}", value);
  } else {
    *out += fmt::format("\\U{:08x}", value);
  }
}

}  // namespace

std::string SafeForTerminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char c = DecodeUtf8(text);
    const std::string_view bytes = text.substr(0, static_cast<size_t>(c.length));
    text.remove_prefix(bytes.size());
    if (!c.valid) {
      for (const char byte : bytes) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
    } else if (IsShown(c.code_point)) {
      AppendShown(c.code_point, &out);
    } else {
      out.append(bytes);
    }
  }
  return out;
}

std::string TerminalText::Add(std::string_view piece) {
  held_.append(piece);
  const size_t incomplete = IncompleteUtf8Suffix(held_);
  std::string tail = held_.substr(held_.size() - incomplete);
  held_.resize(held_.size() - incomplete);
  return SafeForTerminal(std::exchange(held_, std::move(tail)));
}

std::string TerminalText::Finish() { return SafeForTerminal(std::exchange(held_, {})); }

}  // namespace fathom
