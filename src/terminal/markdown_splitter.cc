#include "terminal/markdown_splitter.h"

#include <algorithm>
#include <utility>

namespace fathom {
namespace {

size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// "- ", "* ", "+ ", "1. ", "12) ", indented by less than four.
bool IsItem(std::string_view line) {
  const size_t indent = IndentOf(line);
  if (indent > 3) return false;
  std::string_view rest = line.substr(indent);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits > 9) return false;
  rest.remove_prefix(digits);
  const std::string_view marks = digits > 0 ? ".)" : "-*+";
  return rest.size() > 1 && marks.find(rest[0]) != marks.npos &&
         (rest[1] == ' ' || rest[1] == '\t' || rest[1] == '\n');
}

bool IsHeading(std::string_view line) {
  const size_t indent = IndentOf(line);
  const std::string_view rest = line.substr(indent);
  const size_t level = std::min(rest.find_first_not_of('#'), rest.size());
  return indent <= 3 && level >= 1 && level <= 6 && level < rest.size() &&
         (rest[level] == ' ' || rest[level] == '\n');
}

}  // namespace

void MarkdownSplitter::Add(std::string_view text, std::vector<MarkdownPiece>* pieces) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      partial_ += text;
      break;
    }
    partial_ += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    TakeLine(std::exchange(partial_, {}), pieces);
  }
  if (in_code_) {
    FlushPartialCode(pieces);
  } else if (partial_.size() > kMaxOpenBytes) {
    // One endless line: it goes on as a new block.
    open_ += std::exchange(partial_, {});
    EndBlock(pieces);
  }
}

void MarkdownSplitter::Finish(std::vector<MarkdownPiece>* pieces) {
  if (in_code_) {
    if (!ClosesCode(partial_)) TakeCodeLine(std::exchange(partial_, {}), pieces);
    pieces->push_back({MarkdownPiece::Kind::kCodeEnd, "", false});
  } else {
    if (!partial_.empty()) TakeLine(std::exchange(partial_, {}), pieces);
    EndBlock(pieces);
    if (in_code_) pieces->push_back({MarkdownPiece::Kind::kCodeEnd, "", false});
  }
  *this = {};
}

void MarkdownSplitter::TakeLine(std::string_view line, std::vector<MarkdownPiece>* pieces) {
  if (in_code_) {
    TakeCodeLine(line, pieces);
    return;
  }
  if (IsBlank(line)) {
    // What follows decides whether a list goes on.
    if (!in_list_ || open_.size() > kMaxOpenBytes) EndBlock(pieces);
    if (in_list_) open_ += line;
    blank_before_ = any_ || !open_.empty();
    return;
  }
  const bool continues_list = in_list_ && (IndentOf(line) >= 2 || line[0] == '\t' || IsItem(line));
  if (in_list_ && !continues_list && (blank_before_ || IsHeading(line))) EndBlock(pieces);
  if (!continues_list) {
    if (BeginCode(line, pieces)) return;
    if (IsHeading(line)) {
      EndBlock(pieces);
      Append(line);
      EndBlock(pieces);
      return;
    }
  }
  if (open_.size() + line.size() > kMaxOpenBytes) EndBlock(pieces);
  Append(line);
  in_list_ = in_list_ || IsItem(line);
}

void MarkdownSplitter::Append(std::string_view line) {
  if (open_.empty()) open_after_blank_ = blank_before_;
  open_ += line;
  blank_before_ = false;
}

void MarkdownSplitter::EndBlock(std::vector<MarkdownPiece>* pieces) {
  in_list_ = false;
  if (open_.empty()) return;
  pieces->push_back({MarkdownPiece::Kind::kBlock, std::exchange(open_, {}), open_after_blank_});
  any_ = true;
}

bool MarkdownSplitter::BeginCode(std::string_view line, std::vector<MarkdownPiece>* pieces) {
  const size_t indent = IndentOf(line);
  if (indent > 3) return false;
  std::string_view rest = line.substr(indent);
  const char mark = rest.empty() ? ' ' : rest[0];
  if (mark != '`' && mark != '~') return false;
  const size_t length = std::min(rest.find_first_not_of(mark), rest.size());
  rest.remove_prefix(length);
  if (length < 3 || (mark == '`' && rest.find('`') != rest.npos)) return false;
  EndBlock(pieces);
  const size_t begin = std::min(rest.find_first_not_of(" \t\r\n"), rest.size());
  rest.remove_prefix(begin);
  const size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
  pieces->push_back(
      {MarkdownPiece::Kind::kCodeBegin, std::string(rest.substr(0, end)), blank_before_});
  in_code_ = true;
  any_ = true;
  blank_before_ = false;
  fence_char_ = mark;
  fence_length_ = length;
  fence_indent_ = indent;
  return true;
}

bool MarkdownSplitter::ClosesCode(std::string_view line) const {
  if (line_begun_) return false;
  const size_t indent = IndentOf(line);
  std::string_view rest = line.substr(indent);
  const size_t length = std::min(rest.find_first_not_of(fence_char_), rest.size());
  return indent <= 3 && length >= fence_length_ && IsBlank(rest.substr(length));
}

std::string_view MarkdownSplitter::WithoutIndent(std::string_view line) const {
  return line_begun_ ? line : line.substr(std::min(IndentOf(line), fence_indent_));
}

void MarkdownSplitter::TakeCodeLine(std::string_view line, std::vector<MarkdownPiece>* pieces) {
  if (ClosesCode(line)) {
    pieces->push_back({MarkdownPiece::Kind::kCodeEnd, "", false});
    in_code_ = false;
  } else if (const std::string_view code = WithoutIndent(line); !code.empty()) {
    pieces->push_back({MarkdownPiece::Kind::kCodeText, std::string(code), false});
  }
  line_begun_ = false;
}

// Passes the line under way on unless it may become the closing fence.
void MarkdownSplitter::FlushPartialCode(std::vector<MarkdownPiece>* pieces) {
  if (partial_.empty()) return;
  if (!line_begun_) {
    const std::string_view rest = std::string_view(partial_).substr(IndentOf(partial_));
    const size_t marks = std::min(rest.find_first_not_of(fence_char_), rest.size());
    if (IsBlank(rest.substr(marks)) && partial_.size() < kMaxOpenBytes) return;
  }
  const std::string_view code = WithoutIndent(partial_);
  if (!code.empty()) {
    pieces->push_back({MarkdownPiece::Kind::kCodeText, std::string(code), false});
  }
  line_begun_ = true;
  partial_.clear();
}

}  // namespace fathom
