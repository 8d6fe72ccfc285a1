#include "tokenizer/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace fathom {
namespace {

constexpr bool StandsForItself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr int kLimit = 0x144;  // one more than the last character of the alphabet

// By code point; -1 where the character is not in the alphabet.
constexpr std::array<int16_t, kLimit> kByteOf = [] {
  std::array<int16_t, kLimit> byte_of;
  byte_of.fill(-1);
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const int character = StandsForItself(byte) ? byte : next++;
    byte_of[static_cast<size_t>(character)] = static_cast<int16_t>(byte);
  }
  return byte_of;
}();

}  // namespace

bool AppendSpelledBytes(std::string_view spelled, std::string* bytes) {
  const size_t size_before = bytes->size();
  while (!spelled.empty()) {
    const auto first = static_cast<uint8_t>(spelled[0]);
    // Most tokens are ASCII letters, which need no decoding.
    const Utf8Char c = first < 0x80 ? Utf8Char{first, 1, true} : DecodeUtf8(spelled);
    if (c.code_point >= kLimit || kByteOf[c.code_point] < 0) {
      bytes->resize(size_before);
      return false;
    }
    bytes->push_back(static_cast<char>(kByteOf[c.code_point]));
    spelled.remove_prefix(static_cast<size_t>(c.length));
  }
  return true;
}

}  // namespace fathom
