#include "terminal/paste.h"

#include <gtest/gtest.h>

#include "terminal/line_editor.h"

namespace fathom {
namespace {

TEST(PasteShelf, OneLineIsInserted) {
  PasteShelf shelf;
  EXPECT_EQ(shelf.Add("ls -l\r"), "ls -l");
  EXPECT_EQ(shelf.Add("a\tb\x1b[31m\x07"), "a\tb[31m");
  EXPECT_EQ(shelf.Add("\xff"), "\uFFFD");
}

TEST(PasteShelf, SeveralLinesBecomeANote) {
  PasteShelf shelf;
  const std::string note = shelf.Add("one\r\ntwo\rthree\n\n");
  EXPECT_EQ(note, "[pasted 3 lines]");
  EXPECT_EQ(shelf.Expand("Look: " + note + "?"), "Look: one\ntwo\nthree?");
}

TEST(PasteShelf, NotesAreToldApart) {
  PasteShelf shelf;
  const std::string first = shelf.Add("a\nb"), second = shelf.Add("c\nd");
  EXPECT_NE(first, second);
  EXPECT_EQ(shelf.Expand(second + first + first), "c\nda\nba\nb");
}

TEST(PasteShelf, ANoteThatWasChangedIsText) {
  PasteShelf shelf;
  shelf.Add("a\nb");
  EXPECT_EQ(shelf.Expand("[pasted 2 line]"), "[pasted 2 line]");
  shelf.Clear();
  EXPECT_EQ(shelf.Expand("[pasted 2 lines]"), "[pasted 2 lines]");
}

TEST(CommonPrefix, IsCutBetweenCharacters) {
  EXPECT_EQ(CommonPrefix({"/save", "/save!", "/set"}), "/s");
  EXPECT_EQ(CommonPrefix({"é", "è"}), "");
  EXPECT_EQ(CommonPrefix({"one"}), "one");
  EXPECT_EQ(CommonPrefix({}), "");
}

}  // namespace
}  // namespace fathom
