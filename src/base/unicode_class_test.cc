#include "base/unicode_class.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {
namespace {

// DerivedGeneralCategory.txt and PropList.txt of Unicode 16.0.0 end each property with its total.
TEST(UnicodeClass, HasTheTotalsOfUnicode16) {
  std::array<int, 7> count = {};
  for (char32_t c = 0; c <= 0x10FFFF; ++c) ++count[static_cast<size_t>(ClassOf(c))];
  const auto of = [&](UnicodeClass kind) { return count[static_cast<size_t>(kind)]; };
  EXPECT_EQ(of(UnicodeClass::kLetter), 141028);
  EXPECT_EQ(of(UnicodeClass::kMark), 2501);
  EXPECT_EQ(of(UnicodeClass::kNumber), 1911);
  EXPECT_EQ(of(UnicodeClass::kPunctuation), 855);
  EXPECT_EQ(of(UnicodeClass::kSymbol), 8514);
  EXPECT_EQ(of(UnicodeClass::kWhiteSpace), 25);
}

TEST(UnicodeClass, WhiteSpaceIsTheUnicodeProperty) {
  std::vector<char32_t> found;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (ClassOf(c) == UnicodeClass::kWhiteSpace) found.push_back(c);
  }
  EXPECT_EQ(found, (std::vector<char32_t>{9,      10,     11,     12,     13,     0x20,   0x85,
                                          0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                          0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                          0x2029, 0x202F, 0x205F, 0x3000}));
}

TEST(UnicodeClass, KnowsSingleCharacters) {
  const auto expect = [](UnicodeClass kind, std::u32string_view all) {
    for (const char32_t c : all) {
      EXPECT_EQ(ClassOf(c), kind) << "U+" << std::hex << static_cast<uint32_t>(c);
    }
  };
  // The last of each line are as new as Unicode 16.0 itself.
  expect(UnicodeClass::kLetter, U"aZéßЖא中ぁ가\U00020000\U000105C0\U00016D43");
  expect(UnicodeClass::kMark, U"\u0301\u093F\u20DD\uFE0F\U000E0100\U00011F5A");
  expect(UnicodeClass::kNumber, U"09²½Ⅷ٣\U0001D7CE\U00010D40");
  expect(UnicodeClass::kPunctuation, U"!#%&*,_-(){}«»、。\u1B4E");
  expect(UnicodeClass::kSymbol, U"$+<=>^`|~｜©€→∑😀\U0001FAE9");
  expect(UnicodeClass::kOther, std::u32string(U"\u200B\uFEFF\u180E\uE000\uFFFF\U0010FFFF\u0378") +
                                   U'\0' + static_cast<char32_t>(0xD800) +
                                   static_cast<char32_t>(0x110000) +
                                   static_cast<char32_t>(0xFFFFFFFF));
}

TEST(IsPrintable, MeansWhatPythonMeans) {
  for (const char32_t c : std::u32string_view(U"a1!$ é\u0301中😀")) {
    EXPECT_TRUE(IsPrintable(c)) << static_cast<uint32_t>(c);
  }
  for (const uint32_t c : {0x00, 0x09, 0x0A, 0x1B, 0x7F, 0x85, 0xA0, 0xAD, 0x200B, 0x202E, 0x2028,
                           0x3000, 0xD800, 0xE000, 0xFEFF, 0xFFFF, 0x10FFFF, 0x110000}) {
    EXPECT_FALSE(IsPrintable(c)) << c;
  }
}

}  // namespace
}  // namespace fathom
