#include "base/utf8.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>

#include "support/table_file.h"

namespace fathom {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Table 3-7 of the Unicode standard, "Well-Formed UTF-8 Byte Sequences", row by row.
struct Range {
  int low, high;
  bool Holds(int byte) const { return byte >= low && byte <= high; }
};
struct Row {
  int length;
  std::array<Range, 4> bytes;
};
constexpr Range kTail = {0x80, 0xBF};
constexpr Row kWellFormed[] = {
    {1, {{{0x00, 0x7F}}}},
    {2, {{{0xC2, 0xDF}, kTail}}},
    {3, {{{0xE0, 0xE0}, {0xA0, 0xBF}, kTail}}},
    {3, {{{0xE1, 0xEC}, kTail, kTail}}},
    {3, {{{0xED, 0xED}, {0x80, 0x9F}, kTail}}},
    {3, {{{0xEE, 0xEF}, kTail, kTail}}},
    {4, {{{0xF0, 0xF0}, {0x90, 0xBF}, kTail, kTail}}},
    {4, {{{0xF1, 0xF3}, kTail, kTail, kTail}}},
    {4, {{{0xF4, 0xF4}, {0x80, 0x8F}, kTail, kTail}}},
};

// What the table says of the character at the start of `text`.
Utf8Char Reference(std::string_view text) {
  const auto byte = [&](int i) { return static_cast<uint8_t>(text[static_cast<size_t>(i)]); };
  for (const Row& row : kWellFormed) {
    int fit = 0;
    while (fit < row.length && static_cast<size_t>(fit) < text.size() &&
           row.bytes[static_cast<size_t>(fit)].Holds(byte(fit))) {
      ++fit;
    }
    if (fit == 0) continue;
    if (fit < row.length) return {kReplacement, fit, false};
    const char32_t payload_bits[] = {0x7F, 0x1F, 0x0F, 0x07};
    char32_t code_point = byte(0) & payload_bits[row.length - 1];
    for (int i = 1; i < row.length; ++i) code_point = code_point * 64 + (byte(i) - 0x80);
    return {code_point, row.length, true};
  }
  return {kReplacement, 1, false};
}

void ExpectLikeReference(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  const Utf8Char expected = Reference(text), found = DecodeUtf8(text);
  ASSERT_EQ(found.code_point, expected.code_point) << testing::PrintToString(text);
  ASSERT_EQ(found.length, expected.length) << testing::PrintToString(text);
  ASSERT_EQ(found.valid, expected.valid) << testing::PrintToString(text);
}

// Both sides of every border in the table.
constexpr int kBorders[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1,
                            0xC2, 0xDF, 0xE0, 0xED, 0xEE, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};

TEST(DecodeUtf8, AgreesWithTheTableOfWellFormedSequences) {
  for (int a = 0; a < 256; ++a) {
    ExpectLikeReference({a});
    for (int b = 0; b < 256; ++b) {
      ExpectLikeReference({a, b});
      for (const int c : kBorders) {
        ExpectLikeReference({a, b, c});
        if (a < 0xE0) continue;
        for (const int d : kBorders) ExpectLikeReference({a, b, c, d});
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST(DecodeUtf8, EveryScalarValueReadsBack) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point == 0xD800) code_point = 0xE000;
    std::string text;
    AppendUtf8(code_point, &text);
    const Utf8Char read = DecodeUtf8(text);
    ASSERT_TRUE(read.valid) << static_cast<uint32_t>(code_point);
    ASSERT_EQ(read.code_point, code_point);
    ASSERT_EQ(static_cast<size_t>(read.length), text.size());
  }
}

struct Named {
  const char* what;
  std::string_view bytes;
};

TEST(Utf8, RefusesWhatTheStandardForbids) {
  for (const Named& bad : std::initializer_list<Named>{
           {"overlong, 2 bytes", "\xC0\x80"},
           {"overlong, 2 bytes, highest", "\xC1\xBF"},
           {"overlong, 3 bytes", "\xE0\x80\x80"},
           {"overlong, 3 bytes, highest", "\xE0\x9F\xBF"},
           {"overlong, 4 bytes", "\xF0\x80\x80\x80"},
           {"overlong, 4 bytes, highest", "\xF0\x8F\xBF\xBF"},
           {"first surrogate", "\xED\xA0\x80"},
           {"last surrogate", "\xED\xBF\xBF"},
           {"surrogate pair (CESU-8)", "\xED\xA0\xBD\xED\xB8\x80"},
           {"U+110000", "\xF4\x90\x80\x80"},
           {"5 bytes", "\xF8\x88\x80\x80\x80"},
           {"continuation alone", "\x80"},
           {"lead alone", "\xE2\x82"},
       }) {
    EXPECT_FALSE(IsValidUtf8(bad.bytes)) << bad.what;
    EXPECT_EQ(FindInvalidUtf8(std::string("h\xC3\xA9") + std::string(bad.bytes)), 3u) << bad.what;
  }
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8(std::string_view("\0", 1)));
  EXPECT_TRUE(IsValidUtf8("\xEF\xBF\xBF\xF4\x8F\xBF\xBF"));  // U+FFFF and U+10FFFF
}

TEST(Utf8, ReplacesLikePython) {
  for (const auto& row : test::ReadTable(FATHOM_GOLDEN_DIR "/python/utf8_replaced.tsv", 2)) {
    const std::string bytes = test::FromHex(row[0]), replaced = test::FromHex(row[1]);
    EXPECT_EQ(ReplaceInvalidUtf8(bytes), replaced) << row[0];
    EXPECT_EQ(CountUtf8(bytes), CountUtf8(replaced)) << row[0];
    EXPECT_EQ(IsValidUtf8(bytes), bytes == replaced) << row[0];
  }
}

// Stop at any byte: what is held back must be the start of the character that is cut, no more.
TEST(IncompleteUtf8Suffix, FindsTheCutCharacterAtEveryCut) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xED\x9F\xBF\xF0\x9F\x98\x80\xF4\x8F\xBF\xBFz";
  size_t character_begin = 0, next = 0;
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    if (cut == next) {
      character_begin = cut;
      if (cut < text.size()) {
        next = cut + static_cast<size_t>(DecodeUtf8(std::string_view(text).substr(cut)).length);
      }
    }
    EXPECT_EQ(IncompleteUtf8Suffix(std::string_view(text).substr(0, cut)), cut - character_begin)
        << cut;
  }
}

// A suffix is incomplete exactly when some continuation would make it whole.
TEST(IncompleteUtf8Suffix, AgreesWithTheTableOnEveryEnding) {
  const auto is_proper_prefix = [](std::string_view text) {
    const Utf8Char c = Reference(text);
    return !c.valid && static_cast<size_t>(c.length) == text.size() &&
           static_cast<uint8_t>(text[0]) >= 0xC2 && static_cast<uint8_t>(text[0]) <= 0xF4;
  };
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      for (const int c : kBorders) {
        const std::string text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        size_t expected = 0;
        for (size_t back = 1; back <= text.size(); ++back) {
          if (is_proper_prefix(std::string_view(text).substr(text.size() - back))) expected = back;
        }
        ASSERT_EQ(IncompleteUtf8Suffix(text), expected) << testing::PrintToString(text);
      }
    }
  }
}

TEST(CountUtf8, CountsCharacters) {
  EXPECT_EQ(CountUtf8(""), 0u);
  EXPECT_EQ(CountUtf8("h\xC3\xA9llo \xF0\x9F\x98\x80"), 7u);
}

}  // namespace
}  // namespace fathom
