// Random text made of the characters that tokenizers, parsers and printers get wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace fathom::test {

// The same numbers for the same seed, drawn one after another.
class RandomStream {
 public:
  explicit RandomStream(uint64_t seed) : seed_(seed) {}

  // In [0, bound).
  size_t Below(size_t bound) { return Philox(seed_, 0, position_++)[0] % bound; }
  template <typename T>
  const T& Of(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }

 private:
  uint64_t seed_;
  uint64_t position_ = 0;
};

// Valid UTF-8 of up to `max_items` items, with runs of the same item.
inline std::string RandomText(RandomStream* random, size_t max_items) {
  // clang-format off
  static const std::vector<std::string> items = {
      " ", " ", "  ", "\n", "\r\n", "\r", "\t", "\v", "\f", "\u0085", "\u00A0", "\u2003", "\u2028", "\u3000",
      "a", "b", "The", " the", "hello", "'s", "é", "e\u0301", "\u0301", "ß", "Ж", "при", "ا", "م", "न\u093F", "가",
      "中", "文", "的", "龥", "龦", "あ", "ん", "ア", "・", "゛", "゜", "゠", "ー", "\u3040", "\u3099",
      "1", "12", "3456", "½", "Ⅷ", "٣", "𝟎",
      "!", "...", "(", ")", "<", ">", "#", "_", "$", "+", "~", "、", "。", "「", "｜", "▁", "€", "©", "→", "😀", "👩‍👩‍👧",
      "\u200B", "\u200D", "\uFEFF", "\u180E", "\uFE0F", "\uE000", "\U0010FFFF", "\u0378", "\x01", "\x7F",
      "<think>", "</think>", "<｜User｜>", "<｜begin▁of▁sentence｜>", "｜DSML｜", "<｜"};
  // clang-format on
  std::string text;
  for (size_t count = random->Below(max_items + 1); count > 0; --count) {
    const std::string& item = random->Of(items);
    const size_t repeats = random->Below(8) == 0 ? 1 + random->Below(6) : 1;
    for (size_t i = 0; i < repeats; ++i) text += item;
  }
  return text;
}

}  // namespace fathom::test
