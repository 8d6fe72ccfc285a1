// Every golden completion through the streaming parser and the chat writer: the client's view.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "api/openai_chat.h"
#include "chat/stream_parser.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/answer_run.h"
#include "support/chat_chunks.h"
#include "support/golden_completions.h"
#include "support/stream_run.h"

namespace fathom::api {
namespace {

struct Streamed {
  test::JoinedChat chat;
  json::Value whole;
};

// Text in pieces of up to `most` bytes, each with its events handed over at once.
Streamed Stream(const std::string& text, bool thinking, size_t most, std::mt19937_64* random) {
  chat::StreamParser parser({.start_in_reasoning = thinking});
  const auto writer = MakeChatWriter({});
  test::ChoiceRun choice(writer.get(), 0);
  std::string out;
  writer->Begin(test::SmallHead(thinking), &out);
  const auto take = [&](auto&& push) {
    std::vector<chat::StreamEvent> events;
    push(&events);
    choice.Add(events, {}, &out);
  };
  for (const test::Piece& piece : test::SplitSpecials(text)) {
    if (piece.special) {
      take([&](auto* events) { parser.PushSpecial(piece.text, events); });
      continue;
    }
    for (std::string_view left = piece.text; !left.empty();) {
      const size_t cut = 1 + (*random)() % std::min(left.size(), most);
      take([&](auto* events) { parser.PushText(left.substr(0, cut), events); });
      left.remove_prefix(cut);
    }
  }
  take([&](auto* events) { parser.Finish(chat::StreamParser::Cause::kEndOfText, events); });
  choice.End(&out);
  writer->Finish({}, &out);
  const FinishedAnswer finished = choice.Finished();
  return {test::JoinChunks(out), writer->Whole(test::SmallHead(thinking), {&finished, 1}, {})};
}

std::string TextOf(const json::Value& message, std::string_view name) {
  const json::Value* text = message.Find(name);
  return text == nullptr || text->is_null() ? "" : text->string();
}

TEST(ChatGolden, ToolCallNeverArrivesAsText) {
  std::mt19937_64 random(1);
  size_t calls = 0;
  for (const test::GoldenCompletion& completion : test::GoldenCompletions()) {
    for (const size_t most : {size_t{1}, size_t{7}, size_t{1} << 20}) {
      SCOPED_TRACE(completion.text);
      const Streamed streamed = Stream(completion.text, completion.thinking, most, &random);
      ASSERT_TRUE(streamed.chat.done);
      const test::JoinedChoice& joined = streamed.chat.choices.at(0);
      // Every call is written with this token, and plain text without it is no call.
      ASSERT_EQ(joined.reasoning.find(chat::kDsml), std::string::npos);
      ASSERT_EQ(joined.content.find(chat::kDsml), std::string::npos);
      const json::Value& choice = streamed.whole.Find("choices")->array()[0];
      const json::Value& message = *choice.Find("message");
      ASSERT_EQ(joined.reasoning, TextOf(message, "reasoning_content"));
      ASSERT_EQ(joined.content, TextOf(message, "content"));
      ASSERT_EQ(joined.finish_reason, *choice.Find("finish_reason"));
      const json::Value* written = message.Find("tool_calls");
      ASSERT_EQ(joined.calls.size(), written == nullptr ? 0 : written->array().size());
      for (size_t i = 0; i < joined.calls.size(); ++i) {
        const json::Value& call = written->array()[i];
        ASSERT_EQ(joined.calls[i].id, call.Find("id")->string());
        ASSERT_EQ(joined.calls[i].name, call.Find("function")->Find("name")->string());
        ASSERT_EQ(joined.calls[i].arguments, call.Find("function")->Find("arguments")->string());
        ASSERT_TRUE(json::Parse(joined.calls[i].arguments, {.python_constants = true}).ok());
      }
      ASSERT_EQ(joined.finish_reason.string() == "tool_calls", !joined.calls.empty());
      calls += joined.calls.size();
    }
  }
  EXPECT_GT(calls, 300u);
}

// What the server sends as calls and reasoning can be sent back, and is understood as it was said.
TEST(ChatGolden, AnAnswerCanBeSentBack) {
  std::mt19937_64 random(2);
  for (const test::GoldenCompletion& completion : test::GoldenCompletions()) {
    SCOPED_TRACE(completion.text);
    const Streamed streamed = Stream(completion.text, completion.thinking, 9, &random);
    const json::Value message = *streamed.whole.Find("choices")->array()[0].Find("message");
    json::Array messages = {json::Object{{"role", "user"}, {"content", "Hi"}}, message};
    const json::Value* calls = message.Find("tool_calls");
    for (size_t i = 0; calls != nullptr && i < calls->array().size(); ++i) {
      messages.emplace_back(json::Object{
          {"role", "tool"}, {"tool_call_id", *calls->array()[i].Find("id")}, {"content", "ok"}});
    }
    messages.emplace_back(json::Object{{"role", "user"}, {"content", "Go on"}});
    const Result<AnswerRequest> request =
        ReadChatCompletion(json::Object{{"messages", std::move(messages)}}, SamplingParams());
    ASSERT_TRUE(request.ok()) << request.status().message();
    const chat::Message& back = request->messages[1];
    const test::JoinedChoice& joined = streamed.chat.choices.at(0);
    ASSERT_EQ(back.content.value_or(""), joined.content);
    ASSERT_EQ(back.reasoning, joined.reasoning);
    ASSERT_EQ(back.tool_calls.size(), joined.calls.size());
    for (size_t i = 0; i < joined.calls.size(); ++i) {
      ASSERT_EQ(back.tool_calls[i].arguments, joined.calls[i].arguments);
    }
  }
}

TEST(ChatGolden, DanglingThinkTagLosesNoCall) {
  const std::string call =
      "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n"
      "<｜DSML｜parameter name=\"a\" string=\"true\">x</｜DSML｜parameter>\n"
      "</｜DSML｜invoke>\n</｜DSML｜function_calls>";
  const std::string ends[] = {"Hm</think>\n\n",
                              "Hm",
                              "Hm\n\n",
                              "Hm</think></think>\n\n",
                              "<think>Hm</think>\n\n",
                              "Hm</think>So:</think>\n\n",
                              "</think>"};
  std::mt19937_64 random(3);
  for (const std::string& before : ends) {
    for (const std::string& after : {std::string(), std::string("</think>")}) {
      for (const bool thinking : {true, false}) {
        const Streamed streamed =
            Stream(before + call + after + std::string(chat::kEos), thinking, 3, &random);
        const test::JoinedChoice& joined = streamed.chat.choices.at(0);
        SCOPED_TRACE(before);
        ASSERT_EQ(joined.calls.size(), 1u);
        EXPECT_EQ(joined.calls[0], (test::JoinedCall{"call_0_0", "f", R"({"a": "x"})"}));
        EXPECT_EQ(joined.finish_reason, json::Value("tool_calls"));
        EXPECT_EQ(joined.content.find("think"), std::string::npos);
        EXPECT_EQ(joined.reasoning.find("think"), std::string::npos);
      }
    }
  }
}

}  // namespace
}  // namespace fathom::api
