#include "tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "base/mapped_file.h"
#include "base/utf8.h"
#include "json/parse.h"
#include "support/random_text.h"
#include "support/reference_tokenizer.h"
#include "tokenizer/stream_decoder.h"

namespace fathom {
namespace {

using Ids = std::vector<int32_t>;
using enum AllowSpecial;

constexpr const char* kDeepSeekFile = FATHOM_GOLDEN_DIR "/tokenizer/tokenizer.json";
constexpr const char* kNanoFile = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";

Tokenizer Open(const char* path) {
  auto tokenizer = Tokenizer::Load(path);
  FATHOM_CHECK(tokenizer.ok(), "{}", tokenizer.status().message());
  return std::move(tokenizer).value();
}

// Read once, for all tests of the program.
const Tokenizer& DeepSeek() {
  static const Tokenizer tokenizer = Open(kDeepSeekFile);
  return tokenizer;
}
const Tokenizer& Nano() {
  static const Tokenizer tokenizer = Open(kNanoFile);
  return tokenizer;
}

std::string Decode(const Tokenizer& tokenizer, const Ids& ids) {
  const auto text = tokenizer.Decode(ids);
  return text.ok() ? *text : "error: " + text.status().message();
}

std::string DecodeStreamed(const Tokenizer& tokenizer, const Ids& ids) {
  StreamDecoder decoder(tokenizer.vocabulary());
  std::string text;
  for (const int32_t id : ids) text += decoder.Push(id);
  return text + decoder.Flush();
}

Ids IdsOf(const json::Value& value) {
  Ids ids;
  for (const json::Value& id : value.array()) ids.push_back(static_cast<int32_t>(*id.AsInt64()));
  return ids;
}

// Every text of the golden file gives exactly the ids of Hugging Face tokenizers, and back.
void ExpectGolden(const json::Array& cases) {
  for (const json::Value& one : cases) {
    const std::string& text = one.Find("text")->string();
    const Ids ids = DeepSeek().Encode(text, kYes);
    EXPECT_EQ(ids, IdsOf(*one.Find("ids"))) << QuoteToken(text);
    const json::Value* roundtrip = one.Find("roundtrip");
    if (roundtrip == nullptr || roundtrip->boolean()) {
      EXPECT_EQ(Decode(DeepSeek(), ids), text);
      EXPECT_EQ(DecodeStreamed(DeepSeek(), ids), text);
    }
  }
}

TEST(TokenizerGolden, Cases) {
  const auto root = json::ParseFile(FATHOM_GOLDEN_DIR "/tokenizer/cases.json");
  ASSERT_TRUE(root.ok()) << root.status().message();
  const json::Array& cases = root->Find("cases")->array();
  EXPECT_EQ(cases.size(), 2436);
  ExpectGolden(cases);
}

TEST(TokenizerGolden, Edge) {
  const auto root = json::ParseFile(FATHOM_GOLDEN_DIR "/tokenizer/edge.json");
  ASSERT_TRUE(root.ok()) << root.status().message();
  EXPECT_EQ(root->array().size(), 256);
  ExpectGolden(root->array());
}

// The prompts of the small model's golden data, against the ids their file holds.
TEST(TokenizerGolden, NanoPrompts) {
  const auto prompts = json::ParseFile(FATHOM_GOLDEN_DIR "/nano/golden.json");
  ASSERT_TRUE(prompts.ok()) << prompts.status().message();
  const auto file = MappedFile::Open(FATHOM_GOLDEN_DIR "/nano/golden.safetensors");
  ASSERT_TRUE(file.ok()) << file.status().message();
  ByteReader reader(file->bytes());
  const auto header_size = reader.Read<uint64_t>();
  ASSERT_TRUE(header_size && *header_size <= reader.left());
  const auto header = json::Parse(file->text().substr(8, *header_size));
  ASSERT_TRUE(header.ok()) << header.status().message();
  const auto data = file->bytes().subspan(8 + *header_size);

  const json::Object& all = prompts->Find("prompts")->object();
  EXPECT_EQ(all.size(), 8);
  for (const auto& [name, prompt] : all) {
    const json::Array& range = header->Find(name + ".ids")->Find("data_offsets")->array();
    const auto begin = static_cast<size_t>(*range[0].AsInt64());
    const auto end = static_cast<size_t>(*range[1].AsInt64());
    ASSERT_LE(end, data.size());
    Ids ids((end - begin) / sizeof(int32_t));
    std::memcpy(ids.data(), data.data() + begin, end - begin);
    EXPECT_EQ(Nano().Encode(prompt.Find("text")->string(), kYes), ids) << name;
    EXPECT_EQ(Decode(Nano(), ids), prompt.Find("text")->string()) << name;
  }
}

TEST(Tokenizer, KnowsItsTokensByName) {
  const Vocabulary& vocabulary = DeepSeek().vocabulary();
  EXPECT_EQ(DeepSeek().TokenId("<｜begin▁of▁sentence｜>"), 0);
  EXPECT_EQ(DeepSeek().TokenId("<｜end▁of▁sentence｜>"), 1);
  EXPECT_EQ(DeepSeek().TokenId("｜DSML｜"), 128793);
  EXPECT_EQ(DeepSeek().TokenId("<think>"), 128798);
  EXPECT_EQ(DeepSeek().TokenId(" the"), 270);
  EXPECT_EQ(DeepSeek().TokenId("no such token"), std::nullopt);
  EXPECT_EQ(vocabulary.size(), 128815);
  EXPECT_EQ(vocabulary.id_limit(), 128815);
  EXPECT_TRUE(vocabulary.IsSpecial(128793));
  EXPECT_TRUE(vocabulary.IsAdded(128798));
  EXPECT_FALSE(vocabulary.IsSpecial(128798));
  EXPECT_FALSE(vocabulary.IsAdded(270));
  // The 465 padding rows of the model's output matrix.
  EXPECT_FALSE(vocabulary.Has(128815));
  EXPECT_FALSE(vocabulary.Has(129279));
}

TEST(Tokenizer, NanoKnowsItsTokensByName) {
  EXPECT_EQ(Nano().vocabulary().size(), 8192);
  EXPECT_EQ(Nano().TokenId("<think>"), 8189);
  EXPECT_EQ(Nano().TokenId("｜DSML｜"), 8191);
}

// What a user types stays text: no added token comes of it, and it decodes to what was typed.
TEST(Tokenizer, PlainTextNeverBecomesAnAddedToken) {
  for (const Tokenizer* tokenizer : {&DeepSeek(), &Nano()}) {
    const Vocabulary& vocabulary = tokenizer->vocabulary();
    for (int32_t id = 0; id < vocabulary.id_limit(); ++id) {
      if (!vocabulary.IsAdded(id)) continue;
      const std::string name(vocabulary.Bytes(id));
      for (const std::string& text : {name, name + name, " " + name + "\n", "a" + name + "b"}) {
        const Ids plain = tokenizer->Encode(text);
        for (const int32_t token : plain) EXPECT_FALSE(vocabulary.IsAdded(token)) << text;
        EXPECT_EQ(Decode(*tokenizer, plain), text);
      }
      EXPECT_EQ(tokenizer->Encode(name, kYes), Ids{id});
    }
  }
}

TEST(Tokenizer, RandomTextAgreesWithTheReference) {
  for (const char* path : {kDeepSeekFile, kNanoFile}) {
    const auto root = json::ParseFile(path);
    ASSERT_TRUE(root.ok()) << root.status().message();
    const test::ReferenceTokenizer reference(*root);
    const Tokenizer& tokenizer = path == kNanoFile ? Nano() : DeepSeek();
    test::RandomStream random(2);
    for (int round = 0; round < 3000; ++round) {
      const std::string text = test::RandomText(&random, 30);
      const bool allow = random.Below(2) == 0;
      const Ids ids = tokenizer.Encode(text, allow ? kYes : kNo);
      ASSERT_EQ(ids, reference.Encode(text, allow)) << text;
      ASSERT_EQ(Decode(tokenizer, ids), text);
      ASSERT_EQ(DecodeStreamed(tokenizer, ids), text);
    }
  }
}

TEST(Tokenizer, InvalidUtf8IsReadAsReplacementCharacters) {
  for (const std::string_view text :
       {"\xFF", "a\xE4\xB8z", "\xC0\xAF", "\xED\xA0\x80", "ok\xF0\x9F\x98", "<think\xFF>"}) {
    const std::string replaced = ReplaceInvalidUtf8(text);
    EXPECT_EQ(DeepSeek().Encode(text), DeepSeek().Encode(replaced));
    EXPECT_EQ(Decode(DeepSeek(), DeepSeek().Encode(text)), replaced);
  }
}

TEST(Tokenizer, DecodeNamesTheIdThatIsNoToken) {
  EXPECT_EQ(DeepSeek().Decode(Ids{3, 128815}).status().message(),
            "ids[1]: 128815 is no token; the largest is 128814");
  EXPECT_EQ(DeepSeek().Decode(Ids{-1}).status().message(),
            "ids[0]: -1 is no token; the largest is 128814");
}

TEST(Tokenizer, SegmentsAreOneText) {
  const auto encode = [](std::vector<TextSegment> segments) {
    return DeepSeek().Encode(std::span<const TextSegment>(segments));
  };
  // The pieces ">x" and "  y" run across borders.
  EXPECT_EQ(encode({{"<result>", kYes}, {"x ", kNo}, {" y</result>", kYes}}),
            DeepSeek().Encode("<result>x  y</result>", kYes));
  EXPECT_EQ(encode({{"<｜User｜>", kYes}, {"<think>", kNo}, {"<｜Assistant｜><think>", kYes}}),
            (Ids{128803, 30, 37947, 32, 128804, 128798}));
  // Allowed neighbours are one stretch; a border to text that is not allowed ends it.
  EXPECT_EQ(encode({{"<thi", kYes}, {"nk>", kYes}}), Ids{128798});
  EXPECT_EQ(encode({{"<thi", kYes}, {"nk>", kNo}}), DeepSeek().Encode("<think>"));
  EXPECT_EQ(encode({{"<thi", kNo}, {"nk>", kYes}}), DeepSeek().Encode("<think>"));
  EXPECT_EQ(encode({{"<thi", kYes}, {"", kNo}, {"nk>", kYes}}), Ids{128798});
  EXPECT_EQ(encode({}), Ids{});
  // Bytes of two segments never join to a character.
  EXPECT_EQ(encode({{"\xE4\xB8", kNo}, {"\xAD", kNo}}), DeepSeek().Encode("\uFFFD\uFFFD"));
}

TEST(Tokenizer, RandomSegmentsAgreeWithTheWholeText) {
  test::RandomStream random(4);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> texts;
    for (size_t i = random.Below(6); i > 0; --i) texts.push_back(test::RandomText(&random, 6));
    for (const AllowSpecial allow : {kNo, kYes}) {
      std::string whole;
      std::vector<TextSegment> segments;
      for (const std::string& text : texts) {
        whole += text;
        segments.push_back({text, allow});
      }
      ASSERT_EQ(DeepSeek().Encode(std::span<const TextSegment>(segments)),
                DeepSeek().Encode(whole, allow));
    }
  }
}

// A megabyte of the worst: one piece without end, or as many as can be. Quadratic work on any of
// them would take hours.
TEST(Tokenizer, LongMonotonousTexts) {
  for (const std::string_view unit :
       {"a",       "ab",  " ",  "\n",   " \n",    "\t",      "\u00A0",
        "1",       "中",  "的", "ア・", "\u0301", "é",       "😀",
        "!",       "(",   "<",  "\x01", "\u200B", "\u200Ba", "<｜place▁holder▁no▁",
        "<think>", "\xFF"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    const Ids ids = DeepSeek().Encode(text, kYes);
    EXPECT_TRUE(Decode(DeepSeek(), ids) == ReplaceInvalidUtf8(text)) << unit;
  }
}

TEST(Tokenizer, ThreadsShareOne) {
  test::RandomStream random(6);
  std::vector<std::string> texts;
  std::vector<Ids> expected;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(test::RandomText(&random, 40));
    expected.push_back(Nano().Encode(texts.back(), kYes));
  }
  std::vector<std::thread> threads;
  std::vector<int> differences(4, 0);
  for (int& count : differences) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < texts.size(); ++i)
        count += Nano().Encode(texts[i], kYes) != expected[i];
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(differences, (std::vector<int>{0, 0, 0, 0}));
}

}  // namespace
}  // namespace fathom
