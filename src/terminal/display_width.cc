#include "terminal/display_width.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace fathom {

Grapheme NextGrapheme(std::string_view text) {
  const unsigned char first = static_cast<unsigned char>(text[0]);
  // Two plain letters in a row, which is nearly all text.
  if (first < 0x80 && (text.size() == 1 || static_cast<unsigned char>(text[1]) < 0x80)) {
    return {text.substr(0, 1), 1};
  }
  utf8proc_int32_t state = 0;
  char32_t before = 0;
  size_t length = 0;
  int columns = 0;
  while (length < text.size()) {
    const Utf8Char c = DecodeUtf8(text.substr(length));
    if (length > 0 &&
        utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before),
                                         static_cast<utf8proc_int32_t>(c.code_point), &state)) {
      break;
    }
    length += static_cast<size_t>(c.length);
    columns += c.valid ? utf8proc_charwidth(static_cast<utf8proc_int32_t>(c.code_point)) : c.length;
    before = c.code_point;
    if (!c.valid) return {text.substr(0, length), columns};
  }
  // A flag is two letters of one column each, a joined emoji several of two: both are drawn in two.
  return {text.substr(0, length), std::min(columns, 2)};
}

int DisplayWidth(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Grapheme grapheme = NextGrapheme(text);
    columns += grapheme.columns;
    text.remove_prefix(grapheme.text.size());
  }
  return columns;
}

}  // namespace fathom
