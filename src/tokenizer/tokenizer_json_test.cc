#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "json/parse.h"
#include "support/random_text.h"
#include "support/small_tokenizer.h"
#include "support/temp_dir.h"
#include "tokenizer/tokenizer.h"

namespace fathom {
namespace {

using testing::ElementsAre;

const std::vector<std::pair<std::string, std::string>> kMerges = {
    {"h", "e"}, {" ", "he"}, {"l", "l"}, {"\xE4", "\xB8"}, {"\xE4\xB8", "\xAD"}};
const std::vector<test::SmallAddedToken> kAdded = {
    {"<end>", /*special=*/true, /*normalized=*/false}, {"<think>"}, {"｜DSML｜", true}};

std::string SmallJson() { return test::SmallTokenizerJson(kMerges, kAdded); }

TEST(TokenizerJson, ReadsBothFormsOfMerges) {
  for (const bool pairs : {false, true}) {
    const auto tokenizer = Tokenizer::FromJson(test::SmallTokenizerJson(kMerges, kAdded, pairs));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    EXPECT_THAT(tokenizer->Encode("hell he 中<think>", AllowSpecial::kYes),
                ElementsAre(256, 258, 257, 32, 260, 262));
    EXPECT_EQ(tokenizer->vocabulary().size(), 264);
    EXPECT_TRUE(tokenizer->vocabulary().IsSpecial(261));
    EXPECT_FALSE(tokenizer->vocabulary().IsSpecial(262));
  }
}

// The order of members is free, and so is the layout.
TEST(TokenizerJson, ReadsMembersInAnyOrder) {
  const auto root = json::Parse(SmallJson());
  ASSERT_TRUE(root.ok());
  const auto reversed = [](const json::Object& object) {
    json::Object out;
    for (size_t i = object.size(); i > 0; --i) {
      out.Set(object.members()[i - 1].key, object.members()[i - 1].value);
    }
    return out;
  };
  json::Object top = reversed(root->object());
  top.Set("model", reversed(top.Find("model")->object()));
  for (const json::Style style : {json::Style::kCompact, json::Style::kPython}) {
    const auto tokenizer = Tokenizer::FromJson(json::Dump(top, style));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    EXPECT_THAT(tokenizer->Encode("he<end>", AllowSpecial::kYes), ElementsAre(256, 261));
  }
}

// Tokens with normalized=false are matched before the others, even where those are longer and
// begin earlier.
TEST(TokenizerJson, TokensThatAreNotNormalizedComeFirst) {
  const auto tokenizer =
      Tokenizer::FromJson(test::SmallTokenizerJson({}, {{"bc", true, false}, {"abcd", false}}));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_THAT(tokenizer->Encode("abcd", AllowSpecial::kYes), ElementsAre('a', 256, 'd'));
}

struct Edit {
  std::string from;  // stands once in the small tokenizer.json
  std::string to;
  std::string message;
};

class TokenizerJsonErrors : public testing::TestWithParam<Edit> {};

TEST_P(TokenizerJsonErrors, NameTheField) {
  std::string text = SmallJson();
  const size_t place = text.find(GetParam().from);
  ASSERT_NE(place, std::string::npos) << GetParam().from;
  ASSERT_EQ(text.find(GetParam().from, place + 1), std::string::npos) << GetParam().from;
  text.replace(place, GetParam().from.size(), GetParam().to);
  EXPECT_EQ(Tokenizer::FromJson(text).status().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    OtherKinds, TokenizerJsonErrors,
    testing::Values(
        Edit{R"("version": "1.0")", R"("version": "2.0")",
             "version: found \"2.0\", expected \"1.0\""},
        Edit{R"("truncation": null)", R"("truncation": {"max_length": 5})",
             "truncation: found {\"max_length\": 5}, expected null"},
        Edit{R"("padding": null)", R"("padding": true)", "padding: found true, expected null"},
        Edit{R"("padding": null)", R"("packing": null)", "packing: unknown field"},
        Edit{R"("padding": null)", R"("truncation": null)", "truncation stands twice"},
        Edit{R"({"type": "Sequence", "normalizers": []})", R"({"type": "NFC"})",
             "normalizer: found {\"type\": \"NFC\"}, expected null or an empty Sequence"},
        Edit{R"("normalizers": [])", R"("normalizers": [{"type": "NFC"}])",
             "normalizer: found {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}]}, "
             "expected null or an empty Sequence"},
        Edit{R"({1,3})", R"({1,2})",
             "pre_tokenizer.pretokenizers[0].pattern.Regex: found \"\\\\p{N}{1,2}\", expected "
             "\"\\\\p{N}{1,3}\""},
        Edit{R"([一-龥)", R"([一-龦)",
             "pre_tokenizer.pretokenizers[1].pattern.Regex: found \"[一-龦぀-ゟ゠-ヿ]+\", "
             "expected "
             "\"[一-龥぀-ゟ゠-ヿ]+\""},
        Edit{R"("add_prefix_space": false, "trim)", R"("add_prefix_space": true, "trim)",
             "pre_tokenizer.pretokenizers[3].add_prefix_space: found true, expected false"},
        Edit{R"(true, "use_regex": false})", R"(true})",
             "pre_tokenizer.pretokenizers[3].use_regex: missing, expected false"},
        Edit{R"(true, "use_regex": false})", R"(true, "use_regex": false, "x": 1})",
             "pre_tokenizer.pretokenizers[3].x: unknown option"},
        Edit{R"("pretokenizers": [)", R"("pretokenizers": [{"type": "Digits"},)",
             "pre_tokenizer.pretokenizers: found 5 entries, expected 4"},
        Edit{R"("post_processor": {"type": "ByteLevel")", R"("post_processor": {"type": "Bert")",
             "post_processor: found {\"type\": \"Bert\", \"add_prefix_space\": true, "
             "\"trim_offsets\": false, \"use_regex\": true}, expected null or type ByteLevel"},
        Edit{R"("decoder": {"type": "ByteLevel")", R"("decoder": null, "x": {"type": "a")",
             "decoder: found null, expected type ByteLevel"},
        Edit{R"("type": "BPE")", R"("type": "Unigram")",
             "model.type: found \"Unigram\", expected \"BPE\""},
        Edit{R"("type": "BPE",)", "", "model.type: missing, expected \"BPE\""},
        Edit{R"("dropout": null)", R"("dropout": 0.1)",
             "model.dropout: found 0.1, expected null or 0.0"},
        Edit{R"("unk_token": null)", R"("unk_token": "?")",
             "model.unk_token: found \"?\", expected null"},
        Edit{R"("end_of_word_suffix": null)", R"("end_of_word_suffix": "</w>")",
             "model.end_of_word_suffix: found \"</w>\", expected null or \"\""},
        Edit{R"("byte_fallback": false)", R"("byte_fallback": true)",
             "model.byte_fallback: found true, expected null or false"},
        Edit{R"("ignore_merges": false)", R"("ignore_merges": true)",
             "model.ignore_merges: found true, expected null or false"},
        Edit{R"("ignore_merges": false)", R"("cache": 5)", "model.cache: unknown option"},
        Edit{R"("vocab": {)", R"("fuse_unk": false, "vocab": {)", "model.fuse_unk stands twice"},
        Edit{R"("lstrip": false, "rstrip": false, "normalized": false)",
             R"("lstrip": true, "rstrip": false, "normalized": false)",
             "added_tokens[0].lstrip: found true, expected false"}));

INSTANTIATE_TEST_SUITE_P(
    Damage, TokenizerJsonErrors,
    testing::Values(
        Edit{R"("a": 97,)", "", "vocab: no token for the single byte 0x61"},
        Edit{R"("a": 97,)", R"("a": 98,)", "model.vocab: id 98 is both \"a\" and \"b\""},
        Edit{R"("a": 97,)", R"("a": 97, "a": 999,)", "model.vocab: \"a\" has two ids, 97 and 999"},
        Edit{R"("a": 97,)", R"("a": -1,)", "model.vocab: id -1 of \"a\" is outside [0, 1048576)"},
        Edit{R"("a": 97,)", R"("a": 4294967393,)",
             "model.vocab: id 4294967393 of \"a\" is outside [0, 1048576)"},
        Edit{R"("a": 97,)", R"("a": 97, "▁a": 999,)",
             "model.vocab: \"▁a\" is neither spelled in the byte-level alphabet nor an added "
             "token"},
        Edit{R"("a": 97,)", R"("a": 97, "": 999,)", "model.vocab: id 999 is an empty token"},
        Edit{R"("content": "<think>")", R"("content": "<end>")",
             "added_tokens[1]: \"<end>\" has two ids, 261 and 262"},
        Edit{R"("id": 262)", R"("id": 261)",
             "added_tokens[1]: id 261 is both \"<end>\" and \"<think>\""},
        Edit{R"("id": 262)", R"("id": 5)", "model.vocab: id 5 is both \"<think>\" and \"\\x05\""},
        Edit{R"("id": 262)", R"("id": 2000000)",
             "added_tokens[1].id: 2000000 is outside [0, 1048575]"},
        Edit{R"("content": "<think>")", R"("content": "")",
             "added_tokens[1]: id 262 is an empty token"},
        Edit{R"("content": "<think>")", R"("content": "é")",
             "added_tokens[1].content: \"é\" would decode as \"\\xe9\""},
        Edit{R"("content": "<think>")", R"("content": 5)",
             "added_tokens[1].content: expected string, found number"},
        Edit{R"("merges": [["h", "e"])", R"("merges": [["h", "e"], ["h", "e"])",
             "merges[1] repeats merges[0]"},
        Edit{R"(["h", "e"])", R"(["h", "x"])", "model.merges[0]: \"hx\" is not in the vocabulary"},
        Edit{R"(["h", "e"])", R"(["hh", "e"])", "model.merges[0]: \"hh\" is not in the vocabulary"},
        Edit{R"(["h", "e"])", R"(["h"])", "model.merges[0]: found 1 tokens, expected 2"},
        Edit{R"(["h", "e"])", R"(["h", "e", "e"])", "model.merges[0]: found 3 tokens, expected 2"},
        Edit{R"(["h", "e"])", R"("he")",
             "model.merges[0]: found \"he\", expected two tokens with one space between"},
        Edit{R"(["h", "e"])", R"("h e e")",
             "model.merges[0]: found \"h e e\", expected two tokens with one space between"},
        Edit{R"(["h", "e"])", R"(["", "e"])", "model.merges[0]: \"\" is not in the vocabulary"},
        Edit{R"(["h", "e"])", R"(["h", " "])",
             "model.merges[0]: \" \" is not spelled in the byte-level alphabet"}));

// Text could become these without being allowed to.
TEST(TokenizerJson, RefusesAddedTokensThatTextCanReach) {
  const auto message = [](std::string text, std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
    return Tokenizer::FromJson(text).status().message();
  };
  const std::string id = R"("id": 261, "content": "<end>")";
  EXPECT_EQ(message(SmallJson(), id, R"("id": 258, "content": "ll")"),
            "added_tokens: \"ll\" is made by merges[2], so any text could become it");
  EXPECT_EQ(message(SmallJson(), id, R"("id": 97, "content": "a")"),
            "added_tokens: \"a\" is a single byte, which any text could become");
}

TEST(TokenizerJson, NamesTheFile) {
  const test::TempDir folder;
  EXPECT_EQ(Tokenizer::Load(folder.File("none.json")).status().message(),
            folder.File("none.json") + ": No such file or directory");
  const std::string path = folder.Write("tokenizer.json", "{\"model\": 5}");
  EXPECT_EQ(Tokenizer::Load(path).status().message(),
            path + ": model: byte 10: expected object, found number");
  EXPECT_EQ(Tokenizer::Load(folder.Write("empty.json", "")).status().message(),
            folder.File("empty.json") + ": byte 0: expecting value");
}

// A damaged file is refused, or is another good one; it never does worse.
TEST(TokenizerJson, SurvivesRandomDamage) {
  const std::string good = SmallJson();
  test::RandomStream random(9);
  for (size_t size = 0; size < good.size(); size += 1 + random.Below(40)) {
    // Only the final newline and the last brackets can be missing without harm.
    EXPECT_EQ(Tokenizer::FromJson(good.substr(0, size)).ok(), size + 1 >= good.size()) << size;
  }
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (size_t edits = 1 + random.Below(3); edits > 0; --edits) {
      const size_t place = random.Below(text.size());
      if (random.Below(2) == 0) {
        text[place] = "\"{}[]:,0a \\\xFF"[random.Below(12)];
      } else {
        text.erase(place, 1 + random.Below(20));
      }
    }
    const auto tokenizer = Tokenizer::FromJson(text);
    if (!tokenizer.ok()) {
      EXPECT_FALSE(tokenizer.status().message().empty());
      continue;
    }
    const auto ids = tokenizer->Encode("hello 中 <think>", AllowSpecial::kYes);
    EXPECT_EQ(*tokenizer->Decode(ids), "hello 中 <think>");
  }
}

}  // namespace
}  // namespace fathom
