#include "agent/text_generation.h"

#include <gtest/gtest.h>

#include "chat/dsml.h"
#include "json/parse.h"
#include "support/nano_grammars.h"
#include "support/nano_tokenizer.h"

namespace fathom {
namespace {

using test::Nano;

struct Told {
  GeneratedMessage result;
  std::vector<chat::StreamEvent> events;
  bool ended_early = false;
};

// An engine that says `completion`, token by token, until the text has ended.
Told Say(const TextRequest& request, const std::string& completion) {
  const auto prompt = MakeTextPrompt(Nano(), request);
  FATHOM_CHECK(prompt.ok(), "{}", prompt.status().message());
  Told told;
  const int32_t end = Nano().TokenId(chat::kEos).value();
  const auto ids = AnswerTokens::Make(Nano(), Nano().vocabulary().id_limit(), {end});
  auto begun = TextGeneration::Begin(Nano(), ids, request, *prompt);
  FATHOM_CHECK(begun.ok(), "{}", begun.status().message());
  TextGeneration* const generation = &begun->text;
  const std::vector<int32_t> tokens = Nano().Encode(completion, AllowSpecial::kYes);
  for (size_t i = 0; i < tokens.size() && !generation->ended_early(); ++i) {
    TokenEvent event;
    event.token = SampledToken{tokens[i], {}};
    if (i + 1 == tokens.size()) event.finish = FinishReason::kStop;
    if (begun->request.guide != nullptr) begun->request.guide->Accept(tokens[i]);
    generation->Take(event, &told.events);
  }
  told.ended_early = generation->ended_early();
  if (told.ended_early) {
    TokenEvent last;
    last.finish = FinishReason::kCancelled;
    generation->Take(last, &told.events);
  }
  EXPECT_TRUE(generation->complete());
  told.result = generation->result();
  return told;
}

TextRequest Question(chat::ThinkingMode thinking) {
  TextRequest request;
  request.messages = {{.role = chat::Role::kUser, .content = "Hi"}};
  request.thinking = thinking;
  chat::AttachTools({{*json::Parse(R"({"type":"function","function":{"name":"add"}})")}}, {},
                    &request.messages);
  return request;
}

const std::string kCall =
    "<｜DSML｜invoke name=\"add\">\n<｜DSML｜parameter name=\"a\" string=\"true\">1"
    "</｜DSML｜parameter>\n</｜DSML｜invoke>\n";
const std::string kOpen = "\n\n<｜DSML｜function_calls>\n";
const std::string kClose = "</｜DSML｜function_calls><｜end▁of▁sentence｜>";

TEST(TextGeneration, CountsReasoningUpToItsEnd) {
  const Told told =
      Say(Question(chat::ThinkingMode::kThinking), "A b</think>C d e<｜end▁of▁sentence｜>");
  EXPECT_EQ(told.result.message.reasoning, "A b");
  EXPECT_EQ(told.result.message.content, "C d e");
  const auto reasoning = static_cast<int64_t>(Nano().Encode("A b").size()) + 1;
  EXPECT_EQ(told.result.usage.reasoning_tokens, reasoning);
  EXPECT_GT(told.result.usage.completion_tokens, reasoning);
}

TEST(TextGeneration, WhatTheClientSaidIsNotSaidAgain) {
  TextRequest request = Question(chat::ThinkingMode::kThinking);
  request.opening.AddSpecial(chat::kThinkClose);
  request.opening.AddText("Once upon");
  const Told told = Say(request, " a time<｜end▁of▁sentence｜>");
  EXPECT_EQ(told.result.message.content, " a time");
  EXPECT_EQ(told.result.message.reasoning, "");
  EXPECT_EQ(told.result.usage.reasoning_tokens, 0);
}

TEST(TextGeneration, ASingleCallEndsTheAnswer) {
  TextRequest request = Question(chat::ThinkingMode::kChat);
  EXPECT_EQ(Say(request, kOpen + kCall + kCall + kClose).result.message.tool_calls.size(), 2U);
  request.single_call = true;
  const Told told = Say(request, kOpen + kCall + kCall + kClose);
  EXPECT_EQ(told.result.message.tool_calls.size(), 1U);
  EXPECT_EQ(told.result.end.reason, chat::FinishReason::kToolCalls);
  EXPECT_TRUE(told.ended_early);
  int begun = 0;
  for (const auto& event : told.events) begun += event.kind == chat::EventKind::kToolCall;
  EXPECT_EQ(begun, 1);
}

TEST(TextGeneration, SaysWhichStopStringEndedIt) {
  TextRequest request = Question(chat::ThinkingMode::kChat);
  request.stop = {"never", "two"};
  const Told told = Say(request, "one two three<｜end▁of▁sentence｜>");
  EXPECT_EQ(told.result.message.content, "one ");
  EXPECT_EQ(told.result.stop_string, "two");
  EXPECT_TRUE(told.ended_early);
}

TEST(TextGeneration, SaysWhetherItsFormIsComplete) {
  TextRequest request;
  request.messages = {{.role = chat::Role::kUser, .content = "Hi"}};
  const auto complete = [&](const std::string& completion) {
    return Say(request, completion).result.form_complete;
  };
  EXPECT_TRUE(complete("{\"a"));  // there is none
  request.grammar = *test::NanoGrammars().Get(
      {.json_schema = json::Object{{"type", "object"}}, .json_path = "form"});
  EXPECT_FALSE(complete("{\"a"));
  EXPECT_TRUE(complete("{\"a\": 1}"));  // cut off just there
  EXPECT_TRUE(complete("{\"a\": 1}<｜end▁of▁sentence｜>"));
  request.stop = {"1"};
  EXPECT_FALSE(complete("{\"a\": 1}<｜end▁of▁sentence｜>"));
  request.stop.clear();
  request.thinking = chat::ThinkingMode::kThinking;
  EXPECT_FALSE(complete("I think"));
  EXPECT_TRUE(complete("I think.</think>{}"));
}

}  // namespace
}  // namespace fathom
