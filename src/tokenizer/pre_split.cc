#include "tokenizer/pre_split.h"

#include <array>
#include <cstdint>

#include "base/unicode_class.h"

namespace fathom {
namespace {

// What the expressions can tell apart, one bit each, so that a set of them is a mask. A kana
// character has the bit of its kind kKana places higher: a set then belongs to one region.
enum : int {
  kWord = 1,     // letters and marks: wherever a mark matters, a letter would match as well
  kPunct = 2,    // punctuation and symbols
  kSpace = 4,    // white space but CR and LF
  kNewline = 8,  // CR, LF
  kOther = 16,
  kNumber = 32,  // in no region
  kEnd = 0,      // behind the text: in no set
};
constexpr int kPlain = 0;
constexpr int kKana = 8;

constexpr std::array<uint8_t, 7> kKindOfClass = {kOther, kWord,  kWord, kNumber,
                                                 kPunct, kPunct, kSpace};

// Indexed by byte; those of longer characters are 0.
constexpr std::array<uint8_t, 256> kAsciiKind = [] {
  std::array<uint8_t, 256> kind{};
  for (int c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool number = c >= '0' && c <= '9';
    kind[static_cast<size_t>(c)] = c == '\n' || c == '\r'            ? kNewline
                                   : c == ' ' || (c >= 9 && c <= 13) ? kSpace
                                   : letter                          ? kWord
                                   : number                          ? kNumber
                                   : c > ' ' && c < 0x7F             ? kPunct
                                                                     : kOther;
  }
  return kind;
}();

bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The characters of expression 2.
bool IsKana(char32_t c) { return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF); }

}  // namespace

// A character of the text: its kind bit (shifted for kana) and its bytes.
struct PieceScanner::Char {
  int kind;
  int length;
};

inline PieceScanner::Char PieceScanner::At(size_t i) const {
  if (i >= text_.size()) return {kEnd, 0};
  const auto byte = [&](size_t k) { return static_cast<char32_t>(static_cast<uint8_t>(text_[k])); };
  const char32_t lead = byte(i);
  if (lead < 0x80) return {kAsciiKind[lead], 1};
  const char32_t second = byte(i + 1) & 0x3F;
  if (lead < 0xE0) {
    return {kKindOfClass[static_cast<size_t>(ClassOf((lead & 0x1F) << 6 | second))], 2};
  }
  const char32_t third = byte(i + 2) & 0x3F;
  if (lead < 0xF0) {
    const char32_t c = (lead & 0x0F) << 12 | second << 6 | third;
    const int kind = kKindOfClass[static_cast<size_t>(ClassOf(c))];
    return {IsKana(c) ? kind << kKana : kind, 3};
  }
  const char32_t c = (lead & 7) << 18 | second << 12 | third << 6 | (byte(i + 3) & 0x3F);
  return {kKindOfClass[static_cast<size_t>(ClassOf(c))], 4};
}

std::string_view PieceScanner::Next() {
  if (at_ == text_.size()) return {};
  const size_t begin = at_;
  at_ = PieceEnd(begin);
  return text_.substr(begin, at_ - begin);
}

// Where the characters of the set end that begin here.
inline size_t PieceScanner::RunEnd(size_t begin, int kinds) const {
  size_t i = begin;
  while (true) {
    const Char c = At(i);
    if ((c.kind & kinds) == 0) return i;
    i += static_cast<size_t>(c.length);
  }
}

size_t PieceScanner::PieceEnd(size_t begin) const {
  const Char first = At(begin);
  const size_t second = begin + static_cast<size_t>(first.length);
  const int region = first.kind >= 1 << kKana ? kKana : kPlain;
  switch (first.kind >> region) {
    case kNumber:
      return NumberEnd(begin);
    case kWord:
      return RunEnd(second, kWord << region);
    case kPunct:
      // ASCII punctuation is never kana, so this needs no region.
      if (first.length == 1 && second < text_.size() && IsAsciiLetter(text_[second])) {
        size_t i = second + 1;
        while (i < text_.size() && IsAsciiLetter(text_[i])) ++i;
        return i;
      }
      return RunEnd(RunEnd(second, kPunct << region), kNewline << region);
    case kSpace: {
      const Char next = At(second);
      if (next.kind == kWord) return RunEnd(second, kWord);
      if (next.kind == kPunct && text_[begin] == ' ') {
        return RunEnd(RunEnd(second, kPunct), kNewline);
      }
      return SpaceEnd(begin);
    }
    case kNewline:
      return SpaceEnd(begin);
    default:
      return OtherEnd(begin, region);
  }
}

// \p{N}{1,3}
size_t PieceScanner::NumberEnd(size_t begin) const {
  size_t i = begin;
  for (int count = 0; count < 3; ++count) {
    const Char c = At(i);
    if (c.kind != kNumber) break;
    i += static_cast<size_t>(c.length);
  }
  return i;
}

// White space from here on: up to its last CR or LF; without one, all of it at the end of the
// region, else all but the last character, which belongs to what follows.
size_t PieceScanner::SpaceEnd(size_t begin) const {
  size_t newline_end = begin, last = begin, i = begin;
  Char c = At(i);
  while ((c.kind & (kSpace | kNewline)) != 0) {
    last = i;
    i += static_cast<size_t>(c.length);
    if (c.kind == kNewline) newline_end = i;
    c = At(i);
  }
  if (newline_end > begin) return newline_end;
  const bool region_ends = (c.kind & (kWord | kPunct | kOther)) == 0;
  return region_ends || last == begin ? i : last;
}

// A character that begins no alternative by itself: it joins a word behind it; else it is a gap,
// which reaches to where something matches.
size_t PieceScanner::OtherEnd(size_t begin, int region) const {
  size_t i = begin;
  while (true) {
    const Char c = At(i);
    if (c.kind != kOther << region) return i;
    const size_t next = i + static_cast<size_t>(c.length);
    if (At(next).kind == kWord << region) return i == begin ? RunEnd(next, kWord << region) : i;
    i = next;
  }
}

}  // namespace fathom
