// What kind of character a code point is, by Unicode 16.0.
//
// A two-stage table: the first stage maps 128 code points to one of the distinct blocks, the second
// holds the classes. 39.7 KB, two loads a look-up, made by tools/gen_unicode_class.py. The version
// is fixed: the tokenizer must split text as the one that trained the model did.
#pragma once

#include <cstdint>

namespace fathom {

// The general categories by their first letter. White_Space is no category but a property; it
// shares no code point with the five above it.
enum class UnicodeClass : uint8_t {
  kOther,  // controls, formats, private use, surrogates, unassigned
  kLetter,
  kMark,
  kNumber,
  kPunctuation,
  kSymbol,
  kWhiteSpace,
};

extern const uint8_t kUnicodeBlockOf[0x110000 / 128];
extern const uint8_t kUnicodeClassOf[][128];

// kOther for everything above U+10FFFF.
inline UnicodeClass ClassOf(char32_t c) {
  if (c > 0x10FFFF) return UnicodeClass::kOther;
  return static_cast<UnicodeClass>(kUnicodeClassOf[kUnicodeBlockOf[c >> 7]][c & 127]);
}

// As Python's str.isprintable: letters, marks, numbers, punctuation, symbols and the plain space.
inline bool IsPrintable(char32_t c) {
  const UnicodeClass kind = ClassOf(c);
  return (kind != UnicodeClass::kOther && kind != UnicodeClass::kWhiteSpace) || c == ' ';
}

}  // namespace fathom
