// What a terminal would show of the bytes it was sent, for tests: lines, the cursor going up, and
// erasing below. Anything else that a program of ours never sends is a failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace fathom::test {

class Screen {
 public:
  // The cursor can't go above the last `rows` lines.
  explicit Screen(size_t rows) : rows_(rows) {}

  void Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const char c = bytes[0];
      bytes.remove_prefix(1);
      if (c == '\x1b') {
        bytes.remove_prefix(Escape(bytes));
      } else if (c == '\n') {
        if (++row_ == lines_.size()) lines_.emplace_back();
        column_ = 0;
      } else if (c == '\r') {
        column_ = 0;
      } else {
        const auto byte = static_cast<uint8_t>(c);
        FATHOM_CHECK(byte >= 0x20 && byte != 0x7F, "control byte {:#04x} was sent", byte);
        std::string& line = lines_[row_];
        if (line.size() < column_) line.resize(column_, ' ');
        line.replace(column_, 1, 1, c);
        ++column_;
      }
    }
  }

  // Everything that was ever shown and not erased.
  std::string Text() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    while (text.ends_with("\n\n")) text.pop_back();
    return text;
  }

 private:
  // Returns how long it is after the ESC.
  size_t Escape(std::string_view bytes) {
    const size_t end = bytes.find_first_not_of("0123456789;", 1);
    FATHOM_CHECK(bytes.starts_with('[') && end != bytes.npos, "a strange escape was sent");
    const std::string number(bytes.substr(1, end - 1));
    switch (bytes[end]) {
      case 'm':
        break;
      case 'A': {
        const size_t up = std::stoul(number);
        const size_t top = lines_.size() > rows_ ? lines_.size() - rows_ : 0;
        FATHOM_CHECK(row_ >= top + up, "the cursor was sent above the screen");
        row_ -= up;
        column_ = 0;
        break;
      }
      case 'J':
        lines_.resize(row_ + 1);
        lines_[row_].resize(column_);
        break;
      default:
        FATHOM_CHECK(false, "escape ends in {}", bytes[end]);
    }
    return end + 1;
  }

  size_t rows_;
  std::vector<std::string> lines_ = {""};
  size_t row_ = 0, column_ = 0;
};

}  // namespace fathom::test
