// Completions: the requests of tests/cases/api_openai/completions.case (body under "completion",
// outcome as in the chat cases), their tokens, and the writer.
#include "api/openai_completions.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "api/errors.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/case_file.h"
#include "support/chat_chunks.h"
#include "support/small_tokenizer.h"

namespace fathom::api {
namespace {

std::string Text(const json::Value& value) { return json::Dump(value, json::Style::kCompact); }

json::Value PromptToJson(const CompletionPrompt& prompt) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return *text;
  json::Array ids;
  for (const int32_t id : std::get<std::vector<int32_t>>(prompt)) ids.emplace_back(int{id});
  return ids;
}

std::vector<std::string> Show(const CompletionRequest& request) {
  std::vector<std::string> lines;
  const auto show = [&](std::string_view name, const auto& value, const auto& otherwise) {
    if (value != otherwise) lines.push_back(fmt::format("{} {}", name, value));
  };
  show("model", request.model, "");
  for (const CompletionPrompt& prompt : request.prompts) {
    lines.push_back("prompt " + Text(PromptToJson(prompt)));
  }
  show("suffix", request.suffix, "");
  show("add_special_tokens", request.add_special_tokens, true);
  show("parse_special", request.parse_special, true);
  show("echo", request.echo, false);
  show("generate", request.generate, true);
  show("choices", request.choices, 1);
  show("logprobs", request.sampling.logprobs, false);
  show("top_logprobs", request.sampling.top_logprobs, 0);
  show("max_tokens", request.sampling.max_tokens, kDefaultCompletionTokens);
  show("temperature", request.sampling.temperature, SamplingParams().temperature);
  for (const std::string& stop : request.stop) lines.push_back("stop " + Text(stop));
  show("stream", request.stream, false);
  show("stream_usage", request.stream_usage, false);
  show("user", request.user, "");
  for (const std::string& field : request.ignored_fields) lines.push_back("ignored " + field);
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(CompletionCases, AreReadAsWritten) {
  int accepted = 0, refused = 0;
  for (const test::Case& one : test::ReadCaseFolder("tests/cases/api_openai")) {
    if (!one.sections.contains("completion")) continue;
    SCOPED_TRACE(one.place + ": " + one.name);
    const Result<json::Value> body = json::Parse(Joined(one.Section("completion")));
    ASSERT_TRUE(body.ok()) << body.status().message();
    const Result<CompletionRequest> request = ReadCompletion(*body, SamplingParams());
    if (one.sections.contains("refused")) {
      ++refused;
      ASSERT_FALSE(request.ok());
      const Status status = request.status();
      EXPECT_EQ(fmt::format("{}: {}\n", CodeName(status.code()), status.message()),
                Joined(one.Section("refused")));
    } else {
      ++accepted;
      ASSERT_TRUE(request.ok()) << request.status().message();
      EXPECT_EQ(Joined(Show(*request)), Joined(one.Section("accepted")));
    }
  }
  EXPECT_GT(accepted, 10);
  EXPECT_GT(refused, 20);
}

TEST(CompletionRequest, ListsAreBounded) {
  const auto refusal = [](const json::Value& prompt, int n) {
    const auto request =
        ReadCompletion(json::Object{{"prompt", prompt}, {"n", n}}, SamplingParams());
    return request.ok() ? "accepted" : request.status().message();
  };
  EXPECT_EQ(refusal(json::Array(kMaxPrompts, json::Value("x")), 2), "accepted");
  EXPECT_EQ(refusal(json::Array(kMaxPrompts, json::Value("x")), 3),
            "n: 128 prompts with 3 choices each are 384, at most 256 are taken");
  EXPECT_EQ(refusal(json::Array(kMaxPrompts + 1, json::Value("x")), 1),
            "prompt: 129 prompts, at most 128 are taken");
  EXPECT_EQ(refusal(json::Array(kMaxPromptIds + 1, json::Value(1)), 1),
            "prompt: 1048577 token ids, at most 1048576 are taken");
}

Tokenizer SmallTokenizer(bool with_fim) {
  std::vector<test::SmallAddedToken> added = {
      {.content = "<｜begin▁of▁sentence｜>", .special = true}, {.content = "<｜User｜>"}};
  if (with_fim) {
    for (const char* token : {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"}) {
      added.push_back({.content = token});
    }
  }
  Result<Tokenizer> tokenizer = Tokenizer::FromJson(test::SmallTokenizerJson({}, added));
  FATHOM_CHECK(tokenizer.ok(), "{}", tokenizer.status().message());
  return std::move(tokenizer).value();
}

constexpr int32_t kBosId = 256, kUserId = 257, kFimBeginId = 258, kFimHoleId = 259, kFimEndId = 260;

Result<std::vector<int32_t>> Tokens(const std::string& body, const Tokenizer& tokenizer) {
  const Result<json::Value> value = json::Parse(body);
  FATHOM_CHECK(value.ok(), "{}", value.status().message());
  FATHOM_ASSIGN_OR_RETURN(const CompletionRequest request, ReadCompletion(*value, {}));
  return CompletionTokens(request, 0, tokenizer);
}

using Ids = std::vector<int32_t>;

TEST(CompletionTokens, ATextBeginsASentence) {
  const Tokenizer tokenizer = SmallTokenizer(true);
  EXPECT_EQ(*Tokens(R"({"prompt": "ab"})", tokenizer), (Ids{kBosId, 'a', 'b'}));
  EXPECT_EQ(*Tokens(R"({"prompt": ""})", tokenizer), (Ids{kBosId}));
  EXPECT_EQ(*Tokens(R"({"prompt": "ab", "add_special_tokens": false})", tokenizer),
            (Ids{'a', 'b'}));
  // Written out by the client: not twice.
  EXPECT_EQ(*Tokens(R"({"prompt": "<｜begin▁of▁sentence｜>a"})", tokenizer), (Ids{kBosId, 'a'}));
  EXPECT_EQ(*Tokens(R"({"prompt": "a<｜User｜>"})", tokenizer), (Ids{kBosId, 'a', kUserId}));
  EXPECT_EQ(Tokens(R"({"prompt": "<｜User｜>", "parse_special": false})", tokenizer)->size(),
            1 + std::string("<｜User｜>").size());
}

TEST(CompletionTokens, IdsAreTakenAsTheyAreAndMustExist) {
  const Tokenizer tokenizer = SmallTokenizer(true);
  EXPECT_EQ(*Tokens(R"({"prompt": [97, 98]})", tokenizer), (Ids{'a', 'b'}));
  EXPECT_EQ(Tokens(R"({"prompt": [97, 5000]})", tokenizer).status().message(),
            "prompt[0]: 5000 is no token; the largest is 260");
}

TEST(CompletionTokens, ASuffixIsFilledInBefore) {
  const Tokenizer tokenizer = SmallTokenizer(true);
  EXPECT_EQ(*Tokens(R"({"prompt": "ab", "suffix": "c"})", tokenizer),
            (Ids{kBosId, kFimBeginId, 'a', 'b', kFimHoleId, 'c', kFimEndId}));
  // Somebody's file that holds special strings can't leave its part.
  const Ids ids = *Tokens(R"({"prompt": "<｜fim▁end｜>", "suffix": "<｜User｜>"})", tokenizer);
  EXPECT_EQ(std::ranges::count_if(ids, [](int32_t id) { return id >= kBosId; }), 4);
  EXPECT_EQ(ids.back(), kFimEndId);
  const auto without = Tokens(R"({"prompt": "ab", "suffix": "c"})", SmallTokenizer(false));
  EXPECT_EQ(without.status().code(), Code::kUnsupported);
  EXPECT_EQ(without.status().message(), "suffix: the model has no token <｜fim▁begin｜>");
}

TEST(CompletionTokens, DeepSeeksTokenizerFillsIn) {
  const Result<Tokenizer> tokenizer =
      Tokenizer::Load(FATHOM_GOLDEN_DIR "/tokenizer/tokenizer.json");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const auto ids = Tokens(R"({"prompt": "def f(", "suffix": "pass"})", *tokenizer);
  ASSERT_TRUE(ids.ok()) << ids.status().message();
  EXPECT_EQ(*tokenizer->Decode(*ids),
            "<｜begin▁of▁sentence｜><｜fim▁begin｜>def f(<｜fim▁hole｜>pass<｜fim▁end｜>");
  EXPECT_EQ(
      std::ranges::count_if(*ids, [&](int32_t id) { return tokenizer->vocabulary().IsAdded(id); }),
      4);
}

CompletionRequest WithLogprobs(int64_t choices = 1) {
  CompletionRequest request;
  request.prompts.emplace_back("x");
  request.choices = choices;
  request.sampling.logprobs = true;
  request.stream_usage = true;
  return request;
}

constexpr AnswerUsage kUsage = {.prompt_tokens = 2, .completion_tokens = 3, .cost = {}};

AnswerHead Head() {
  AnswerHead head;
  head.id = "cmpl-1";
  head.created = 7;
  head.model = "m";
  return head;
}

FinishedCompletion Sample() {
  FinishedCompletion answer;
  answer.echo = {
      {"Hé", {{"H", -9, {}}, {"\xC3", -1, {{"\xC3", -1}, {"i", -2}}}, {"\xA9", -0.5, {}}}}};
  answer.text = " you€";
  answer.tokens = {{" you", -0.25, {{" you", -0.25}}}, {"\xE2", -1, {}}, {"\x82\xAC", -2, {}}};
  answer.reason = chat::FinishReason::kLength;
  return answer;
}

TEST(CompletionWriter, OldLogprobsHaveOffsetsInCharacters) {
  const FinishedCompletion answer = Sample();
  const json::Value whole = CompletionWriter(WithLogprobs()).Whole(Head(), {&answer, 1}, kUsage);
  EXPECT_EQ(
      Text(*whole.Find("choices")),
      R"([{"index":0,"text":"Hé you€","logprobs":{"tokens":["H","bytes:\\xc3","bytes:\\xa9",)"
      R"(" you","bytes:\\xe2","bytes:\\x82\\xac"],"token_logprobs":[null,-1.0,-0.5,-0.25,-1.0,)"
      R"(-2.0],"top_logprobs":[null,{"bytes:\\xc3":-1.0,"i":-2.0},{"bytes:\\xa9":-0.5},)"
      R"({" you":-0.25},{"bytes:\\xe2":-1.0},{"bytes:\\x82\\xac":-2.0}],)"
      R"("text_offset":[0,1,1,2,6,6]},"finish_reason":"length"}])");
  EXPECT_EQ(whole.Find("object")->string(), "text_completion");
}

// Joins the chunks of one choice.
json::Object JoinStream(std::string_view stream, int64_t wanted) {
  std::string text;
  std::map<std::string, json::Array> lists;
  json::Value finish;
  for (const std::string& data : test::SseData(stream)) {
    if (data == "[DONE]") break;
    const json::Value chunk = *json::Parse(data);
    for (const json::Value& choice : chunk.Find("choices")->array()) {
      if (*choice.Find("index")->AsInt64() != wanted) continue;
      FATHOM_CHECK(finish.is_null(), "a chunk behind the last one");
      text += choice.Find("text")->string();
      finish = *choice.Find("finish_reason");
      if (choice.Find("logprobs")->is_null()) continue;
      for (const json::Member& list : choice.Find("logprobs")->object()) {
        for (const json::Value& item : list.value.array()) lists[list.key].push_back(item);
      }
    }
  }
  json::Object logprobs;
  for (const char* name : {"tokens", "token_logprobs", "top_logprobs", "text_offset"}) {
    logprobs.Set(name, lists[name]);
  }
  return {{"index", wanted},
          {"text", text},
          {"logprobs", std::move(logprobs)},
          {"finish_reason", finish}};
}

TEST(CompletionWriter, JoinedChunksAreTheWholeAnswerHoweverTheyCome) {
  const FinishedCompletion answer = Sample();
  const std::vector<std::string> characters = {" ", "y", "o", "u", "€"};
  std::mt19937_64 random(1);
  for (int round = 0; round < 500; ++round) {
    const int choices = 1 + static_cast<int>(random() % 3);
    CompletionWriter writer(WithLogprobs(choices));
    std::string out;
    writer.Begin(Head(), &out);
    for (int choice = 0; choice < choices; ++choice) writer.Echo(choice, *answer.echo, &out);
    for (int choice = 0; choice < choices; ++choice) {
      size_t character = 0, token = 0;
      while (character < characters.size() || token < answer.tokens.size()) {
        const size_t tokens = random() % (answer.tokens.size() - token + 1);
        std::string text;
        for (size_t n = random() % (characters.size() - character + 1); n > 0; --n) {
          text += characters[character++];
        }
        writer.Add(choice, text, std::span(answer.tokens).subspan(token, tokens), &out);
        token += tokens;
      }
      writer.End(choice, answer, &out);
    }
    writer.Finish(kUsage, &out);
    const std::vector<FinishedCompletion> all(static_cast<size_t>(choices), answer);
    const json::Value whole = writer.Whole(Head(), all, kUsage);
    for (int choice = 0; choice < choices; ++choice) {
      ASSERT_EQ(Text(JoinStream(out, choice)),
                Text(whole.Find("choices")->array()[static_cast<size_t>(choice)]));
    }
    const std::vector<std::string> data = test::SseData(out);
    ASSERT_EQ(data.back(), "[DONE]");
    EXPECT_EQ(*json::Parse(data[data.size() - 2])->Find("usage"), *whole.Find("usage"));
  }
}

TEST(CompletionWriter, AStreamThatFailsIsNotDone) {
  CompletionWriter writer(WithLogprobs());
  std::string out;
  writer.Begin(Head(), &out);
  EXPECT_EQ(out, "");
  writer.Add(0, "x", {}, &out);
  writer.Fail(ResourceExhausted("the queue is full"), &out);
  const std::vector<std::string> data = test::SseData(out);
  ASSERT_EQ(data.size(), 2u);
  EXPECT_EQ(json::Parse(data[1])->Find("error")->Find("type")->string(), "rate_limit_error");
}

TEST(CompletionRequest, NoValueInAnyFieldDoesHarm) {
  const json::Value body = *json::Parse(
      R"({"model": "m", "prompt": ["a", [1, 2]], "suffix": null, "echo": true, "best_of": 2,
          "n": 2, "logprobs": 2, "max_tokens": 3, "stop": ["x"], "stream": true,
          "stream_options": {"include_usage": true}, "add_special_tokens": true,
          "parse_special": true, "user": "u", "top_logprobs": null, "messages": null})");
  ASSERT_TRUE(ReadCompletion(body, SamplingParams()).ok());
  const std::vector<json::Value> hostile = {nullptr,
                                            true,
                                            -1,
                                            17,
                                            json::Number{"1e400"},
                                            json::Number{"99999999999999999999"},
                                            "",
                                            std::string(100000, 'x'),
                                            json::Array{},
                                            json::Array{json::Array{}},
                                            json::Array{nullptr},
                                            json::Array{"a", 1},
                                            json::Array{1, "a"},
                                            json::Array{-1},
                                            json::Object{},
                                            json::Object{{"a", 1}}};
  int refused = 0;
  for (const json::Member& member : body.object()) {
    for (const json::Value& value : hostile) {
      json::Object changed = body.object();
      changed.Set(member.key, value);
      const Result<CompletionRequest> request = ReadCompletion(changed, SamplingParams());
      if (request.ok()) continue;
      ++refused;
      EXPECT_EQ(HttpStatus(request.status().code()), 400);
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace fathom::api
