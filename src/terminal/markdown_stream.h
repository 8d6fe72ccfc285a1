// Markdown on a terminal while it comes: every piece shows at once, and what a later one changes
// (a paragraph that becomes a heading, a column that gets wider) is drawn anew.
//
// Only the block under way is drawn anew, never more than kMaxOpenBytes of source. A table that
// fills the screen keeps its widths from then on, since its upper rows can't be reached any more.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "terminal/live_lines.h"
#include "terminal/markdown_layout.h"
#include "terminal/markdown_splitter.h"
#include "terminal/terminal_size.h"

namespace fathom {

struct MarkdownStreamOptions {
  bool styles = true;
  std::function<TerminalSize()> size;  // asked whenever something is drawn
  LiveLines::Write write;
};

// Text is read best in lines of no more.
inline constexpr int kMaxTextColumns = 100;

class MarkdownStream {
 public:
  explicit MarkdownStream(MarkdownStreamOptions options);

  void Add(std::string_view text);
  // All is shown and stays; the cursor stands in the first column. Another text may begin.
  void Finish();

 private:
  void Take(const MarkdownPiece& piece);
  void Draw(std::string_view source, bool after_blank);
  void TakeCode(std::string_view code);
  void EndCode();
  int TextColumns() const;

  MarkdownStreamOptions options_;
  MarkdownSplitter splitter_;
  LiveLines live_;
  TableWidths fixed_;
  std::string held_;              // a character that is not complete
  int code_column_ = 0;           // of the line of code under way
  bool code_line_begun_ = false;  // it does not end in a newline yet
};

}  // namespace fathom
