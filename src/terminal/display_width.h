// How many columns text takes on a terminal.
//
// Counted by grapheme clusters (what a reader takes for one character) with the tables of utf8proc:
// combining marks take none, East Asian wide characters and emoji two. Terminals disagree about the
// rest, such as emoji joined into one; what they do about those cannot be asked.
#pragma once

#include <string_view>

namespace fathom {

struct Grapheme {
  std::string_view text;
  int columns = 0;
};

// The one at the start of `text`, which is not empty. Bytes that are not UTF-8 count as one column
// each.
Grapheme NextGrapheme(std::string_view text);

// Of text on one line, without control characters.
int DisplayWidth(std::string_view text);

}  // namespace fathom
