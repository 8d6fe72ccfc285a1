// The chat writer on its own: the cases of tests/cases/api_openai/writer.case (steps in, bytes
// out), and what must hold for any answer.
//
// A line of "steps" is one call of the writer, its events separated by " | ":
//   0 reasoning "Hm" | content "Hi"     events of choice 0; also call NAME, arguments CALL TEXT,
//                                       call_end CALL, token TEXT LOGPROB
//   0 end stop [repaired]               stop, tool_calls, length, limit, cancelled
//   finish                              fail invalid TEXT, fail internal TEXT
// Settings: thinking on, logprobs on, usage on, choices N.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>

#include "api/openai_chat.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/answer_run.h"
#include "support/case_file.h"
#include "support/chat_chunks.h"

namespace fathom::api {
namespace {

using chat::EventKind;
using chat::StreamEvent;

std::string Unquoted(const std::string& text) {
  const Result<json::Value> value = json::Parse(text);
  FATHOM_CHECK(value.ok() && value->is_string(), "not a string: {}", text);
  return value->string();
}

std::string RestOf(std::istringstream* words) {
  std::string rest;
  std::getline(*words >> std::ws, rest);
  return rest;
}

struct Step {
  std::vector<StreamEvent> events;
  std::vector<TokenInfo> tokens;
};

void ReadEvent(const std::string& text, int* calls, Step* step) {
  std::istringstream words(text);
  std::string kind;
  words >> kind;
  StreamEvent event;
  if (kind == "reasoning" || kind == "content") {
    event.kind = kind == "content" ? EventKind::kContent : EventKind::kReasoning;
    event.text = Unquoted(RestOf(&words));
  } else if (kind == "call") {
    event = {.kind = EventKind::kToolCall, .call = (*calls)++, .text = RestOf(&words)};
  } else if (kind == "arguments") {
    event.kind = EventKind::kToolArguments;
    words >> event.call;
    event.text = Unquoted(RestOf(&words));
  } else if (kind == "call_end") {
    event.kind = EventKind::kToolCallEnd;
    words >> event.call;
  } else if (kind == "token") {
    TokenInfo token;
    std::string quoted;
    words >> quoted >> token.logprob;
    token.bytes = Unquoted(quoted);
    token.top.push_back({token.bytes, token.logprob});
    step->tokens.push_back(token);
    return;
  } else if (kind == "end") {
    const std::map<std::string, chat::FinishReason> reasons = {
        {"stop", chat::FinishReason::kStop},
        {"tool_calls", chat::FinishReason::kToolCalls},
        {"length", chat::FinishReason::kLength},
        {"limit", chat::FinishReason::kLimit},
        {"cancelled", chat::FinishReason::kCancelled}};
    std::string reason, repaired;
    words >> reason >> repaired;
    event.kind = EventKind::kEnd;
    event.end.reason = reasons.at(reason);
    event.end.complete_calls = *calls;
    if (repaired == "repaired") event.end.repairs.Add(chat::Repair::kMissingClose);
  } else {
    FATHOM_CHECK(false, "no event: {}", text);
  }
  step->events.push_back(event);
}

constexpr AnswerUsage kUsage = {.prompt_tokens = 5,
                                .cached_tokens = 3,
                                .completion_tokens = 4,
                                .reasoning_tokens = 1,
                                .cost = 0.5};

class CaseRun {
 public:
  explicit CaseRun(const test::Case& one) {
    request_.choices = std::stoi(one.Setting("choices", "1"));
    request_.stream_usage = one.Setting("usage", "off") == "on";
    writer_ = MakeChatWriter(request_);
    head_ = test::SmallHead(one.Setting("thinking", "off") == "on");
    head_.want_logprobs = one.Setting("logprobs", "off") == "on";
    for (int i = 0; i < request_.choices; ++i) choices_.emplace_back(writer_.get(), i);
    calls_.resize(choices_.size());
    writer_->Begin(head_, &stream_);
  }

  void Take(const std::string& line) {
    if (line == "finish") return writer_->Finish(kUsage, &stream_);
    if (line.starts_with("fail invalid ")) {
      return writer_->Fail(InvalidArgument("{}", line.substr(13)), &stream_);
    }
    if (line.starts_with("fail internal ")) {
      return writer_->Fail(Internal("{}", line.substr(14)), &stream_);
    }
    const auto choice = static_cast<size_t>(line[0] - '0');
    Step step;
    for (size_t at = 2; at <= line.size();) {
      const size_t end = std::min(line.find(" | ", at), line.size());
      ReadEvent(line.substr(at, end - at), &calls_[choice], &step);
      at = end + 3;
    }
    const bool ends = !step.events.empty() && step.events.back().kind == EventKind::kEnd;
    choices_[choice].Add(step.events, step.tokens, &stream_);
    if (ends) choices_[choice].End(&stream_);
  }

