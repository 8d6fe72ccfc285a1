// Characters beyond ASCII, byte by byte: the steps of UTF-8 as a small automaton. Its states are 0
// between characters and 1 to 7 within one.
#pragma once

#include <cstdint>

namespace fathom::grammar {

struct Utf8Step {
  uint8_t from = 0;
  uint8_t low = 0, high = 0;  // bytes, inclusive
  uint8_t to = 0;
};

inline constexpr int kUtf8States = 8;
// In the order of `from`, then of the bytes. No overlong forms, no surrogates, no more than
// U+10FFFF.
inline constexpr Utf8Step kUtf8Steps[] = {
    {0, 0xC2, 0xDF, 1}, {0, 0xE0, 0xE0, 3}, {0, 0xE1, 0xEC, 2}, {0, 0xED, 0xED, 4},
    {0, 0xEE, 0xEF, 2}, {0, 0xF0, 0xF0, 5}, {0, 0xF1, 0xF3, 6}, {0, 0xF4, 0xF4, 7},
    {1, 0x80, 0xBF, 0}, {2, 0x80, 0xBF, 1}, {3, 0xA0, 0xBF, 1}, {4, 0x80, 0x9F, 1},
    {5, 0x90, 0xBF, 2}, {6, 0x80, 0xBF, 2}, {7, 0x80, 0x8F, 2},
};

}  // namespace fathom::grammar
