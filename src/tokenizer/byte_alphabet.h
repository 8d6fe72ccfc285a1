// The spelling of bytes in a byte-level tokenizer.json: each byte is one printable character.
//
// Bytes that are printable in Latin-1 stand for themselves; the other 68 (controls, space, 0x7F to
// 0xA0, 0xAD) are U+0100 to U+0143 in order, so that space is "Ġ" and newline "Ċ".
#pragma once

#include <string>
#include <string_view>

namespace fathom {

// Appends the bytes that `spelled` stands for. False, and `bytes` is left as it was, when a
// character is none of the 256.
bool AppendSpelledBytes(std::string_view spelled, std::string* bytes);

}  // namespace fathom
