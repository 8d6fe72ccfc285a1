// Markdown → a tree of blocks with styled lines. md4c does the reading and is seen by
// markdown_tree.cc alone.
//
// CommonMark with tables, task lists, strikethrough and bare links. What differs, because this is
// for reading what a model said: HTML is text, line breaks stay line breaks, definitions of
// reference links are shown as they stand, and \( \[ keep their backslash (they begin mathematics).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "terminal/styled_line.h"

namespace fathom {

enum class BlockKind {
  kDocument,
  kParagraph,
  kHeading,
  kCode,
  kRule,
  kQuote,
  kList,
  kItem,
  kTable
};
enum class Align { kLeft, kCenter, kRight };

struct TableCell {
  StyledLine text;
  Align align = Align::kLeft;
};

struct MarkdownBlock {
  BlockKind kind = BlockKind::kDocument;
  std::vector<StyledLine> lines = {};             // paragraph, heading, code
  std::vector<MarkdownBlock> children = {};       // document, quote, list, item
  std::vector<std::vector<TableCell>> rows = {};  // table; the first is its head
  std::string language = {};                      // code, as the model wrote it
  std::string marker = {};                        // item: "•", "1.", "[x]"
};

struct MarkdownOptions {
  // Without styles, marks that they replace stay: # of headings, ` of code, * of emphasis.
  bool styles = true;
};

// Text nested deeper than kMaxMarkdownDepth and tables with more than kMaxTableCells cells come
// back as a paragraph of the lines as they were written.
MarkdownBlock ParseMarkdown(std::string_view text, const MarkdownOptions& options);

inline constexpr size_t kMaxMarkdownDepth = 24;
inline constexpr size_t kMaxTableCells =
    4096;  // md4c fills rows up: 2 bytes may ask for any number

}  // namespace fathom
