#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "capi/fathom.h"
#include "json/parse.h"

namespace fathom {
namespace {

// The bundled model, opened once for all tests of the file.
fathom_model* Nano() {
  static fathom_model* const nano = [] {
    fathom_model_options options = {};
    options.struct_size = sizeof options;
    options.context = 2048;
    options.threads = 2;
    options.parallel = 3;
    fathom_model* model = nullptr;
    const fathom_code code = fathom_model_open(FATHOM_SOURCE_DIR "/models/fathom-nano",
                                               FATHOM_NUL_TERMINATED, &options, &model);
    FATHOM_CHECK(code == FATHOM_OK, "{}", fathom_last_error());
    return model;
  }();
  return nano;
}

fathom_generation* Start(const std::string& request) {
  fathom_generation* generation = nullptr;
  const fathom_code code =
      fathom_generation_start(Nano(), request.data(), request.size(), &generation);
  FATHOM_CHECK(code == FATHOM_OK, "{}", fathom_last_error());
  return generation;
}

std::string Refusal(const std::string& request) {
  fathom_generation* generation = nullptr;
  EXPECT_EQ(fathom_generation_start(Nano(), request.data(), request.size(), &generation),
            FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(generation, nullptr);
  return fathom_last_error();
}

// What a generation's events amount to.
struct Seen {
  std::string reasoning, content, calls, end;
  std::vector<int32_t> tokens;
  int events = 0;
  int cancel_after = 1 << 30;
};

int Collect(const fathom_event* event, void* user) {
  Seen& seen = *static_cast<Seen*>(user);
  const std::string text(event->text, event->text_size);
  switch (event->kind) {
    case FATHOM_EVENT_REASONING:
      seen.reasoning += text;
      break;
    case FATHOM_EVENT_CONTENT:
      seen.content += text;
      break;
    case FATHOM_EVENT_TOOL_CALL:
      seen.calls += std::to_string(event->call) + " " + text + " ";
      break;
    case FATHOM_EVENT_TOOL_ARGUMENTS:
      seen.calls += text;
      break;
    case FATHOM_EVENT_TOOL_CALL_END:
      seen.calls += ";";
      break;
    case FATHOM_EVENT_TOKEN:
      seen.tokens.push_back(event->token);
      break;
    case FATHOM_EVENT_END:
      seen.end = text;
      break;
  }
  return ++seen.events > seen.cancel_after;
}

Seen Finish(fathom_generation* generation, Seen seen = {}) {
  EXPECT_EQ(fathom_generation_run(generation, Collect, &seen), FATHOM_OK) << fathom_last_error();
  return seen;
}

json::Value Answer(const fathom_generation* generation) {
  fathom_string text;
  EXPECT_EQ(fathom_generation_answer(generation, &text), FATHOM_OK);
  Result<json::Value> value = json::Parse({text.data, text.size});
  fathom_string_free(&text);
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  return *std::move(value);
}

const std::string kGreeting =
    R"({"messages": [{"role": "user", "content": "Hello!"}], "temperature": 0, "max_tokens": 40})";

TEST(GenerationApi, EventsAndAnswerSayTheSame) {
  fathom_generation* generation = Start(kGreeting);
  const Seen seen = Finish(generation);
  EXPECT_FALSE(seen.content.empty());
  EXPECT_EQ(seen.end, "stop");
  const json::Value answer = Answer(generation);
  EXPECT_EQ(answer.Find("message")->Find("content")->string(), seen.content);
  EXPECT_EQ(answer.Find("finish_reason")->string(), "stop");
  fathom_figures figures = {};
  figures.struct_size = sizeof figures;
  ASSERT_EQ(fathom_generation_figures(generation, &figures), FATHOM_OK);
  EXPECT_EQ(figures.completion_tokens, int64_t(seen.tokens.size()));
  EXPECT_GT(figures.prompt_tokens, 0);
  fathom_generation_free(generation);

  fathom_work work = {};
  work.struct_size = sizeof work;
  ASSERT_EQ(fathom_model_work(Nano(), &work), FATHOM_OK);
  EXPECT_GT(work.queries, 0);
  EXPECT_GE(work.keys_held, work.keys_read);
}

TEST(GenerationApi, ToolCallsArriveAsCalls) {
  fathom_generation* generation = Start(
      R"({"messages": [{"role": "user", "content": "What is 482 * 37?"}], "temperature": 0,
          "max_tokens": 200, "tools": [{"type": "function", "function": {"name": "calculator",
          "description": "Evaluates an arithmetic expression.", "parameters": {"type": "object",
          "properties": {"expression": {"type": "string"}}, "required": ["expression"]}}}]})");
  const Seen seen = Finish(generation);
  EXPECT_EQ(seen.end, "tool_calls");
  EXPECT_EQ(seen.calls, "0 calculator {\"expression\": \"482 * 37\"};");
  EXPECT_EQ(Answer(generation).Find("message")->Find("tool_calls")->array().size(), 1u);
  fathom_generation_free(generation);
}

// The bundled model would say something else: the form is held, not only asked for.
TEST(GenerationApi, AStrictFormIsHeld) {
  fathom_generation* generation = Start(
      R"({"messages": [{"role": "user", "content": "Hello!"}], "temperature": 0, "response_format":
          {"type": "json_schema", "json_schema": {"name": "colour", "strict": true, "schema":
          {"type": "object", "properties": {"colour": {"enum": ["teal", "ochre"]}},
          "required": ["colour"], "additionalProperties": false}}}})");
  const Seen seen = Finish(generation);
  EXPECT_EQ(seen.end, "stop");
  const auto value = json::Parse(seen.content);
  ASSERT_TRUE(value.ok()) << seen.content;
  const std::string colour = value->Find("colour")->string();
  EXPECT_TRUE(colour == "teal" || colour == "ochre") << colour;
  fathom_generation_free(generation);
}

TEST(GenerationApi, APromptOfTokensIsTakenAsItIs) {
  const char arguments[] =
      R"({"messages": [{"role": "user", "content": "Hello!"}], "thinking_mode": "chat"})";
  fathom_string prompt;
  ASSERT_EQ(fathom_encode_messages(arguments, FATHOM_NUL_TERMINATED, &prompt), FATHOM_OK);
  fathom_tokenizer* tokenizer = nullptr;
  ASSERT_EQ(fathom_model_tokenizer(Nano(), &tokenizer), FATHOM_OK);
  fathom_tokens tokens;
  ASSERT_EQ(fathom_tokenizer_encode(tokenizer, prompt.data, prompt.size, 1, &tokens), FATHOM_OK);
  std::string request = "{\"temperature\": 0, \"max_tokens\": 40, \"prompt\": [";
  for (size_t i = 0; i < tokens.size; ++i) {
    request += (i > 0 ? "," : "") + std::to_string(tokens.data[i]);
  }
  fathom_generation* generation = Start(request + "]}");
  fathom_generation* expected = Start(kGreeting);
  EXPECT_EQ(Finish(generation).tokens, Finish(expected).tokens);
  fathom_generation_free(expected);
  fathom_generation_free(generation);
  fathom_tokens_free(&tokens);
  fathom_tokenizer_free(tokenizer);
  fathom_string_free(&prompt);
}

TEST(GenerationApi, NextGoesOnReturningTheEnd) {
  fathom_generation* generation = Start(kGreeting);
  Finish(generation);
  fathom_event event = {};
  event.struct_size = sizeof event;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(fathom_generation_next(generation, &event), FATHOM_OK);
    EXPECT_EQ(event.kind, FATHOM_EVENT_END);
    EXPECT_STREQ(event.text, "stop");
  }
  fathom_generation_free(generation);
}

