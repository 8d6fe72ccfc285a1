#include "api/tokenize.h"

#include <gtest/gtest.h>

#include "api/openai_completions.h"
#include "base/utf8.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/small_tokenizer.h"

namespace fathom::api {
namespace {

json::Value Parsed(const std::string& text) {
  Result<json::Value> value = json::Parse(text);
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  return *std::move(value);
}

Tokenizer SmallTokenizer() {
  Result<Tokenizer> tokenizer = Tokenizer::FromJson(test::SmallTokenizerJson(
      {{"a", "b"}}, {{.content = "<｜begin▁of▁sentence｜>", .special = true}}));
  FATHOM_CHECK(tokenizer.ok(), "{}", tokenizer.status().message());
  return std::move(tokenizer).value();
}

std::string Body(const std::string& request, const Tokenizer& tokenizer) {
  const Result<TokenizeRequest> read = ReadTokenize(Parsed(request));
  FATHOM_CHECK(read.ok(), "{}", read.status().message());
  const auto ids =
      TextTokens(read->prompt, read->add_special_tokens, read->parse_special, tokenizer);
  FATHOM_CHECK(ids.ok(), "{}", ids.status().message());
  return json::Dump(TokenizeBody(*ids, tokenizer, 4096, read->token_strings),
                    json::Style::kCompact);
}

TEST(Tokenize, ATextIsCounted) {
  const Tokenizer tokenizer = SmallTokenizer();
  EXPECT_EQ(Body(R"({"prompt": "abc"})", tokenizer),
            R"({"count":3,"max_model_len":4096,"tokens":[257,256,99],"token_strs":null})");
  EXPECT_EQ(Body(R"({"prompt": "abé", "add_special_tokens": false, "return_token_strs": true})",
                 tokenizer),
            "{\"count\":3,\"max_model_len\":4096,\"tokens\":[256,195,169],\"token_strs\":[\"ab\","
            "\"\uFFFD\",\"\uFFFD\"]}");
  EXPECT_EQ(Body(R"({"prompt": "", "add_special_tokens": false})", tokenizer),
            R"({"count":0,"max_model_len":4096,"tokens":[],"token_strs":null})");
}

TEST(Tokenize, AConversationIsReadAsAChat) {
  const auto read = ReadTokenize(Parsed(
      R"({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "thinking": true})"));
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_TRUE(read->chat.has_value());
  EXPECT_EQ(read->chat->messages.size(), 1u);
  EXPECT_EQ(read->chat->thinking, true);
}

TEST(Tokenize, SaysWhatIsWrong) {
  const auto refusal = [](const std::string& text) {
    const auto read = ReadTokenize(Parsed(text));
    return read.ok() ? "accepted" : read.status().message();
  };
  EXPECT_EQ(refusal("[]"), "expected object, found array");
  EXPECT_EQ(refusal("{}"), "prompt: missing, and so is messages");
  EXPECT_EQ(refusal(R"({"prompt": "a", "messages": []})"), "prompt: not allowed beside messages");
  EXPECT_EQ(refusal(R"({"prompt": ["a"]})"), "prompt: expected string, found array");
  EXPECT_EQ(refusal(R"({"messages": [{"role": "user"}]})"),
            "messages[0].content: a user message needs content");
  EXPECT_EQ(refusal(R"({"prompt": "a", "return_token_strs": 1})"),
            "return_token_strs: expected boolean, found number");
}

TEST(Detokenize, GivesTheTextBack) {
  const Tokenizer tokenizer = SmallTokenizer();
  for (const std::string& text : {std::string("abc é 𝄞"), std::string(), std::string("ab\n\tab")}) {
    const auto ids = TextTokens(text, false, true, tokenizer);
    ASSERT_TRUE(ids.ok());
    json::Array numbers;
    for (const int32_t id : *ids) numbers.emplace_back(int{id});
    const auto request = ReadDetokenize(json::Object{{"tokens", std::move(numbers)}});
    ASSERT_TRUE(request.ok()) << request.status().message();
    const auto body = DetokenizeBody(request->tokens, tokenizer);
    ASSERT_TRUE(body.ok()) << body.status().message();
    EXPECT_EQ(body->Find("prompt")->string(), text);
  }
  const auto half = DetokenizeBody(std::vector<int32_t>{0xE2, 0x82}, tokenizer);
  ASSERT_TRUE(half.ok());
  EXPECT_TRUE(IsValidUtf8(half->Find("prompt")->string()));
}

TEST(Detokenize, SaysWhatIsWrong) {
  const Tokenizer tokenizer = SmallTokenizer();
  EXPECT_EQ(DetokenizeBody(std::vector<int32_t>{97, 99999}, tokenizer).status().message(),
            "tokens[1]: 99999 is no token; the largest is 257");
  const auto refusal = [](const std::string& text) {
    return ReadDetokenize(Parsed(text)).status().message();
  };
  EXPECT_EQ(refusal("{}"), "tokens: missing");
  EXPECT_EQ(refusal(R"({"tokens": "a"})"), "tokens: expected array, found string");
  EXPECT_EQ(refusal(R"({"tokens": [1.5]})"), "tokens[0]: 1.5 is no token id");
  const json::Array many(kMaxDetokenizeTokens + 1, json::Value(1));
  EXPECT_EQ(ReadDetokenize(json::Object{{"tokens", many}}).status().message(),
            "tokens: 1048577 token ids, at most 1048576 are taken");
}

}  // namespace
}  // namespace fathom::api
