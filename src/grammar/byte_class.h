// Bytes in sixteen classes, so that a small set of bytes can stand beside every node of a large
// trie. The classes keep apart what grammars of JSON, text and markup treat differently.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "grammar/expression.h"

namespace fathom::grammar {

using ClassSet = uint16_t;  // a bit for each class

namespace byte_class_internal {
constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (size_t byte = 0; byte < 256; ++byte) {
    classes[byte] = byte >= 0x80 ? 1 : byte < 0x20 || byte == 0x7F ? 2 : 3;
  }
  for (char c = 'a'; c <= 'z'; ++c) classes[static_cast<size_t>(c)] = 0;
  for (char c = 'A'; c <= 'Z'; ++c) classes[static_cast<size_t>(c)] = 0;
  uint8_t next = 4;
  for (const std::string_view apart :
       {"0123456789", " ", "\n", "\t\r", "\"", "\\", "<", ">", "/", "{}[]", ",:", "_-."}) {
    for (const char c : apart) classes[static_cast<size_t>(c)] = next;
    ++next;
  }
  return classes;
}
inline constexpr std::array<uint8_t, 256> kClasses = MakeClasses();
}  // namespace byte_class_internal

constexpr ClassSet ClassOf(uint8_t byte) {
  return static_cast<ClassSet>(1u << byte_class_internal::kClasses[byte]);
}

inline constexpr ClassSet kBeyondAscii = ClassOf(0x80);

// The classes that have a byte of the set.
inline ClassSet ClassesWith(const ByteSet& set) {
  ClassSet classes = 0;
  for (int byte = 0; byte < 256; ++byte) {
    if (set.Has(static_cast<uint8_t>(byte))) classes |= ClassOf(static_cast<uint8_t>(byte));
  }
  return classes;
}

// The classes whose bytes are all of the set.
inline ClassSet ClassesWithin(const ByteSet& set) {
  ByteSet others;
  for (size_t w = 0; w < set.bits.size(); ++w) others.bits[w] = ~set.bits[w];
  return static_cast<ClassSet>(~ClassesWith(others));
}

}  // namespace fathom::grammar
