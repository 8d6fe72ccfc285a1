// UTF-8, strict: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fathom {

struct Utf8Char {
  char32_t code_point = 0;  // U+FFFD where the bytes are not valid
  int length = 0;           // bytes taken, at least 1
  bool valid = false;
};

// The character at the start of `text`, which is not empty. An invalid sequence takes its longest
// prefix that could begin a valid one (the "maximal subpart" of the Unicode standard, which is also
// what Python's and Rust's replacing decoders do), so decoding always advances.
Utf8Char DecodeUtf8(std::string_view text);

// `code_point` is a scalar value: at most U+10FFFF and no surrogate.
void AppendUtf8(char32_t code_point, std::string* out);

// The offset of the first byte that is not valid UTF-8, or npos.
size_t FindInvalidUtf8(std::string_view text);
inline bool IsValidUtf8(std::string_view text) {
  return FindInvalidUtf8(text) == std::string_view::npos;
}

// How many bytes at the end of `text` begin a character that is not complete yet (0 to 3).
size_t IncompleteUtf8Suffix(std::string_view text);

// `text` with every invalid sequence replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

// Number of characters; invalid sequences count as DecodeUtf8 cuts them.
size_t CountUtf8(std::string_view text);

}  // namespace fathom
