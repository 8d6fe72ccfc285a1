#include "tokenizer/pre_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/unicode_class.h"
#include "base/utf8.h"
#include "json/parse.h"
#include "support/random_text.h"
#include "support/reference_tokenizer.h"

namespace fathom {
namespace {

using testing::ElementsAreArray;

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> pieces;
  PieceScanner scanner(text);
  for (auto piece = scanner.Next(); !piece.empty(); piece = scanner.Next()) {
    pieces.emplace_back(piece);
  }
  return pieces;
}

// Each line of the file holds the pieces of one text.
TEST(PreSplit, CutsAsTheCasesSay) {
  std::ifstream file(FATHOM_SOURCE_DIR "/tests/cases/tokenizer/pre_split.jsonl");
  ASSERT_TRUE(file.is_open());
  int count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const auto value = json::Parse(line);
    ASSERT_TRUE(value.ok()) << line;
    std::vector<std::string> pieces;
    std::string text;
    for (const json::Value& piece : value->array()) {
      pieces.push_back(piece.string());
      text += piece.string();
    }
    EXPECT_THAT(Split(text), ElementsAreArray(pieces)) << line;
    EXPECT_THAT(test::ReferenceSplitter::Split(text), ElementsAreArray(pieces)) << line;
  }
  EXPECT_GE(count, 40);
}

// The one pass relies on it: no number and no white space among the characters of expression 2.
TEST(PreSplit, KanaHaveNoNumbersAndNoSpaces) {
  const auto check = [](char32_t first, char32_t last) {
    for (char32_t c = first; c <= last; ++c) {
      EXPECT_NE(ClassOf(c), UnicodeClass::kNumber) << static_cast<uint32_t>(c);
      EXPECT_NE(ClassOf(c), UnicodeClass::kWhiteSpace) << static_cast<uint32_t>(c);
    }
  };
  check(0x4E00, 0x9FA5);
  check(0x3040, 0x30FF);
}

TEST(PreSplit, CutsRandomTextAsTheExpressionsDo) {
  test::RandomStream random(1);
  for (int round = 0; round < 20000; ++round) {
    const std::string text = test::RandomText(&random, 12);
    ASSERT_THAT(Split(text), ElementsAreArray(test::ReferenceSplitter::Split(text))) << text;
  }
}

// Every character there is, before and behind the characters that make a difference.
TEST(PreSplit, CutsEveryCharacterAsTheExpressionsDo) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    // Beyond the planes that hold assigned characters every 97th will do.
    if (c >= 0x32000 && c < 0xE0000 && c % 97 != 0) continue;
    if (c >= 0xE1000 && c % 97 != 0) continue;
    std::string text = "a";
    AppendUtf8(c, &text);
    text += "b ";
    AppendUtf8(c, &text);
    text += "\n中";
    AppendUtf8(c, &text);
    AppendUtf8(c, &text);
    ASSERT_EQ(Split(text), test::ReferenceSplitter::Split(text)) << static_cast<uint32_t>(c);
  }
}

}  // namespace
}  // namespace fathom
