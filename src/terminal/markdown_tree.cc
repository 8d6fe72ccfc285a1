#include "terminal/markdown_tree.h"

#include <fmt/core.h>
#include <md4c.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/utf8.h"

namespace fathom {
namespace {

constexpr unsigned kFlags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                            MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOHTML;

// "&amp;", "&#x1b;"; names it does not know stay as they are.
std::string DecodeEntity(std::string_view entity) {
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"&amp;", "&"},   {"&lt;", "<"},   {"&gt;", ">"},
      {"&quot;", "\""}, {"&apos;", "'"}, {"&nbsp;", "\u00a0"},
  };
  for (const auto& [name, text] : kNamed) {
    if (entity == name) return std::string(text);
  }
  if (entity.size() < 4 || entity[1] != '#') return std::string(entity);
  const bool hex = entity[2] == 'x' || entity[2] == 'X';
  const std::string_view digits = entity.substr(hex ? 3 : 2, entity.size() - (hex ? 4 : 3));
  uint32_t code = 0;
  const auto read =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  const bool scalar = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || !scalar) {
    return std::string(entity);
  }
  std::string text;
  AppendUtf8(static_cast<char32_t>(code), &text);
  return text;
}

std::string AttributeText(const MD_ATTRIBUTE& attribute) {
  std::string text;
  for (int i = 0; attribute.text != nullptr && attribute.substr_offsets[i] < attribute.size; ++i) {
    const MD_OFFSET begin = attribute.substr_offsets[i];
    const std::string_view part(attribute.text + begin, attribute.substr_offsets[i + 1] - begin);
    text += attribute.substr_types[i] == MD_TEXT_ENTITY ? DecodeEntity(part) : std::string(part);
  }
  return text;
}

Align ToAlign(MD_ALIGN align) {
  if (align == MD_ALIGN_CENTER) return Align::kCenter;
  return align == MD_ALIGN_RIGHT ? Align::kRight : Align::kLeft;
}

// "|-|:-:|": dashes below the head of a table, all of which md4c wants in threes.
bool IsTableRule(std::string_view line) {
  return line.find_first_not_of("|:- \t\r\n>") == line.npos && line.find('|') != line.npos &&
         line.find('-') != line.npos;
}

std::string WithLongDashes(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const size_t dashes = std::min(line.find_first_not_of('-'), line.size());
    out.append(dashes > 0 ? std::max<size_t>(dashes, 3) : 0, '-');
    if (dashes < line.size()) out += line[dashes];
    line.remove_prefix(std::min(dashes + 1, line.size()));
  }
  return out;
}

// md4c swallows the definitions of reference links. What may be one begins with a bracket, which is
// not that of a task, and has a colon behind the closing one, or none of that on this line.
bool MayDefineLink(std::string_view line) {
  const bool task = line.size() > 2 && line[2] == ']' && line.find_first_of(" xX") == 1;
  const bool defines = line.find(']') == line.npos || line.find("]:") != line.npos;
  return line.starts_with('[') && defines && !task;
}

// The text as md4c gets it.
std::string Prepared(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    const size_t begin = std::min(line.find_first_not_of(" \t>-+*0123456789.)"), line.size());
    if (IsTableRule(line)) {
      out += WithLongDashes(line);
    } else if (MayDefineLink(line.substr(begin))) {
      out += line.substr(0, begin);
      out += "&#91;";
      out += line.substr(begin + 1);
    } else {
      out += line;
    }
    text.remove_prefix(end);
  }
  return out;
}

// Builds the tree from md4c's calls. Each answers 0, or kGiveUp.
constexpr int kGiveUp = -1;

class TreeBuilder {
 public:
  TreeBuilder(std::string_view source, const MarkdownOptions& options)
      : source_(source), styles_(options.styles) {}

  MarkdownBlock Take() { return std::move(root_); }
  bool gave_up() const { return gave_up_; }

  int Enter(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_DOC:
        return 0;
      case MD_BLOCK_QUOTE:
        return Push({.kind = BlockKind::kQuote});
      case MD_BLOCK_UL:
        next_number_.push_back(-1);
        return Push({.kind = BlockKind::kList});
      case MD_BLOCK_OL:
        next_number_.push_back(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start);
        return Push({.kind = BlockKind::kList});
      case MD_BLOCK_LI:
        return Push({.kind = BlockKind::kItem,
                     .marker = Marker(*static_cast<MD_BLOCK_LI_DETAIL*>(detail))});
      case MD_BLOCK_HR:
        top().children.push_back({.kind = BlockKind::kRule});
        return 0;
      case MD_BLOCK_H:
        return EnterHeading(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
      case MD_BLOCK_CODE:
        return Push({.kind = BlockKind::kCode,
                     .lines = {{}},
                     .language = AttributeText(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->lang)});
      case MD_BLOCK_HTML:
      case MD_BLOCK_P:
        return Push({.kind = BlockKind::kParagraph, .lines = {{}}});
      case MD_BLOCK_TABLE: {
        const auto& table = *static_cast<MD_BLOCK_TABLE_DETAIL*>(detail);
        const uint64_t rows = uint64_t{table.head_row_count} + table.body_row_count;
        if (table.col_count * rows > kMaxTableCells) return GiveUp();
        return Push({.kind = BlockKind::kTable});
      }
      case MD_BLOCK_THEAD:
      case MD_BLOCK_TBODY:
        return 0;
      case MD_BLOCK_TR:
        top().rows.emplace_back();
        return 0;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        style_.bold = type == MD_BLOCK_TH;
        top().rows.back().push_back({{}, ToAlign(static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align)});
        return 0;
    }
    return 0;
  }