const std::string kEndless =
    R"({"messages": [{"role": "user", "content": "Hello!"}], "ignore_eos": true})";

TEST(GenerationApi, TheCallbackMayCancel) {
  fathom_generation* generation = Start(kEndless);
  Seen seen;
  seen.cancel_after = 5;
  seen = Finish(generation, seen);
  EXPECT_EQ(seen.end, "cancelled");
  EXPECT_EQ(Answer(generation).Find("finish_reason")->string(), "cancelled");
  fathom_generation_free(generation);
}

TEST(GenerationApi, AnotherThreadMayCancel) {
  fathom_generation* generation = Start(kEndless);
  std::atomic<bool> running = false;
  std::thread canceller([&] {
    running.wait(false);
    fathom_generation_cancel(generation);
  });
  std::string end;
  fathom_event event = {};
  event.struct_size = sizeof event;
  while (event.kind != FATHOM_EVENT_END) {
    ASSERT_EQ(fathom_generation_next(generation, &event), FATHOM_OK);
    running = true;
    running.notify_one();
  }
  EXPECT_STREQ(event.text, "cancelled");
  canceller.join();
  fathom_generation_free(generation);
}

TEST(GenerationApi, SeveralThreadsGenerateAtOnceAndGetTheSame) {
  fathom_generation* alone = Start(kGreeting);
  const std::vector<int32_t> expected = Finish(alone).tokens;
  fathom_generation_free(alone);
  std::vector<std::vector<int32_t>> got(5);  // more than share the steps
  std::vector<std::thread> threads;
  for (std::vector<int32_t>& tokens : got) {
    threads.emplace_back([&tokens] {
      fathom_generation* generation = Start(kGreeting);
      tokens = Finish(generation).tokens;
      fathom_generation_free(generation);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int32_t>& tokens : got) EXPECT_EQ(tokens, expected);
}

TEST(GenerationApi, OneThatIsFreedHalfwayLeavesTheOthersAlone) {
  fathom_generation* dropped = Start(kEndless);
  fathom_event event = {};
  event.struct_size = sizeof event;
  ASSERT_EQ(fathom_generation_next(dropped, &event), FATHOM_OK);
  fathom_generation_free(dropped);
  fathom_generation* generation = Start(kGreeting);
  EXPECT_EQ(Finish(generation).end, "stop");
  fathom_generation_free(generation);
}

TEST(GenerationApi, RequestsAreChecked) {
  EXPECT_EQ(Refusal("{"), "request: byte 1: expecting property name enclosed in double quotes");
  EXPECT_EQ(Refusal("{}"), "messages: missing");
  EXPECT_EQ(Refusal(R"({"messages": [{"role": "user"}], "temprature": 1})"),
            "field \"temprature\" is not known");
  EXPECT_EQ(Refusal(R"({"prompt": [0], "temperature": 3})"), "temperature: 3 is outside [0, 2]");
  EXPECT_NE(Refusal(R"({"prompt": [99999999]})").find("99999999"), std::string::npos);
  EXPECT_FALSE(Refusal("{\"messages\": [{\"role\": \"user\", \"content\": \"\xff\"}]}").empty());
}

TEST(GenerationApi, MisuseIsAnswered) {
  fathom_generation* generation = nullptr;
  EXPECT_EQ(fathom_generation_start(nullptr, "{}", 2, &generation), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_generation_start(Nano(), nullptr, 0, &generation), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_generation_start(Nano(), "{}", 2, nullptr), FATHOM_INVALID_ARGUMENT);
  fathom_event event = {};
  EXPECT_EQ(fathom_generation_next(nullptr, &event), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_generation_run(nullptr, nullptr, nullptr), FATHOM_INVALID_ARGUMENT);
  fathom_string text;
  EXPECT_EQ(fathom_generation_answer(nullptr, &text), FATHOM_INVALID_ARGUMENT);
  fathom_generation_cancel(nullptr);
  fathom_generation_free(nullptr);

  generation = Start(kGreeting);
  EXPECT_EQ(fathom_generation_next(generation, nullptr), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_generation_next(generation, &event), FATHOM_INVALID_ARGUMENT);
  EXPECT_NE(std::string(fathom_last_error()).find("struct_size is 0"), std::string::npos);
  EXPECT_EQ(fathom_generation_answer(generation, &text), FATHOM_INVALID_ARGUMENT);
  EXPECT_STREQ(fathom_last_error(), "the generation's end has not been seen yet");
  fathom_figures figures = {};
  EXPECT_EQ(fathom_generation_run(generation, nullptr, nullptr), FATHOM_OK);
  EXPECT_EQ(fathom_generation_figures(generation, &figures), FATHOM_INVALID_ARGUMENT);
  EXPECT_EQ(fathom_generation_figures(generation, nullptr), FATHOM_INVALID_ARGUMENT);
  fathom_generation_free(generation);
}

}  // namespace
}  // namespace fathom