  const std::string& stream() const { return stream_; }
  json::Value Whole() {
    std::vector<FinishedAnswer> answers;
    for (const test::ChoiceRun& choice : choices_) answers.push_back(choice.Finished());
    return writer_->Whole(head_, answers, kUsage);
  }

 private:
  AnswerRequest request_;
  AnswerHead head_;
  std::unique_ptr<AnswerWriter> writer_;
  std::vector<test::ChoiceRun> choices_;
  std::vector<int> calls_;
  std::string stream_;
};

TEST(ChatWriterCases, BytesAreAsWritten) {
  for (const test::Case& one : test::ReadCaseFolder("tests/cases/api_openai")) {
    if (!one.sections.contains("steps")) continue;
    SCOPED_TRACE(one.place + ": " + one.name);
    CaseRun run(one);
    for (const std::string& line : one.Section("steps")) run.Take(line);
    std::string expected;
    for (const std::string& line : one.Section("stream")) expected += "data: " + line + "\n\n";
    EXPECT_EQ(run.stream(), expected);
    test::JoinChunks(run.stream());  // in an order that a client accepts
    if (!one.sections.contains("whole")) continue;
    EXPECT_EQ(json::Dump(run.Whole(), json::Style::kCompact), one.Section("whole").at(0));
  }
}

// The events of one answer, with text that JSON has to escape.
std::vector<StreamEvent> SampleEvents() {
  chat::StreamEnd end;
  end.reason = chat::FinishReason::kToolCalls;
  end.complete_calls = 2;
  return {
      {EventKind::kReasoning, -1, "Hm, \"é\"\n"}, {EventKind::kReasoning, -1, "well \\ \x01 𝄞"},
      {EventKind::kContent, -1, "I will look"},   {EventKind::kContent, -1, " it up.\xE2\x80\xA8"},
      {EventKind::kToolCall, 0, "get_weather"},   {EventKind::kToolArguments, 0, "{\"city\": \"Os"},
      {EventKind::kToolArguments, 0, "lo\"}"},    {EventKind::kToolCallEnd, 0, ""},
      {EventKind::kToolCall, 1, "now"},           {EventKind::kToolArguments, 1, "{}"},
      {EventKind::kToolCallEnd, 1, ""},           {EventKind::kEnd, -1, "", end}};
}

void ExpectSame(const test::JoinedChoice& joined, const json::Value& choice) {
  const json::Value& message = *choice.Find("message");
  EXPECT_EQ(joined.role, "assistant");
  const json::Value* reasoning = message.Find("reasoning_content");
  EXPECT_EQ(joined.reasoning, reasoning == nullptr ? "" : reasoning->string());
  const json::Value* content = message.Find("content");
  EXPECT_EQ(joined.content, content->is_null() ? "" : content->string());
  std::vector<test::JoinedCall> calls;
  if (const json::Value* written = message.Find("tool_calls")) {
    for (const json::Value& call : written->array()) {
      const json::Value& function = *call.Find("function");
      calls.push_back({call.Find("id")->string(), function.Find("name")->string(),
                       function.Find("arguments")->string()});
    }
  }
  EXPECT_EQ(joined.calls, calls);
  EXPECT_EQ(joined.finish_reason, *choice.Find("finish_reason"));
  const json::Value* logprobs = choice.Find("logprobs");
  EXPECT_EQ(joined.logprobs,
            logprobs->is_null() ? json::Array() : logprobs->Find("content")->array());
}

// Every way of handing the events over: 2^11 groupings of twelve.
TEST(ChatWriter, JoinedDeltasAreTheWholeAnswerHoweverTheyCome) {
  const std::vector<StreamEvent> events = SampleEvents();
  const size_t gaps = events.size() - 1;
  for (size_t cuts = 0; cuts < size_t{1} << gaps; ++cuts) {
    AnswerRequest request;
    const auto writer = MakeChatWriter(request);
    test::ChoiceRun choice(writer.get(), 0);
    AnswerHead head = test::SmallHead(true);
    head.want_logprobs = true;
    std::string out;
    writer->Begin(head, &out);
    size_t begin = 0;
    for (size_t i = 1; i <= events.size(); ++i) {
      if (i < events.size() && (cuts >> (i - 1) & 1) == 0) continue;
      const TokenInfo token{.bytes = std::to_string(i), .logprob = -double(i), .top = {}};
      choice.Add(std::span(events).subspan(begin, i - begin), {&token, 1}, &out);
      begin = i;
    }
    choice.End(&out);
    writer->Finish(kUsage, &out);
    const test::JoinedChat joined = test::JoinChunks(out);
    ASSERT_TRUE(joined.done);
    ASSERT_FALSE(joined.choices.at(0).reasoning_after_content);
    const FinishedAnswer finished = choice.Finished();
    const json::Value whole = writer->Whole(head, {&finished, 1}, kUsage);
    ExpectSame(joined.choices.at(0), whole.Find("choices")->array()[0]);
    ASSERT_EQ(joined.thinking, *whole.Find("thinking"));
    ASSERT_FALSE(HasFailure()) << "cuts " << cuts << "\n" << out;
  }
}

TEST(ChatWriter, ChoicesMixedInAnyOrderStayApart) {
  std::mt19937_64 random(1);
  const std::vector<StreamEvent> events = SampleEvents();
  for (int round = 0; round < 200; ++round) {
    AnswerRequest request;
    request.choices = 1 + static_cast<int64_t>(random() % 4);
    request.stream_usage = random() % 2 == 0;
    const auto writer = MakeChatWriter(request);
    std::string out;
    writer->Begin(test::SmallHead(false), &out);
    std::vector<test::ChoiceRun> choices;
    for (int i = 0; i < request.choices; ++i) choices.emplace_back(writer.get(), i);
    std::vector<size_t> at(choices.size());
    for (size_t left = choices.size(); left > 0;) {
      const size_t i = random() % choices.size();
      if (at[i] == events.size()) continue;
      const size_t take = 1 + random() % (events.size() - at[i]);
      choices[i].Add(std::span(events).subspan(at[i], take), {}, &out);
      at[i] += take;
      if (at[i] < events.size()) continue;
      choices[i].End(&out);
      --left;
    }
    writer->Finish(kUsage, &out);
    const test::JoinedChat joined = test::JoinChunks(out);
    std::vector<FinishedAnswer> finished;
    for (const test::ChoiceRun& choice : choices) finished.push_back(choice.Finished());
    const json::Value whole = writer->Whole(test::SmallHead(false), finished, kUsage);
    ASSERT_EQ(joined.choices.size(), choices.size());
    for (size_t i = 0; i < choices.size(); ++i) {
      ExpectSame(joined.choices.at(static_cast<int64_t>(i)), whole.Find("choices")->array()[i]);
    }
    EXPECT_EQ(joined.usage, request.stream_usage ? *whole.Find("usage") : json::Value());
    ASSERT_FALSE(HasFailure()) << out;
  }
}

TEST(ChatWriter, AStreamThatFailsIsNotDone) {
  const std::vector<StreamEvent> all = SampleEvents();
  for (size_t events = 0; events < all.size(); ++events) {
    const auto writer = MakeChatWriter({});
    test::ChoiceRun choice(writer.get(), 0);
    std::string out;
    writer->Begin(test::SmallHead(true), &out);
    choice.Add(std::span(all).first(events), {}, &out);
    writer->Fail(Internal("secret"), &out);
    const test::JoinedChat joined = test::JoinChunks(out);
    EXPECT_FALSE(joined.done);
    EXPECT_EQ(joined.error.Find("type")->string(), "server_error");
    EXPECT_EQ(out.find("secret"), std::string::npos);
    EXPECT_TRUE(joined.choices.at(0).finish_reason.is_null());
  }
}

TEST(ChatWriter, HalfCharactersAndImpossibleTokensAreValidJson) {
  const auto writer = MakeChatWriter({});
  AnswerHead head = test::SmallHead(false);
  head.want_logprobs = true;
  FinishedAnswer answer;
  answer.message.content = "€";
  answer.tokens = {{.bytes = "\xE2\x82",
                    .logprob = -std::numeric_limits<double>::infinity(),
                    .top = {{"\xAC", -1}}}};
  const std::string text = json::Dump(writer->Whole(head, {&answer, 1}, {}), json::Style::kCompact);
  ASSERT_TRUE(json::Parse(text).ok()) << text;
  EXPECT_NE(text.find("{\"token\":\"\uFFFD\",\"logprob\":-9999.0,\"bytes\":[226,130]"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace fathom::api