  int Leave(MD_BLOCKTYPE type) {
    switch (type) {
      case MD_BLOCK_UL:
      case MD_BLOCK_OL:
        next_number_.pop_back();
        break;
      case MD_BLOCK_CODE:
        // The last line's break began one more.
        if (top().lines.size() > 1 && top().lines.back().empty()) top().lines.pop_back();
        break;
      case MD_BLOCK_TH:
      case MD_BLOCK_H:
        style_ = {};
        break;
      default:
        break;
    }
    constexpr MD_BLOCKTYPE kPushed[] = {MD_BLOCK_QUOTE, MD_BLOCK_UL, MD_BLOCK_OL,
                                        MD_BLOCK_LI,    MD_BLOCK_H,  MD_BLOCK_CODE,
                                        MD_BLOCK_HTML,  MD_BLOCK_P,  MD_BLOCK_TABLE};
    if (std::find(std::begin(kPushed), std::end(kPushed), type) != std::end(kPushed)) {
      stack_.pop_back();
    }
    return 0;
  }

  int EnterSpan(MD_SPANTYPE type, void* detail) {
    switch (type) {
      case MD_SPAN_EM:
        return Emphasis("*", &TextStyle::italic, ++italic_ == 1);
      case MD_SPAN_STRONG:
        return Emphasis("**", &TextStyle::bold, ++bold_ == 1);
      case MD_SPAN_DEL:
        return Emphasis("~~", &TextStyle::strike, true);
      case MD_SPAN_CODE:
        if (!styles_) Put("`");
        style_.code = true;
        return 0;
      case MD_SPAN_A:
        links_.push_back({AttributeText(static_cast<MD_SPAN_A_DETAIL*>(detail)->href), {}});
        style_.underline = true;
        return 0;
      case MD_SPAN_IMG:
        links_.push_back({AttributeText(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src), {}});
        Put("[image: ");
        return 0;
      default:
        return 0;
    }
  }

  int LeaveSpan(MD_SPANTYPE type) {
    switch (type) {
      case MD_SPAN_EM:
        return EndEmphasis("*", &TextStyle::italic, --italic_ == 0);
      case MD_SPAN_STRONG:
        return EndEmphasis("**", &TextStyle::bold, --bold_ == 0);
      case MD_SPAN_DEL:
        return EndEmphasis("~~", &TextStyle::strike, true);
      case MD_SPAN_CODE:
        style_.code = false;
        if (!styles_) Put("`");
        return 0;
      case MD_SPAN_A:
      case MD_SPAN_IMG:
        EndLink(type);
        return 0;
      default:
        return 0;
    }
  }

  int Text(MD_TEXTTYPE type, std::string_view text) {
    switch (type) {
      case MD_TEXT_BR:
      case MD_TEXT_SOFTBR:
        NewLine();
        return 0;
      case MD_TEXT_ENTITY:
        Put(DecodeEntity(text));
        return 0;
      case MD_TEXT_CODE:
        PutLines(text);
        return 0;
      default:
        if (StartsMathematics(text)) Put("\\");
        Put(text);
        return 0;
    }
  }

 private:
  struct Link {
    std::string target, text;
  };

  int GiveUp() {
    gave_up_ = true;
    return kGiveUp;
  }

  MarkdownBlock& top() { return stack_.empty() ? root_ : *stack_.back(); }

  int Push(MarkdownBlock block) {
    if (stack_.size() >= kMaxMarkdownDepth) return GiveUp();
    // Only the last child of a block is ever on the stack, so none that is moves.
    MarkdownBlock& parent = top();
    parent.children.push_back(std::move(block));
    stack_.push_back(&parent.children.back());
    return 0;
  }

  int EnterHeading(unsigned level) {
    if (Push({.kind = BlockKind::kHeading, .lines = {{}}}) != 0) return kGiveUp;
    style_.bold = true;
    style_.underline = level == 1;
    if (!styles_) Put(std::string(level, '#') + " ");
    return 0;
  }

