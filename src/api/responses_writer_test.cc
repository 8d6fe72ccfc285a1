// The stream and body of responses: the cases of tests/cases/api_responses/answers.case, and what
// holds for every answer however it is cut.
#include <gtest/gtest.h>

#include <random>

#include "api/openai_responses.h"
#include "support/answer_cuts.h"
#include "support/golden_completions.h"
#include "support/request_lines.h"
#include "support/writer_cases.h"

namespace fathom::api {
namespace {

using Cause = chat::StreamParser::Cause;
using json::Array;
using json::Object;
using json::Value;

ResponseForm SmallForm(bool summary, bool encrypted_content) {
  return {.echo = {{"instructions", nullptr}, {"tools", Array{}}},
          .summary = summary,
          .encrypted_content = encrypted_content};
}

TEST(ResponsesWriter, AnswersAreAsWritten) {
  for (const test::Case& one :
       test::ReadCases(FATHOM_SOURCE_DIR "/tests/cases/api_responses/answers.case")) {
    const auto writer =
        MakeResponsesWriter(SmallForm(one.Setting("reasoning", "content") == "summary",
                                      one.Setting("encrypted_content", "off") == "on"));
    const test::WrittenCase written = test::RunWriterCase(one, writer.get(), "resp_1");
    EXPECT_EQ(written.stream, one.Section("stream")) << one.place << ": " << one.name << "\n"
                                                     << test::AsSection(written.stream);
    if (written.whole.empty()) continue;
    EXPECT_EQ(written.whole, one.Section("whole")) << one.place << ": " << one.name << "\n"
                                                   << test::AsSection(written.whole);
  }
}

// A response put together from the deltas, as OpenAI's own client does, which checks on the way
// that events stand in order and that what they repeat is what was told.
class Client {
 public:
  Value Join(std::string_view bytes) {
    for (const test::NamedEvent& event : test::ReadEvents(bytes)) {
      FATHOM_CHECK(final_.is_null(), "{} behind the end", event.name);
      FATHOM_CHECK(event.data.Find("sequence_number")->AsInt64() == sequence_++,
                   "sequence_number of {}", event.text);
      Take(event.name, event.data);
    }
    FATHOM_CHECK(!final_.is_null(), "no end");
    FATHOM_CHECK(Value(output_) == *final_.Find("output"), "told {}, in the end {}",
                 test::CompactText(output_), test::CompactText(final_));
    return final_;
  }

 private:
  void Take(std::string_view name, const Value& data) {
    if (name == "response.created" || name == "response.in_progress") {
      FATHOM_CHECK(output_.empty() && data.Find("response")->Find("output")->array().empty(),
                   "{} out of place", name);
    } else if (name == "response.completed" || name == "response.incomplete") {
      FATHOM_CHECK(!open_, "the end inside an item");
      final_ = *data.Find("response");
      FATHOM_CHECK("response." + final_.Find("status")->string() == name, "status at {}", name);
    } else if (name == "response.output_item.added") {
      FATHOM_CHECK(!open_, "an item inside another");
      open_ = true;
      text_.clear();
      output_.push_back(*data.Find("item"));
      CheckPlace(data);
    } else if (name == "response.output_item.done") {
      TakeItem(data);
    } else {
      TakePart(name, data);
    }
  }

  void CheckPlace(const Value& data) const {
    FATHOM_CHECK(open_, "outside of items: {}", test::CompactText(data));
    FATHOM_CHECK(data.Find("output_index")->AsInt64() == static_cast<int64_t>(output_.size()) - 1,
                 "output_index of {}", test::CompactText(data));
    const Value* id = data.Find("item_id");
    FATHOM_CHECK(id == nullptr || *id == *output_.back().Find("id"), "item_id of {}",
                 test::CompactText(data));
  }

