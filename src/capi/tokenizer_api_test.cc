#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capi/fathom.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

constexpr const char* kFolder = FATHOM_SOURCE_DIR "/models/fathom-nano";

class TokenizerApi : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(fathom_tokenizer_open(kFolder, FATHOM_NUL_TERMINATED, &tokenizer_), FATHOM_OK)
        << fathom_last_error();
  }
  void TearDown() override { fathom_tokenizer_free(tokenizer_); }

  std::vector<int32_t> Encode(const std::string& text, int allow_special) {
    fathom_tokens tokens;
    EXPECT_EQ(fathom_tokenizer_encode(tokenizer_, text.data(), text.size(), allow_special, &tokens),
              FATHOM_OK);
    std::vector<int32_t> ids(tokens.data, tokens.data + tokens.size);
    fathom_tokens_free(&tokens);
    return ids;
  }
  static std::string Take(fathom_string* text) {
    std::string taken(text->data, text->size);
    fathom_string_free(text);
    return taken;
  }

  fathom_tokenizer* tokenizer_ = nullptr;
};

TEST_F(TokenizerApi, TextGoesToIdsAndBack) {
  const std::string text("Hello \xc3\xa9 \xf0\x9f\x98\x80 \0 end", 19);
  const std::vector<int32_t> ids = Encode(text, 0);
  EXPECT_FALSE(ids.empty());
  fathom_string back;
  ASSERT_EQ(fathom_tokenizer_decode(tokenizer_, ids.data(), ids.size(), &back), FATHOM_OK);
  EXPECT_EQ(Take(&back), text);
}

TEST_F(TokenizerApi, OnlyWhereAllowedDoesTextBecomeASpecialToken) {
  int32_t think = -1;
  ASSERT_EQ(fathom_tokenizer_token_id(tokenizer_, "<think>", FATHOM_NUL_TERMINATED, &think),
            FATHOM_OK);
  EXPECT_EQ(Encode("<think>", 1), std::vector<int32_t>{think});
  EXPECT_GT(Encode("<think>", 0).size(), 1u);
  EXPECT_LT(think, fathom_tokenizer_id_limit(tokenizer_));
}

TEST_F(TokenizerApi, ADecoderGivesWholeCharactersAndOutlivesItsTokenizer) {
  const std::string text = "a\xf0\x9f\xa6\x94\xf0\x9f\xa6\x94z";
  const std::vector<int32_t> ids = Encode(text, 0);
  fathom_decoder* decoder = nullptr;
  ASSERT_EQ(fathom_decoder_new(tokenizer_, &decoder), FATHOM_OK);
  fathom_tokenizer_free(tokenizer_);
  tokenizer_ = nullptr;
  std::string joined;
  for (const int32_t id : ids) {
    fathom_string piece;
    ASSERT_EQ(fathom_decoder_push(decoder, id, &piece), FATHOM_OK);
    joined += Take(&piece);
  }
  EXPECT_EQ(joined, text);
  // Half a character, and the end.
  fathom_string piece;
  ASSERT_EQ(fathom_decoder_push(decoder, ids[1], &piece), FATHOM_OK);
  std::string rest = Take(&piece);
  ASSERT_EQ(fathom_decoder_flush(decoder, &piece), FATHOM_OK);
  rest += Take(&piece);
  EXPECT_FALSE(rest.empty());
  EXPECT_EQ(fathom_decoder_push(decoder, -5, &piece), FATHOM_INVALID_ARGUMENT);
  EXPECT_STREQ(fathom_last_error(), "no token has the id -5");
  fathom_decoder_free(decoder);
}

TEST_F(TokenizerApi, InvalidTextIsReadWithReplacements) {
  const std::vector<int32_t> ids = Encode("a\xff", 0);
  fathom_string back;
  ASSERT_EQ(fathom_tokenizer_decode(tokenizer_, ids.data(), ids.size(), &back), FATHOM_OK);
  EXPECT_EQ(Take(&back), "a\xef\xbf\xbd");
}

TEST_F(TokenizerApi, MisuseIsAnswered) {
  fathom_tokens tokens = {};
  fathom_string text = {};
  EXPECT_EQ(fathom_tokenizer_encode(nullptr, "a", 1, 0, &tokens), FATHOM_INVALID_ARGUMENT);
  EXPECT_STREQ(fathom_last_error(), "tokenizer is null");
  EXPECT_EQ(fathom_tokenizer_encode(tokenizer_, "a", 1, 0, nullptr), FATHOM_INVALID_ARGUMENT);
  EXPECT_STREQ(fathom_last_error(), "out is null");
  EXPECT_EQ(fathom_tokenizer_encode(tokenizer_, nullptr, 3, 0, &tokens), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_tokenizer_decode(tokenizer_, nullptr, 2, &text), FATHOM_INVALID_ARGUMENT);
  const int32_t beyond = fathom_tokenizer_id_limit(tokenizer_);
  EXPECT_EQ(fathom_tokenizer_decode(tokenizer_, &beyond, 1, &text), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_tokenizer_decode(tokenizer_, &beyond, SIZE_MAX, &text), FATHOM_INVALID_ARGUMENT);
  int32_t id = 0;
  EXPECT_EQ(fathom_tokenizer_token_id(tokenizer_, "no such token", 13, &id), FATHOM_NOT_FOUND);
  EXPECT_EQ(id, -1);
  EXPECT_EQ(fathom_decoder_new(nullptr, nullptr), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_decoder_push(nullptr, 0, &text), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_decoder_flush(nullptr, &text), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_tokenizer_id_limit(nullptr), 0);
  fathom_tokenizer_free(nullptr);
  fathom_decoder_free(nullptr);
}

TEST(TokenizerFile, WhatCannotBeOpenedIsNamed) {
  const test::TempDir folder;
  fathom_tokenizer* tokenizer = nullptr;
  const std::string missing = folder.path() + "/none.json";
  EXPECT_EQ(fathom_tokenizer_open(missing.data(), missing.size(), &tokenizer), FATHOM_NOT_FOUND);
  EXPECT_EQ(tokenizer, nullptr);
  EXPECT_NE(std::string(fathom_last_error()).find(missing), std::string::npos);
  const std::string broken = folder.Write("tokenizer.json", "{]");
  EXPECT_EQ(fathom_tokenizer_open(folder.path().data(), folder.path().size(), &tokenizer),
            FATHOM_INVALID_ARGUMENT);
  EXPECT_NE(std::string(fathom_last_error()).find(broken), std::string::npos);
  EXPECT_EQ(fathom_tokenizer_open(nullptr, 0, &tokenizer), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_tokenizer_open("a", 1, nullptr), FATHOM_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace fathom
