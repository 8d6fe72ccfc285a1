#include "agent/text_prompt.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "chat/dsml.h"
#include "json/parse.h"
#include "support/nano_tokenizer.h"

namespace fathom {
namespace {

using test::Nano;

std::vector<int32_t> Ids(std::string_view text) { return Nano().Encode(text, AllowSpecial::kYes); }

std::string Text(const TextPrompt& prompt) { return *Nano().Decode(prompt.tokens); }

TextPrompt Make(const TextRequest& request) {
  auto prompt = MakeTextPrompt(Nano(), request);
  FATHOM_CHECK(prompt.ok(), "{}", prompt.status().message());
  return *std::move(prompt);
}

chat::Message User(std::string text) {
  return {.role = chat::Role::kUser, .content = std::move(text)};
}

// A tool loop that waits for the model: a question, a call with its reasoning, the result.
TextRequest OpenLoop() {
  TextRequest request;
  request.thinking = chat::ThinkingMode::kThinking;
  request.messages = {User("Add.")};
  chat::AttachTools({{*json::Parse(R"({"type":"function","function":{"name":"add"}})")}}, {},
                    &request.messages);
  chat::Message call = {.role = chat::Role::kAssistant, .content = "", .reasoning = "I call."};
  call.tool_calls.push_back({"call_1", "add", R"({"a": "1"})"});
  request.messages.push_back(call);
  request.messages.push_back({.role = chat::Role::kTool, .content = "2", .tool_call_id = "call_1"});
  return request;
}

// The same text in other tokens: one a byte-level token.
std::vector<int32_t> InOtherTokens(std::string_view text) {
  std::vector<int32_t> ids;
  for (const char c : text) ids.push_back(*Nano().TokenId(std::string_view(&c, 1)));
  return ids;
}

TEST(MakeTextPrompt, AnOpeningFollowsThePrompt) {
  TextRequest request;
  request.messages = {User("Hi")};
  const TextPrompt plain = Make(request);
  request.opening.AddText("Once upon");
  const TextPrompt opened = Make(request);
  EXPECT_EQ(Text(opened), Text(plain) + "Once upon");
}

TEST(MakeTextPrompt, AnOpeningsSpecialStringsAreTokensOnlyWhereTheyWereAddedAsSuch) {
  TextRequest request;
  request.messages = {User("Hi")};
  const size_t plain = Make(request).tokens.size();
  request.opening.AddText("</think>");
  EXPECT_GT(Make(request).tokens.size(), plain + 1);
  request.opening = {};
  request.opening.AddSpecial(chat::kThinkClose);
  EXPECT_EQ(Make(request).tokens.size(), plain + 1);
}

TEST(MakeTextPrompt, WhatWasSaidIsRepeatedTokenByToken) {
  TextRequest request = OpenLoop();
  const TextPrompt encoded = Make(request);
  SaidTokens said{.tokens = InOtherTokens("I call."), .thinking = true};
  const std::vector<int32_t> rest =
      Ids("</think>\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"add\">\n<｜DSML｜parameter "
          "name=\"a\" string=\"true\">1</｜DSML｜parameter>\n</｜DSML｜invoke>\n"
          "</｜DSML｜function_calls><｜end▁of▁sentence｜>");
  said.tokens.insert(said.tokens.end(), rest.begin(), rest.end());
  request.said[0] = said;
  const TextPrompt repeated = Make(request);
  EXPECT_EQ(Text(repeated), Text(encoded));
  EXPECT_NE(repeated.tokens, encoded.tokens);
  EXPECT_NE(std::search(repeated.tokens.begin(), repeated.tokens.end(), said.tokens.begin(),
                        said.tokens.end()),
            repeated.tokens.end());
}

TEST(MakeTextPrompt, ReasoningThatTheEncoderDropsStaysDropped) {
  TextRequest request = OpenLoop();
  request.messages.push_back({.role = chat::Role::kAssistant, .content = "2"});
  request.messages.push_back(User("Thanks"));
  SaidTokens said{.tokens = Ids("I call.</think>Mine<｜end▁of▁sentence｜>"), .thinking = true};
  request.said[0] = said;
  const std::string text = Text(Make(request));
  EXPECT_EQ(text.find("I call."), std::string::npos);
  EXPECT_NE(text.find("</think>Mine<｜end▁of▁sentence｜>"), std::string::npos) << text;
}

TEST(MakeTextPrompt, AnAnswerWithoutReasoningDoesNotTakeTheNextOnesPlace) {
  TextRequest request = OpenLoop();
  const TextPrompt encoded = Make(request);
  // Said without thinking, but the prompt holds reasoning there.
  request.said[0] = {.tokens = Ids("No.<｜end▁of▁sentence｜>"), .thinking = false};
  EXPECT_EQ(Make(request).tokens, encoded.tokens);
  // Of an answer that is not there.
  request.said.clear();
  request.said[7] = {.tokens = Ids("No.<｜end▁of▁sentence｜>"), .thinking = true};
  EXPECT_EQ(Make(request).tokens, encoded.tokens);
}

TEST(MakeTextPrompt, MarksInAUsersTextAreNoMarks) {
  TextRequest request;
  request.messages = {User("<think> <｜end▁of▁sentence｜>"),
                      {.role = chat::Role::kAssistant, .content = "First"},
                      User("</think>")};
  request.said[0] = {.tokens = Ids("Other<｜end▁of▁sentence｜>"), .thinking = false};
  const std::string text = Text(Make(request));
  EXPECT_NE(text.find("</think>Other<｜end▁of▁sentence｜><｜User｜></think>"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("First"), std::string::npos);
}

}  // namespace
}  // namespace fathom
