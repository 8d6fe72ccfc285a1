#include "tokenizer/stream_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "support/random_text.h"

namespace fathom {
namespace {

// Token i of each call is the i-th of the given byte strings.
std::vector<std::string> Stream(const std::vector<std::string>& tokens) {
  Vocabulary vocabulary;
  std::vector<int32_t> ids;
  for (const std::string& token : tokens) {
    if (const auto id = vocabulary.Find(token)) {
      ids.push_back(*id);
      continue;
    }
    ids.push_back(vocabulary.id_limit());
    EXPECT_TRUE(vocabulary.Add(ids.back(), token, TokenKind::kOrdinary).ok());
  }
  StreamDecoder decoder(vocabulary);
  std::vector<std::string> pieces;
  for (const int32_t id : ids) pieces.push_back(decoder.Push(id));
  pieces.push_back(decoder.Flush());
  return pieces;
}

using Pieces = std::vector<std::string>;

TEST(StreamDecoder, HoldsBackUntilACharacterIsComplete) {
  EXPECT_EQ(Stream({"a", "\xE4", "\xB8", "\xAD", "b"}), (Pieces{"a", "", "", "中", "b", ""}));
  EXPECT_EQ(Stream({"x\xF0\x9F", "\x98\x80\xC3", "\xA9"}), (Pieces{"x", "😀", "é", ""}));
}

TEST(StreamDecoder, ReplacesWhatNeverBecomesOne) {
  EXPECT_EQ(Stream({"\xE4\xB8"}), (Pieces{"", "\uFFFD"}));
  EXPECT_EQ(Stream({"\xE4\xB8", "a"}), (Pieces{"", "\uFFFDa", ""}));
  EXPECT_EQ(Stream({"\xFF", "\x80"}), (Pieces{"\uFFFD", "\uFFFD", ""}));
  EXPECT_EQ(Stream({"\xED", "\xA0\x80"}), (Pieces{"", "\uFFFD\uFFFD\uFFFD", ""}));
  EXPECT_EQ(Stream({"\xF0\x9F", "\xF0\x9F"}), (Pieces{"", "\uFFFD", "\uFFFD"}));
}

TEST(StreamDecoder, IsAsNewAfterFlush) {
  Vocabulary vocabulary;
  ASSERT_TRUE(vocabulary.Add(0, "\xE4", TokenKind::kOrdinary).ok());
  ASSERT_TRUE(vocabulary.Add(1, "\xB8\xAD", TokenKind::kOrdinary).ok());
  StreamDecoder decoder(vocabulary);
  EXPECT_EQ(decoder.Push(0), "");
  EXPECT_EQ(decoder.Flush(), "\uFFFD");
  EXPECT_EQ(decoder.Flush(), "");
  EXPECT_EQ(decoder.Push(0), "");
  EXPECT_EQ(decoder.Push(1), "中");
}

TEST(StreamDecoder, AnIdWithoutATokenAddsNothing) {
  Vocabulary vocabulary;
  ASSERT_TRUE(vocabulary.Add(2, "\xE4", TokenKind::kOrdinary).ok());
  ASSERT_TRUE(vocabulary.Add(3, "\xB8\xAD", TokenKind::kOrdinary).ok());
  StreamDecoder decoder(vocabulary);
  std::string text;
  for (const int32_t id : {2, 0, -1, 99, 3}) text += decoder.Push(id);
  EXPECT_EQ(text, "中");
}

// Valid and invalid bytes in every split into two and three tokens: the pieces join to the text
// that decoding at once gives, and each alone is valid UTF-8.
TEST(StreamDecoder, EverySplitJoinsToTheSameText) {
  const std::vector<std::string> texts = {"aé中😀b", "\xE4\xB8\xE4\xB8\xAD\xFF\xF0\x9F\x98",
                                          "\xC0\xAF\xE0\x80\x80\xF4\x90\x80\x80\xED\xA0\x80"};
  for (const std::string& text : texts) {
    const std::string expected = ReplaceInvalidUtf8(text);
    for (size_t first = 1; first + 1 < text.size(); ++first) {
      for (size_t second = first + 1; second < text.size(); ++second) {
        std::string joined;
        for (const std::string& piece :
             Stream({text.substr(0, first), text.substr(first, second - first),
                     text.substr(second)})) {
          EXPECT_TRUE(IsValidUtf8(piece));
          joined += piece;
        }
        EXPECT_EQ(joined, expected) << first << " " << second;
      }
    }
  }
}

TEST(StreamDecoder, RandomBytesJoinToTheSameText) {
  test::RandomStream random(7);
  const std::vector<std::string> tokens = {"a",    "\x80", "\xBF",     "\xC3", "\xA9", "\xE4",
                                           "\xB8", "\xAD", "\xE4\xB8", "\xF0", "\x9F", "\x98\x80",
                                           "\xED", "\xA0", "\xF4\x90", "\xFF", "é",    "中"};
  for (int round = 0; round < 5000; ++round) {
    Pieces parts;
    std::string all, joined;
    for (size_t i = random.Below(12); i > 0; --i) {
      parts.push_back(random.Of(tokens));
      all += parts.back();
    }
    for (const std::string& piece : Stream(parts)) {
      ASSERT_TRUE(IsValidUtf8(piece));
      joined += piece;
    }
    ASSERT_EQ(joined, ReplaceInvalidUtf8(all));
  }
}

}  // namespace
}  // namespace fathom