  std::string Marker(const MD_BLOCK_LI_DETAIL& item) {
    int64_t& number = next_number_.back();
    std::string marker = number < 0 ? "•" : fmt::format("{}.", number++);
    if (item.is_task == 0) return marker;
    const char* box = item.task_mark == ' ' ? "[ ]" : "[x]";
    return marker == "•" ? box : marker + " " + box;
  }

  int Emphasis(std::string_view mark, bool TextStyle::*field, bool outermost) {
    if (!styles_) Put(mark);
    if (outermost) style_.*field = true;
    return 0;
  }
  int EndEmphasis(std::string_view mark, bool TextStyle::*field, bool outermost) {
    const bool heading = top().kind == BlockKind::kHeading || top().kind == BlockKind::kTable;
    if (outermost && !(heading && field == &TextStyle::bold)) style_.*field = false;
    if (!styles_) Put(mark);
    return 0;
  }

  void EndLink(MD_SPANTYPE type) {
    const Link link = std::move(links_.back());
    links_.pop_back();
    if (type == MD_SPAN_IMG) {
      Put("]");
    } else {
      style_.underline = false;
    }
    // A bare link stands for itself.
    if (link.target == link.text || link.target.empty()) return;
    TextStyle dim;
    dim.dim = true;
    line().Append(" (" + link.target + ")", dim);
  }

  // The line that text goes to. Items of tight lists hold text without a paragraph round it.
  StyledLine& line() {
    MarkdownBlock& block = top();
    if (block.kind == BlockKind::kTable) return block.rows.back().back().text;
    if (block.kind == BlockKind::kItem || block.kind == BlockKind::kDocument) {
      const bool open =
          !block.children.empty() && block.children.back().kind == BlockKind::kParagraph;
      if (!open) block.children.push_back({.kind = BlockKind::kParagraph, .lines = {{}}});
      return block.children.back().lines.back();
    }
    return block.lines.back();
  }

  void Put(std::string_view text) {
    for (Link& link : links_) link.text += text;
    line().Append(text, style_);
  }

  void NewLine() {
    line();  // there is one to end
    MarkdownBlock& block = top();
    if (block.kind == BlockKind::kItem || block.kind == BlockKind::kDocument) {
      block.children.back().lines.emplace_back();
    } else if (block.kind == BlockKind::kTable) {
      line().Append(" ");
    } else {
      block.lines.emplace_back();
    }
  }

  void PutLines(std::string_view text) {
    if (top().kind != BlockKind::kCode) {
      Put(text);
      return;
    }
    while (true) {
      const size_t end = std::min(text.find('\n'), text.size());
      line().Append(text.substr(0, end));
      if (end == text.size()) return;
      NewLine();
      text.remove_prefix(end + 1);
    }
  }

  // An escaped bracket: the backslash before it was taken as the escape.
  bool StartsMathematics(std::string_view text) const {
    const bool within = text.data() > source_.data() &&
                        text.data() < source_.data() + source_.size() && !text.empty();
    return within && text.data()[-1] == '\\' &&
           std::string_view("()[]").find(text[0]) != std::string_view::npos;
  }

  std::string_view source_;
  bool styles_;
  MarkdownBlock root_;
  std::vector<MarkdownBlock*> stack_;
  std::vector<int64_t> next_number_;  // of each list that is open; -1 for bullets
  std::vector<Link> links_;
  TextStyle style_;
  int bold_ = 0, italic_ = 0;
  bool gave_up_ = false;
};

TreeBuilder& Builder(void* data) { return *static_cast<TreeBuilder*>(data); }

MarkdownBlock AsWritten(std::string_view text) {
  MarkdownBlock paragraph{.kind = BlockKind::kParagraph};
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    paragraph.lines.emplace_back().Append(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  MarkdownBlock document;
  document.children.push_back(std::move(paragraph));
  return document;
}

}  // namespace

MarkdownBlock ParseMarkdown(std::string_view text, const MarkdownOptions& options) {
  const std::string source = Prepared(text);
  TreeBuilder builder(source, options);
  MD_PARSER parser = {};
  parser.flags = kFlags;
  // md4c goes on calling after some of the refusals.
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* data) {
    return Builder(data).gave_up() ? kGiveUp : Builder(data).Enter(type, detail);
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* data) {
    return Builder(data).gave_up() ? kGiveUp : Builder(data).Leave(type);
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* data) {
    return Builder(data).gave_up() ? kGiveUp : Builder(data).EnterSpan(type, detail);
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* data) {
    return Builder(data).gave_up() ? kGiveUp : Builder(data).LeaveSpan(type);
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* piece, MD_SIZE size, void* data) {
    return Builder(data).gave_up() ? kGiveUp
                                   : Builder(data).Text(type, std::string_view(piece, size));
  };
  const int failed =
      md_parse(source.data(), static_cast<MD_SIZE>(source.size()), &parser, &builder);
  return failed == 0 && !builder.gave_up() ? builder.Take() : AsWritten(text);
}

}  // namespace fathom
