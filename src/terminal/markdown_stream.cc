#include "terminal/markdown_stream.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "terminal/display_width.h"
#include "terminal/markdown_tree.h"
#include "terminal/terminal_text.h"

namespace fathom {

MarkdownStream::MarkdownStream(MarkdownStreamOptions options)
    : options_(std::move(options)), live_(options_.write, options_.styles) {}

int MarkdownStream::TextColumns() const {
  // The last column stays free: behind it, terminals disagree about where the cursor is.
  return std::clamp(options_.size().columns - 1, 1, kMaxTextColumns);
}

void MarkdownStream::Add(std::string_view text) {
  held_ += text;
  std::string whole = held_.substr(0, held_.size() - IncompleteUtf8Suffix(held_));
  held_.erase(0, whole.size());
  std::vector<MarkdownPiece> pieces;
  splitter_.Add(whole, &pieces);
  for (const MarkdownPiece& piece : pieces) Take(piece);
  const std::string open = splitter_.Open();
  if (!open.empty()) Draw(open, splitter_.open_after_blank());
}

void MarkdownStream::Finish() {
  std::vector<MarkdownPiece> pieces;
  splitter_.Add(std::exchange(held_, {}), &pieces);
  splitter_.Finish(&pieces);
  for (const MarkdownPiece& piece : pieces) Take(piece);
  live_.Keep();
}

void MarkdownStream::Take(const MarkdownPiece& piece) {
  switch (piece.kind) {
    case MarkdownPiece::Kind::kBlock:
      Draw(piece.text, piece.after_blank);
      live_.Keep();
      fixed_.clear();
      return;
    case MarkdownPiece::Kind::kCodeBegin: {
      // Until its line was complete, the fence was drawn as a block.
      std::vector<StyledLine> lines;
      if (piece.after_blank) lines.emplace_back();
      lines.push_back(CodeRule(piece.text, TextColumns()));
      live_.Show(lines, options_.size());
      live_.Keep();
      return;
    }
    case MarkdownPiece::Kind::kCodeText:
      TakeCode(piece.text);
      return;
    case MarkdownPiece::Kind::kCodeEnd:
      EndCode();
      return;
  }
}

void MarkdownStream::Draw(std::string_view source, bool after_blank) {
  const TerminalSize size = options_.size();
  const MarkdownBlock document = ParseMarkdown(source, {.styles = options_.styles});
  MarkdownLines laid = LayOutMarkdown(document, TextColumns(), fixed_);
  if (after_blank && !laid.lines.empty()) laid.lines.insert(laid.lines.begin(), StyledLine());
  const bool fills = static_cast<int>(laid.lines.size()) + 2 > size.rows;
  if (fills && fixed_.empty()) fixed_ = std::move(laid.widths);
  live_.Show(laid.lines, size);
}

// Nothing changes code any more, so it is printed and forgotten. The terminal breaks long lines,
// which then can be copied as one.
void MarkdownStream::TakeCode(std::string_view code) {
  std::string out;
  for (std::string_view left = code; !left.empty();) {
    const size_t end = std::min(left.find_first_of("\t\n"), left.size());
    const std::string safe = SafeForTerminal(left.substr(0, end));
    out += safe;
    code_column_ += DisplayWidth(safe);
    if (end < left.size() && left[end] == '\n') {
      out += '\n';
      code_column_ = 0;
    } else if (end < left.size()) {
      const int spaces = kTabColumns - code_column_ % kTabColumns;
      out.append(static_cast<size_t>(spaces), ' ');
      code_column_ += spaces;
    }
    left.remove_prefix(std::min(end + 1, left.size()));
    code_line_begun_ = out.back() != '\n';
  }
  options_.write(out);
}

void MarkdownStream::EndCode() {
  std::string out = std::exchange(code_line_begun_, false) ? "\n" : "";
  code_column_ = 0;
  out += CodeRule("", TextColumns()).ToTerminal(options_.styles) + "\n";
  options_.write(out);
}

}  // namespace fathom