  void TakeItem(const Value& data) {
    CheckPlace(data);
    const Value& item = *data.Find("item");
    FATHOM_CHECK(*item.Find("id") == *output_.back().Find("id"), "id of {}",
                 test::CompactText(item));
    FATHOM_CHECK(TextOf(item) == text_, "the item says {}, told {}", TextOf(item), text_);
    output_.back() = item;
    open_ = false;
  }

  void TakePart(std::string_view name, const Value& data) {
    CheckPlace(data);
    if (const Value* delta = data.Find("delta")) {
      text_ += delta->string();
    } else if (const Value* part = data.Find("part")) {
      FATHOM_CHECK(part->Find("text")->string() == text_, "{} says {}, told {}", name,
                   part->Find("text")->string(), text_);
    } else {
      const Value* done = data.Find("text") ? data.Find("text") : data.Find("arguments");
      FATHOM_CHECK(done->string() == text_, "{} says {}, told {}", name, done->string(), text_);
    }
  }

  static std::string TextOf(const Value& item) {
    if (const Value* arguments = item.Find("arguments")) return arguments->string();
    std::string text;
    for (const char* name : {"summary", "content"}) {
      const Value* parts = item.Find(name);
      if (parts == nullptr) continue;
      for (const Value& part : parts->array()) text += part.Find("text")->string();
    }
    return text;
  }

