#include "tokenizer/vocabulary.h"

#include <gtest/gtest.h>

#include <string>

#include "tokenizer/byte_alphabet.h"

namespace fathom {
namespace {

TEST(Vocabulary, FindsWhatWasAdded) {
  Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.Find("a"), std::nullopt);
  for (int32_t id = 0; id < 5000; ++id) {
    ASSERT_TRUE(vocabulary.Add(id * 2, fmt::format("t{}", id), TokenKind::kOrdinary).ok());
  }
  EXPECT_EQ(vocabulary.size(), 5000);
  EXPECT_EQ(vocabulary.id_limit(), 9999);
  for (int32_t id = 0; id < 5000; ++id) {
    EXPECT_EQ(vocabulary.Find(fmt::format("t{}", id)), id * 2);
    EXPECT_EQ(vocabulary.Bytes(id * 2), fmt::format("t{}", id));
    EXPECT_FALSE(vocabulary.Has(id * 2 + 1));
  }
  EXPECT_EQ(vocabulary.Find("t5000"), std::nullopt);
}

TEST(Vocabulary, KnowsKindsAndGaps) {
  Vocabulary vocabulary;
  vocabulary.Reserve(100);
  ASSERT_TRUE(vocabulary.Add(3, "word", TokenKind::kOrdinary).ok());
  ASSERT_TRUE(vocabulary.Add(5, "<think>", TokenKind::kAdded).ok());
  ASSERT_TRUE(vocabulary.Add(7, "<end>", TokenKind::kSpecial).ok());
  struct Case {
    int32_t id;
    bool has, added, special;
  };
  for (const auto& [id, has, added, special] : {Case{3, true, false, false},
                                                {5, true, true, false},
                                                {7, true, true, true},
                                                {4, false, false, false},
                                                {8, false, false, false},
                                                {-1, false, false, false},
                                                {1 << 30, false, false, false}}) {
    EXPECT_EQ(vocabulary.Has(id), has) << id;
    EXPECT_EQ(vocabulary.IsAdded(id), added) << id;
    EXPECT_EQ(vocabulary.IsSpecial(id), special) << id;
    EXPECT_EQ(vocabulary.Bytes(id).empty(), !has) << id;
  }
}

TEST(Vocabulary, RefusesWhatWouldBeAmbiguous) {
  Vocabulary vocabulary;
  ASSERT_TRUE(vocabulary.Add(1, "one", TokenKind::kOrdinary).ok());
  const auto message = [&](int64_t id, std::string_view bytes) {
    return vocabulary.Add(id, bytes, TokenKind::kOrdinary).message();
  };
  EXPECT_EQ(message(1, "two"), "id 1 is both \"one\" and \"two\"");
  EXPECT_EQ(message(2, "one"), "\"one\" has two ids, 1 and 2");
  EXPECT_EQ(message(-1, "x"), "id -1 of \"x\" is outside [0, 1048576)");
  EXPECT_EQ(message(1 << 20, "x"), "id 1048576 of \"x\" is outside [0, 1048576)");
  EXPECT_EQ(message(2, ""), "id 2 is an empty token");
  EXPECT_EQ(message(2, std::string(4097, 'x')), "id 2 has 4097 bytes, more than 4096");
  EXPECT_EQ(vocabulary.size(), 1);
}

TEST(QuoteToken, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(QuoteToken("a b"), "\"a b\"");
  EXPECT_EQ(QuoteToken("\x1B[2J\n\"\\"), "\"\\x1b[2J\\n\\\"\\\\\"");
  EXPECT_EQ(QuoteToken("\xE4\xB8"), "\"\\xe4\\xb8\"");
  EXPECT_EQ(QuoteToken("中\u202E"), "\"中\\xe2\\x80\\xae\"");
  EXPECT_EQ(QuoteToken(std::string(100, 'x')), "\"" + std::string(48, 'x') + "…\"");
}

TEST(ByteAlphabet, SpellsAllBytes) {
  std::string bytes;
  EXPECT_TRUE(AppendSpelledBytes("Ġthe!~¡ÿ", &bytes));
  EXPECT_EQ(bytes, " the!~\xA1\xFF");
  bytes.clear();
  // The 68 that do not stand for themselves, in the order of their characters.
  std::string spelled, expected;
  for (char32_t c = 0x100; c <= 0x143; ++c)
    spelled += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  for (int byte = 0; byte <= 0x20; ++byte) expected.push_back(static_cast<char>(byte));
  for (int byte = 0x7F; byte <= 0xA0; ++byte) expected.push_back(static_cast<char>(byte));
  expected.push_back('\xAD');
  EXPECT_TRUE(AppendSpelledBytes(spelled, &bytes));
  EXPECT_EQ(bytes, expected);
}

TEST(ByteAlphabet, RefusesOtherCharactersWhole) {
  for (const char* text : {"a b", "ń\u0144", "▁the", "a\n", "\u00AD", "\x7F", "｜", "a\xFF"}) {
    std::string bytes = "kept";
    EXPECT_FALSE(AppendSpelledBytes(text, &bytes)) << text;
    EXPECT_EQ(bytes, "kept");
  }
}

}  // namespace
}  // namespace fathom
