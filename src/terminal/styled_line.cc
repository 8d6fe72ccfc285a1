#include "terminal/styled_line.h"

#include <algorithm>
#include <utility>

#include "terminal/display_width.h"
#include "terminal/terminal_text.h"

namespace fathom {
namespace {

std::string EscapeFor(const TextStyle& style) {
  std::string codes;
  const auto add = [&](bool on, std::string_view code) {
    if (!on) return;
    if (!codes.empty()) codes += ';';
    codes += code;
  };
  add(style.bold, "1");
  add(style.dim, "2");
  add(style.italic, "3");
  add(style.underline, "4");
  add(style.strike, "9");
  add(style.code, "36");  // cyan, readable on dark and on light
  return codes.empty() ? "" : "\x1b[" + codes + "m";
}

}  // namespace

void StyledLine::AppendSafe(std::string_view text, int columns, const TextStyle& style) {
  if (text.empty()) return;
  if (runs_.empty() || runs_.back().style != style) runs_.push_back({"", style});
  runs_.back().text += text;
  columns_ += columns;
}

void StyledLine::Append(std::string_view text, const TextStyle& style) {
  const std::string safe = SafeForTerminal(text);
  for (std::string_view left = safe; !left.empty();) {
    const size_t end = std::min(left.find_first_of("\t\n"), left.size());
    const std::string_view plain = left.substr(0, end);
    AppendSafe(plain, DisplayWidth(plain), style);
    if (end < left.size()) {
      const int spaces = left[end] == '\t' ? kTabColumns - columns_ % kTabColumns : 1;
      AppendSafe(std::string(static_cast<size_t>(spaces), ' '), spaces, style);
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

void StyledLine::Append(const StyledLine& other) {
  for (const StyledRun& run : other.runs_) AppendSafe(run.text, 0, run.style);
  columns_ += other.columns_;
}

std::string StyledLine::ToTerminal(bool styles) const {
  std::string out;
  for (const StyledRun& run : runs_) {
    const std::string escape = styles ? EscapeFor(run.style) : "";
    out += escape;
    out += run.text;
    if (!escape.empty()) out += "\x1b[0m";
  }
  return out;
}

// Holds the word under way until its end is known.
class WordWrapper {
 public:
  explicit WordWrapper(int columns) : limit_(std::max(columns, 1)) {}

  void Add(const Grapheme& grapheme, const TextStyle& style) {
    if (grapheme.text == " ") {
      EndWord();
      spaces_.AppendSafe(" ", 1, style);
      return;
    }
    if (word_.columns_ + grapheme.columns > limit_) EndWord();
    word_.AppendSafe(grapheme.text, grapheme.columns, style);
  }

  std::vector<StyledLine> Finish() {
    EndWord();
    lines_.push_back(std::move(line_));
    return std::move(lines_);
  }

 private:
  void EndWord() {
    if (word_.empty()) return;
    const bool fits = line_.columns_ + spaces_.columns_ + word_.columns_ <= limit_;
    if (fits) {
      line_.Append(spaces_);
    } else if (!line_.empty()) {
      lines_.push_back(std::exchange(line_, {}));
    }
    spaces_ = {};
    line_.Append(std::exchange(word_, {}));
  }

  int limit_;
  std::vector<StyledLine> lines_;
  StyledLine line_, spaces_, word_;
};

std::vector<StyledLine> WrapWords(const StyledLine& text, int columns) {
  WordWrapper wrapper(columns);
  for (const StyledRun& run : text.runs()) {
    for (std::string_view left = run.text; !left.empty();) {
      const Grapheme grapheme = NextGrapheme(left);
      wrapper.Add(grapheme, run.style);
      left.remove_prefix(grapheme.text.size());
    }
  }
  return wrapper.Finish();
}

}  // namespace fathom
