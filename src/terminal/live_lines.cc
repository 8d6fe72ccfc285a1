#include "terminal/live_lines.h"

#include <fmt/core.h>

#include <algorithm>

namespace fathom {
namespace {

// The terminal breaks what is wider than itself.
int RowsOf(int line_columns, const TerminalSize& size) {
  return std::max(1, (line_columns + size.columns - 1) / size.columns);
}

}  // namespace

void LiveLines::Show(const std::vector<StyledLine>& lines, const TerminalSize& size) {
  std::vector<Shown> wanted;
  for (const StyledLine& line : lines) wanted.push_back({line.ToTerminal(styles_), line.columns()});
  size_t same = 0;
  while (same < shown_.size() && same < wanted.size() && shown_[same].text == wanted[same].text) {
    ++same;
  }
  std::string out;
  if (same < shown_.size()) {
    const bool last = same + 1 == shown_.size();
    if (last && same < wanted.size() && wanted[same].text.starts_with(shown_[same].text)) {
      out += std::string_view(wanted[same].text).substr(shown_[same].text.size());
      ++same;
    } else {
      int up = 0;
      for (size_t i = same; i < shown_.size(); ++i) up += RowsOf(shown_[i].columns, size);
      // From the row of the cursor, the last of them.
      for (--up; up > size.rows - 1 && same + 1 < shown_.size(); ++same) {
        up -= RowsOf(shown_[same].columns, size);
      }
      up = std::min(up, size.rows - 1);
      if (up > 0) out += fmt::format("\x1b[{}A", up);
      out += "\r\x1b[J";
      if (same < wanted.size()) out += wanted[same].text;
      // With fewer lines than before, the cursor goes back behind the last of them.
      if (same == wanted.size() && same > 0) {
        out += fmt::format("\x1b[{}A{}", RowsOf(wanted.back().columns, size), wanted.back().text);
      }
      ++same;
    }
  } else if (shown_.empty() && !wanted.empty()) {
    out += wanted[0].text;
    same = 1;
  }
  for (; same < wanted.size(); ++same) out += "\n" + wanted[same].text;
  shown_ = std::move(wanted);
  if (!out.empty()) write_(out);
}

void LiveLines::Keep() {
  if (!shown_.empty()) write_("\n");
  shown_.clear();
}

}  // namespace fathom
