// A tree of Markdown blocks → lines for a terminal of some width.
//
//   ## Heading        bold, the first level underlined
//   • item            wrapped beside its marker
//   ── python ────    code between two rules, without bars at its sides: it is there to be copied
//   │ quote
//   a │ b             tables with aligned columns; what is too wide is wrapped within its cell
#pragma once

#include <vector>

#include "terminal/markdown_tree.h"
#include "terminal/styled_line.h"

namespace fathom {

// Columns of each table, in their order in the tree.
using TableWidths = std::vector<std::vector<int>>;

struct MarkdownLines {
  std::vector<StyledLine> lines;
  TableWidths widths;
};

// No line is wider than `columns`, but for code and for tables with so many columns that they can't
// fit. Tables take the widths in `fixed` where it has some, so that lines already shown stay.
MarkdownLines LayOutMarkdown(const MarkdownBlock& document, int columns, const TableWidths& fixed);

// "── python ────────": what stands above code; without a language, below it.
StyledLine CodeRule(std::string_view language, int columns);

}  // namespace fathom