  Array output_;
  Value final_;
  std::string text_;
  int64_t sequence_ = 0;
  bool open_ = false;
};

// Items by kind, without ids and texts joined, since a stream may return to reasoning or text
// behind a call.
Value InKinds(const Value& response) {
  std::string reasoning, text;
  Array calls;
  for (const Value& item : response.Find("output")->array()) {
    const std::string& type = item.Find("type")->string();
    if (type == "function_call") {
      Object call = item.object();
      call.Set("id", nullptr);
      calls.push_back(std::move(call));
      continue;
    }
    for (const Value& part : item.Find("content")->array()) {
      (type == "reasoning" ? reasoning : text) += part.Find("text")->string();
    }
  }
  test::CheckNoMarkup(reasoning);
  test::CheckNoMarkup(text);
  Object kinds = response.object();
  kinds.Set("output",
            Object{{"reasoning", reasoning}, {"text", text}, {"calls", std::move(calls)}});
  return kinds;
}

void ExpectSameStreamed(const test::GoldenCompletion& completion, Cause cause,
                        const std::function<size_t(size_t)>& next_cut) {
  const AnswerHead head = test::HeadOf("resp_1");
  const auto writer = MakeResponsesWriter(SmallForm(false, true));
  const test::Answered answered = test::StreamAnswer(
      writer.get(), head, completion.text, completion.thinking, cause, test::kSmallUsage, next_cut);
  const Value whole = MakeResponsesWriter(SmallForm(false, true))
                          ->Whole(head, {&answered.finished, 1}, test::kSmallUsage);
  ASSERT_EQ(test::CompactText(InKinds(Client().Join(answered.bytes))),
            test::CompactText(InKinds(whole)))
      << completion.text;
}

TEST(ResponsesWriter, StreamJoinedIsTheWholeAnswer) {
  std::mt19937_64 random(1);
  size_t completions = 0;
  for (const test::GoldenCompletion& completion : test::GoldenCompletions()) {
    ++completions;
    ExpectSameStreamed(completion, Cause::kEndOfText, [](size_t left) { return left; });
    ExpectSameStreamed(completion, Cause::kEndOfText, [](size_t) { return size_t{1}; });
    for (int round = 0; round < 3; ++round) {
      ExpectSameStreamed(completion, Cause::kEndOfText,
                         [&](size_t left) { return 1 + random() % std::min<size_t>(left, 12); });
    }
  }
  EXPECT_GT(completions, 250u);
}

// A completion with everything in it, in two pieces at every place, and ended there.
TEST(ResponsesWriter, EveryCutAndEveryEnd) {
  const std::string text =
      "Let me look.\n</think>I will ask.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke "
      "name=\"find\">\n"
      "<｜DSML｜parameter name=\"q\" string=\"true\">ä \"x\"</｜DSML｜parameter>\n"
      "<｜DSML｜parameter name=\"n\" string=\"false\">[1, 2.50]</｜DSML｜parameter>\n"
      "</｜DSML｜invoke>\n<｜DSML｜invoke name=\"stop\">\n</｜DSML｜invoke>\n"
      "</｜DSML｜function_calls><｜end▁of▁sentence｜>";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    size_t at = 0;
    const auto in_two = [&](size_t left) {
      const size_t take = cut > at && cut - at < left ? cut - at : left;
      at += take;
      return take;
    };
    ExpectSameStreamed({text, true}, Cause::kEndOfText, in_two);
    ExpectSameStreamed({text.substr(0, cut), true}, Cause::kLength,
                       [](size_t left) { return left; });
  }
}

// Log-probabilities stand on the deltas of the text, each token once and in order, those without
// text of their own on the delta behind them.
TEST(ResponsesWriter, LogprobsFollowTheText) {
  const auto writer = MakeResponsesWriter(SmallForm(false, false));
  AnswerHead head = test::HeadOf("resp_1");
  head.want_logprobs = true;
  std::string bytes;
  writer->Begin(head, &bytes);
  const auto token = [](std::string text, double logprob) {
    return TokenInfo{std::move(text), logprob, {{"\xc3", -1000000}}};
  };
  const auto event = [](chat::EventKind kind, std::string text) {
    return std::vector<chat::StreamEvent>{{kind, -1, std::move(text), {}}};
  };
  using chat::EventKind;
  const auto add = [&](const std::vector<chat::StreamEvent>& events, const TokenInfo& info) {
    writer->Add(0, events, {}, {&info, 1}, &bytes);
  };
  add(event(EventKind::kReasoning, "hm"), token("hm", -0.5));
  add({}, token("\xc3", -1));
  add(event(EventKind::kContent, "ä"), token("\xa4", -2));
  add(event(EventKind::kContent, "b"), token("b", 0));
  FinishedAnswer answer;
  writer->End(0, answer, &bytes);
  writer->Finish(test::kSmallUsage, &bytes);

  std::vector<std::string> logprobs;
  for (const test::NamedEvent& e : test::ReadEvents(bytes)) {
    if (const Value* found = e.data.Find("logprobs")) logprobs.push_back(test::CompactText(*found));
  }
  const std::string top = R"("top_logprobs":[{"token":"�","logprob":-9999.0,"bytes":[195]}]})";
  const std::string first = R"({"token":"�","logprob":-1.0,"bytes":[195],)" + top +
                            R"(,{"token":"�","logprob":-2.0,"bytes":[164],)" + top;
  const std::string second = R"({"token":"b","logprob":0.0,"bytes":[98],)" + top;
  EXPECT_EQ(logprobs, (std::vector<std::string>{"[" + first + "]", "[" + second + "]",
                                                "[" + first + "," + second + "]"}));
}

// What a failure is called; before the stream has begun there is no response to fail.
TEST(ResponsesWriter, FailuresHaveCodes) {
  const auto fail = [](const Status& status) {
    std::string bytes;
    MakeResponsesWriter(SmallForm(false, false))->Fail(status, &bytes);
    const std::vector<test::NamedEvent> events = test::ReadEvents(bytes);
    EXPECT_EQ(events.size(), 1u);
    return events.front().text;
  };
  EXPECT_EQ(fail(ResourceExhausted("full")),
            R"({"type":"error","sequence_number":0,"code":"rate_limit_exceeded","message":"full",)"
            R"("param":null})");
  EXPECT_EQ(fail(InvalidArgument("input[0]: empty")),
            R"({"type":"error","sequence_number":0,"code":"invalid_prompt",)"
            R"("message":"input[0]: empty","param":"input[0]"})");
  EXPECT_EQ(fail(Internal("secret")),
            R"({"type":"error","sequence_number":0,"code":"server_error",)"
            R"("message":"the server failed; its log says why","param":null})");
}

}  // namespace
}  // namespace fathom::api
