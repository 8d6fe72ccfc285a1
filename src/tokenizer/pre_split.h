// Cuts text into the pieces that merges may not cross: the pre_tokenizer of the DeepSeek-V3 family
// as a hand-written scanner.
//
// The tokenizer.json has three regular expressions, each run inside every piece that the one before
// it left, matches and the text between matches being pieces alike (spec 8):
//
//   1  \p{N}{1,3}
//   2  [一-龥぀-ゟ゠-ヿ]+
//   3  P[A-Za-z]+ | [^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+ | ?[\p{P}\p{S}]+[\r\n]* |
//      \s*[\r\n]+ | \s+(?!\S) | \s+            where P is one ASCII punctuation character
//
// What makes one pass enough: a number ends every piece of 2 and 3, and so does the border between
// the characters of 2 (here "kana": kana and the older CJK ideographs) and all others. Hence 3 sees
// either kana alone or text without kana and numbers, and a "region" is one such stretch. Inside it
// the alternatives are told apart by the first character and one more, so no backtracking is left,
// and the time is linear on any text.
#pragma once

#include <cstddef>
#include <string_view>

namespace fathom {

class PieceScanner {
 public:
  // `text` is valid UTF-8 and outlives the scanner.
  explicit PieceScanner(std::string_view text) : text_(text) {}

  // The next piece; empty at the end. The pieces joined are the text.
  std::string_view Next();

 private:
  struct Char;

  Char At(size_t i) const;
  size_t PieceEnd(size_t begin) const;
  size_t NumberEnd(size_t begin) const;
  size_t SpaceEnd(size_t begin) const;
  size_t OtherEnd(size_t begin, int region) const;
  size_t RunEnd(size_t begin, int kinds) const;

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace fathom
