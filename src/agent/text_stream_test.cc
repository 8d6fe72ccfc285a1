#include "agent/text_stream.h"

#include <gtest/gtest.h>

#include "chat/message_builder.h"
#include "support/nano_tokenizer.h"

namespace fathom {
namespace {

using test::Nano;

struct Told {
  chat::Message message;
  std::optional<chat::StreamEnd> end;
};

Told Tell(const std::string& completion, bool reasoning, const std::vector<std::string>& stops,
          FinishReason finish) {
  TextStreamOptions options;
  options.parser.start_in_reasoning = reasoning;
  options.stops = stops;
  auto stream = TextStream::Create(Nano(), options);
  FATHOM_CHECK(stream.ok(), "{}", stream.status().message());
  const std::vector<int32_t> tokens = Nano().Encode(completion, AllowSpecial::kYes);
  std::vector<chat::StreamEvent> events;
  for (size_t i = 0; i < tokens.size() && !stream->done(); ++i) {
    TokenEvent event;
    event.token = SampledToken{tokens[i], {}};
    if (i + 1 == tokens.size()) event.finish = finish;
    stream->Push(event, &events);
  }
  Told told;
  chat::MessageBuilder builder;
  for (const chat::StreamEvent& event : events) {
    builder.Add(event);
    if (event.kind == chat::EventKind::kEnd) {
      EXPECT_FALSE(told.end) << "two ends";
      told.end = event.end;
    }
  }
  told.message = builder.message();
  return told;
}

TEST(TextStream, ReasoningThenContent) {
  const Told told =
      Tell("I add.</think>Four — 四<｜end▁of▁sentence｜>", true, {}, FinishReason::kStop);
  EXPECT_EQ(told.message.reasoning, "I add.");
  EXPECT_EQ(told.message.content, "Four — 四");
  ASSERT_TRUE(told.end);
  EXPECT_EQ(told.end->reason, chat::FinishReason::kStop);
  EXPECT_TRUE(told.end->repairs.empty());
}

TEST(TextStream, ToolCall) {
  const Told told = Tell(
      "Let me see.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"calculator\">\n"
      "<｜DSML｜parameter name=\"expression\" string=\"true\">2 + 2</｜DSML｜parameter>\n"
      "</｜DSML｜invoke>\n</｜DSML｜function_calls><｜end▁of▁sentence｜>",
      false, {}, FinishReason::kStop);
  EXPECT_EQ(told.message.content, "Let me see.");
  ASSERT_EQ(told.message.tool_calls.size(), 1U);
  EXPECT_EQ(told.message.tool_calls[0].name, "calculator");
  EXPECT_EQ(told.message.tool_calls[0].arguments, "{\"expression\": \"2 + 2\"}");
  EXPECT_EQ(told.end->reason, chat::FinishReason::kToolCalls);
}

TEST(TextStream, StopStringEndsTheTextBeforeIt) {
  const Told told = Tell("one two three four", false, {"thr", "nowhere"}, FinishReason::kLength);
  EXPECT_EQ(told.message.content, "one two ");
  EXPECT_EQ(told.end->reason, chat::FinishReason::kStop);
}

TEST(TextStream, StopStringDoesNotRunAcrossASpecialToken) {
  const Told told =
      Tell("ab</think>cd<｜end▁of▁sentence｜>", true, {"bc", "abcd"}, FinishReason::kStop);
  EXPECT_EQ(told.message.reasoning, "ab");
  EXPECT_EQ(told.message.content, "cd");
}

TEST(TextStream, HeldBackTextComesAtTheEnd) {
  // "thr" may begin "three!", and does not.
  const Told told = Tell("one two thr", false, {"three!"}, FinishReason::kLength);
  EXPECT_EQ(told.message.content, "one two thr");
  EXPECT_EQ(told.end->reason, chat::FinishReason::kLength);
}

TEST(TextStream, StopTokenIsNotPartOfTheText) {
  const Told told = Tell("one two", false, {}, FinishReason::kStop);
  EXPECT_EQ(told.message.content, "one");
}

TEST(TextStream, EndOfSentenceMayBePassedOver) {
  TextStreamOptions options;
  options.ignore_eos = true;
  auto stream = TextStream::Create(Nano(), options);
  ASSERT_TRUE(stream.ok());
  std::vector<chat::StreamEvent> events;
  for (const int32_t token : Nano().Encode("a<｜end▁of▁sentence｜> b", AllowSpecial::kYes)) {
    TokenEvent event;
    event.token = SampledToken{token, {}};
    stream->Push(event, &events);
  }
  EXPECT_FALSE(stream->done());
  chat::MessageBuilder builder;
  for (const chat::StreamEvent& event : events) builder.Add(event);
  EXPECT_EQ(builder.message().content, "a b");
}

TEST(TextStream, EndsWithoutALastToken) {
  auto stream = TextStream::Create(Nano(), {});
  ASSERT_TRUE(stream.ok());
  std::vector<chat::StreamEvent> events;
  TokenEvent event;
  event.finish = FinishReason::kCancelled;
  stream->Push(event, &events);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].end.reason, chat::FinishReason::kCancelled);
  EXPECT_TRUE(stream->done());
}

}  // namespace
}  // namespace fathom
