#include "terminal/markdown_layout.h"

#include <algorithm>

namespace fathom {
namespace {

constexpr int kLeastColumns = 10;  // deep nesting leaves no less
constexpr int kLeastCellColumns = 3;
constexpr int kRuleColumns = 60;
constexpr TextStyle kDim = {.dim = true};

StyledLine DimText(std::string_view text) {
  StyledLine line;
  line.Append(text, kDim);
  return line;
}

std::string Repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

void AppendSpaces(int count, StyledLine* line) {
  line->Append(std::string(static_cast<size_t>(std::max(count, 0)), ' '));
}

// The largest width to which columns must be cut for their sum to fit.
int WidestFitting(const std::vector<int>& natural, int room) {
  int low = kLeastCellColumns, high = std::max(room, low);
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    int sum = 0;
    for (const int width : natural) sum += std::min(width, middle);
    (sum <= room ? low : high) = sum <= room ? middle : middle - 1;
  }
  return low;
}

class Layout {
 public:
  explicit Layout(const TableWidths& fixed) : fixed_(fixed) {}

  TableWidths TakeWidths() { return std::move(widths_); }

  std::vector<StyledLine> Children(const MarkdownBlock& block, int columns, bool spaced) {
    std::vector<StyledLine> lines;
    for (size_t i = 0; i < block.children.size(); ++i) {
      // Between two paragraphs an empty line is what tells them apart.
      const bool both = i > 0 && block.children[i].kind == BlockKind::kParagraph &&
                        block.children[i - 1].kind == BlockKind::kParagraph;
      if (both && spaced) lines.emplace_back();
      for (StyledLine& line : Block(block.children[i], columns)) lines.push_back(std::move(line));
    }
    return lines;
  }

 private:
  std::vector<StyledLine> Block(const MarkdownBlock& block, int columns) {
    columns = std::max(columns, kLeastColumns);
    switch (block.kind) {
      case BlockKind::kDocument:
      case BlockKind::kItem:
        return Children(block, columns, true);
      case BlockKind::kParagraph:
      case BlockKind::kHeading:
        return Wrapped(block.lines, columns);
      case BlockKind::kCode:
        return Code(block, columns);
      case BlockKind::kRule:
        return {CodeRule("", columns)};
      case BlockKind::kQuote:
        return Beside("│ ", "│ ", Children(block, columns - 2, true));
      case BlockKind::kList:
        return List(block, columns);
      case BlockKind::kTable:
        return Table(block, columns);
    }
    return {};
  }

  static std::vector<StyledLine> Wrapped(const std::vector<StyledLine>& text, int columns) {
    std::vector<StyledLine> lines;
    for (const StyledLine& line : text) {
      for (StyledLine& part : WrapWords(line, columns)) lines.push_back(std::move(part));
    }
    return lines;
  }

  static std::vector<StyledLine> Code(const MarkdownBlock& block, int columns) {
    std::vector<StyledLine> lines = {CodeRule(block.language, columns)};
    lines.insert(lines.end(), block.lines.begin(), block.lines.end());
    lines.push_back(CodeRule("", columns));
    return lines;
  }

  // `first` before the first line, `rest` before the others.
  static std::vector<StyledLine> Beside(std::string_view first, std::string_view rest,
                                        const std::vector<StyledLine>& lines) {
    std::vector<StyledLine> out;
    for (size_t i = 0; i < std::max<size_t>(lines.size(), 1); ++i) {
      StyledLine line = DimText(i == 0 ? first : rest);
      if (i < lines.size()) line.Append(lines[i]);
      out.push_back(std::move(line));
    }
    return out;
  }

  std::vector<StyledLine> List(const MarkdownBlock& list, int columns) {
    // All items stand in one column, beside the widest marker.
    int width = 0;
    for (const MarkdownBlock& item : list.children) {
      width = std::max(width, DimText(item.marker).columns());
    }
    std::vector<StyledLine> lines;
    const std::string rest(static_cast<size_t>(width) + 1, ' ');
    for (const MarkdownBlock& item : list.children) {
      const int pad = width - DimText(item.marker).columns() + 1;
      const std::string first = item.marker + std::string(static_cast<size_t>(pad), ' ');
      const auto content = Children(item, std::max(columns - width - 1, kLeastColumns), true);
      for (StyledLine& line : Beside(first, rest, content)) lines.push_back(std::move(line));
    }
    return lines;
  }

  std::vector<int> ColumnWidths(const MarkdownBlock& table, size_t count, int columns) const {
    const size_t index = widths_.size();
    if (index < fixed_.size() && fixed_[index].size() == count) return fixed_[index];
    std::vector<int> widths(count, kLeastCellColumns);
    for (const auto& row : table.rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        widths[i] = std::max(widths[i], row[i].text.columns());
      }
    }
    const int cap = WidestFitting(widths, columns - 3 * (static_cast<int>(count) - 1));
    for (int& width : widths) width = std::min(width, cap);
    return widths;
  }

  std::vector<StyledLine> Table(const MarkdownBlock& table, int columns) {
    size_t count = 0;
    for (const auto& row : table.rows) count = std::max(count, row.size());
    const std::vector<int> widths = ColumnWidths(table, count, columns);
    widths_.push_back(widths);
    std::vector<StyledLine> lines;
    for (size_t i = 0; i < table.rows.size(); ++i) {
      AppendRow(table.rows[i], widths, &lines);
      if (i > 0) continue;
      std::string rule;
      for (size_t c = 0; c < widths.size(); ++c) {
        rule += (c > 0 ? "─┼─" : "") + Repeat("─", widths[c]);
      }
      lines.push_back(DimText(rule));
    }
    return lines;
  }

  static void AppendRow(const std::vector<TableCell>& row, const std::vector<int>& widths,
                        std::vector<StyledLine>* lines) {
    std::vector<std::vector<StyledLine>> cells;
    size_t height = 1;
    for (size_t i = 0; i < row.size(); ++i) {
      cells.push_back(WrapWords(row[i].text, widths[i]));
      height = std::max(height, cells.back().size());
    }
    for (size_t part = 0; part < height; ++part) {
      StyledLine line;
      for (size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) line.Append(" │ ", kDim);
        const StyledLine text = part < cells[i].size() ? cells[i][part] : StyledLine();
        const int space = widths[i] - text.columns();
        const int before = row[i].align == Align::kRight    ? space
                           : row[i].align == Align::kCenter ? space / 2
                                                            : 0;
        AppendSpaces(before, &line);
        line.Append(text);
        if (i + 1 < cells.size()) AppendSpaces(space - before, &line);
      }
      lines->push_back(std::move(line));
    }
  }

  const TableWidths& fixed_;
  TableWidths widths_;
};

}  // namespace

StyledLine CodeRule(std::string_view language, int columns) {
  StyledLine rule;
  if (!language.empty()) {
    rule.Append("── ", kDim);
    rule.Append(language, kDim);
    rule.Append(" ", kDim);
  }
  rule.Append(Repeat("─", std::max(std::min(columns, kRuleColumns) - rule.columns(), 2)), kDim);
  return rule;
}

MarkdownLines LayOutMarkdown(const MarkdownBlock& document, int columns, const TableWidths& fixed) {
  Layout layout(fixed);
  MarkdownLines out;
  out.lines = layout.Children(document, columns, true);
  out.widths = layout.TakeWidths();
  return out;
}

}  // namespace fathom
