#include "terminal/display_width.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(DisplayWidth, PlainText) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("hello, world"), 12);
}

TEST(DisplayWidth, CombiningMarksTakeNoColumn) {
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("Zu\u0308rich"), 6);
}

TEST(DisplayWidth, WideCharactersTakeTwo) {
  EXPECT_EQ(DisplayWidth("深度"), 4);
  EXPECT_EQ(DisplayWidth("한국"), 4);
  EXPECT_EQ(DisplayWidth("a深b"), 4);
}

TEST(DisplayWidth, EmojiTakeTwoHoweverTheyAreMade) {
  EXPECT_EQ(DisplayWidth("😀"), 2);
  EXPECT_EQ(DisplayWidth("👩\u200d👩\u200d👧"), 2) << "a family, joined";
  EXPECT_EQ(DisplayWidth("🇳🇴"), 2) << "a flag";
}

TEST(NextGrapheme, TakesMarksAlong) {
  const Grapheme first = NextGrapheme("e\u0301x");
  EXPECT_EQ(first.text, "e\u0301");
  EXPECT_EQ(first.columns, 1);
  EXPECT_EQ(NextGrapheme("xe\u0301").text, "x");
}

TEST(NextGrapheme, AdvancesOverWhatIsNotUtf8) {
  EXPECT_EQ(NextGrapheme("\xff\xffz").text, "\xff");
  EXPECT_EQ(DisplayWidth("\xff\xffz"), 3);
}

}  // namespace
}  // namespace fathom
