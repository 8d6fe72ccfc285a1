// A line of text with styles, on its way to a terminal.
//
// Text can only get in through Append, which makes it safe (terminal_text.h), and the escape
// sequences that come out are those of ToTerminal alone. So whatever a model writes, in whatever
// corner of its markup, cannot reach the terminal as a command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom {

struct TextStyle {
  bool bold = false, dim = false, italic = false, underline = false, strike = false;
  bool code = false;  // inline code: in a colour
  bool operator==(const TextStyle&) const = default;
};

struct StyledRun {
  std::string text;
  TextStyle style;
};

class StyledLine {
 public:
  // `text` may hold anything. Tabs become spaces up to the next multiple of kTabColumns, newlines
  // one space.
  void Append(std::string_view text, const TextStyle& style = {});
  void Append(const StyledLine& other);

  const std::vector<StyledRun>& runs() const { return runs_; }
  bool empty() const { return runs_.empty(); }
  int columns() const { return columns_; }

  // The bytes to print, without a line break. Every style ends where the line ends. With `styles`
  // false, text alone.
  std::string ToTerminal(bool styles) const;

 private:
  void AppendSafe(std::string_view text, int columns, const TextStyle& style);
  friend class WordWrapper;

  std::vector<StyledRun> runs_;
  int columns_ = 0;
};

inline constexpr int kTabColumns = 4;

// Breaks between words so that no line is wider than `columns` (at least 1); words that are wider
// are cut. Spaces at a break are dropped, those at the start of the text stay. At least one line.
std::vector<StyledLine> WrapWords(const StyledLine& text, int columns);

}  // namespace fathom
