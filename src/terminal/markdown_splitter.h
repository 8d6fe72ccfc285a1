// Cuts streamed Markdown into blocks that can be read by themselves, as soon as nothing that is
// still to come can change them.
//
// Works on whole lines. An empty line ends a paragraph, a table or a quote; a list ends at a line
// after it that is neither indented nor an item; a heading stands alone. Fenced code is passed
// through as it comes, since nothing can change it any more. A block that gets longer than
// kMaxOpenBytes is cut at the end of a line, so that whoever draws it anew for every token has
// bounded work.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

inline constexpr size_t kMaxOpenBytes = 8 << 10;

struct MarkdownPiece {
  enum class Kind {
    kBlock,      // text: Markdown
    kCodeBegin,  // text: the language
    kCodeText,   // text: code, with its newlines
    kCodeEnd,
  };
  Kind kind = Kind::kBlock;
  std::string text = {};
  bool after_blank = false;  // an empty line stood before it
  bool operator==(const MarkdownPiece&) const = default;
};

class MarkdownSplitter {
 public:
  // Appends what is now complete.
  void Add(std::string_view text, std::vector<MarkdownPiece>* pieces);
  // The text has ended; another may begin.
  void Finish(std::vector<MarkdownPiece>* pieces);

  // The block under way, empty within code.
  std::string Open() const { return in_code_ ? "" : open_ + partial_; }
  bool open_after_blank() const { return open_.empty() ? blank_before_ : open_after_blank_; }

 private:
  void TakeLine(std::string_view line, std::vector<MarkdownPiece>* pieces);
  void TakeCodeLine(std::string_view line, std::vector<MarkdownPiece>* pieces);
  void FlushPartialCode(std::vector<MarkdownPiece>* pieces);
  void Append(std::string_view line);
  void EndBlock(std::vector<MarkdownPiece>* pieces);
  bool BeginCode(std::string_view line, std::vector<MarkdownPiece>* pieces);
  bool ClosesCode(std::string_view line) const;
  std::string_view WithoutIndent(std::string_view line) const;

  std::string partial_;  // the line under way; within code, what of it is not passed on
  std::string open_;     // lines of the block under way
  bool open_after_blank_ = false;
  bool blank_before_ = false;  // the last line was empty
  bool any_ = false;           // something stands before the block
  bool in_list_ = false;       // the open block holds an item
  bool in_code_ = false;
  bool line_begun_ = false;  // within code: part of the line was passed on
  char fence_char_ = '`';
  size_t fence_length_ = 0, fence_indent_ = 0;
};

}  // namespace fathom
