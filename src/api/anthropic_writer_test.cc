// Anthropic's stream and body: the cases of tests/cases/api_anthropic/answers.case, and what holds
// for every answer however it is cut.
#include <gtest/gtest.h>

#include <random>

#include "api/anthropic_messages.h"
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

TEST(AnthropicWriter, AnswersAreAsWritten) {
  for (const test::Case& one :
       test::ReadCases(FATHOM_SOURCE_DIR "/tests/cases/api_anthropic/answers.case")) {
    const auto writer = MakeMessagesWriter();
    const test::WrittenCase written = test::RunWriterCase(one, writer.get(), "msg_1");
    EXPECT_EQ(written.stream, one.Section("stream")) << one.place << ": " << one.name << "\n"
                                                     << test::AsSection(written.stream);
    if (written.whole.empty()) continue;
    EXPECT_EQ(written.whole, one.Section("whole")) << one.place << ": " << one.name << "\n"
                                                   << test::AsSection(written.whole);
  }
}

// A message put together as clients do it, which checks the order of events on the way.
class Client {
 public:
  Value Join(std::string_view bytes) {
    for (const test::NamedEvent& event : test::ReadEvents(bytes)) Take(event);
    FATHOM_CHECK(stopped_, "no message_stop");
    Object message = message_.object();
    message.Set("content", content_);
    return message;
  }

 private:
  void Take(const test::NamedEvent& event) {
    FATHOM_CHECK(!stopped_, "{} behind message_stop", event.name);
    FATHOM_CHECK(begun_ == (event.name != "message_start"), "{} out of place", event.name);
    if (event.name == "message_start") {
      begun_ = true;
      message_ = *event.data.Find("message");
    } else if (event.name == "content_block_start") {
      FATHOM_CHECK(!open_ && !ended_, "a block inside another");
      CheckIndex(event.data, content_.size());
      open_ = true;
      input_.clear();
      content_.push_back(*event.data.Find("content_block"));
    } else if (event.name == "content_block_delta") {
      FATHOM_CHECK(open_, "a delta without a block");
      CheckIndex(event.data, content_.size() - 1);
      TakeDelta(*event.data.Find("delta"));
    } else if (event.name == "content_block_stop") {
      FATHOM_CHECK(open_, "the end of no block");
      CheckIndex(event.data, content_.size() - 1);
      CloseBlock();
    } else if (event.name == "message_delta") {
      FATHOM_CHECK(!open_ && !ended_, "message_delta out of place");
      ended_ = true;
      for (const json::Member& member : event.data.Find("delta")->object()) {
        message_.object().Set(member.key, member.value);
      }
      message_.object().Set("usage", *event.data.Find("usage"));
    } else if (event.name == "message_stop") {
      FATHOM_CHECK(ended_, "message_stop before message_delta");
      stopped_ = true;
    } else {
      FATHOM_CHECK(event.name == "ping", "event {}", event.name);
    }
  }

  static void CheckIndex(const Value& data, size_t index) {
    FATHOM_CHECK(data.Find("index")->AsInt64() == static_cast<int64_t>(index), "index of {}",
                 test::CompactText(data));
  }

  void TakeDelta(const Value& delta) {
    Object& block = content_.back().object();
    const std::string& block_type = block.Find("type")->string();
    const std::string& type = delta.Find("type")->string();
    const auto append = [&](std::string_view of, std::string_view name) {
      FATHOM_CHECK(block_type == of, "{} in a block of {}", type, block_type);
      block.Set(std::string(name), block.Find(name)->string() + delta.Find(name)->string());
    };
    if (type == "text_delta") return append("text", "text");
    if (type == "thinking_delta") return append("thinking", "thinking");
    if (type == "signature_delta") return append("thinking", "signature");
    FATHOM_CHECK(type == "input_json_delta" && block_type == "tool_use", "delta {}", type);
    input_ += delta.Find("partial_json")->string();
  }

  void CloseBlock() {
    open_ = false;
    if (content_.back().Find("type")->string() != "tool_use") return;
    const Result<Value> input = json::Parse(input_);
    content_.back().object().Set("input", input.ok() ? *input : Object{});  // cut off
  }

  Value message_;
  Array content_;
  std::string input_;
  bool begun_ = false, open_ = false, ended_ = false, stopped_ = false;
};

// Texts joined by kind, since a stream may return to thinking or text behind a call.
Value InKinds(const Value& message) {
  std::string thinking, text;
  Array calls;
  bool signed_thinking = true;
  for (const Value& block : message.Find("content")->array()) {
    const std::string& type = block.Find("type")->string();
    if (type == "text") {
      text += block.Find("text")->string();
    } else if (type == "thinking") {
      thinking += block.Find("thinking")->string();
      signed_thinking &= !block.Find("signature")->string().empty();
    } else {
      calls.push_back(block);
    }
  }
  test::CheckNoMarkup(thinking);
  test::CheckNoMarkup(text);
  Object kinds = message.object();
  kinds.Set("content", Object{{"thinking", thinking},
                              {"signed", signed_thinking},
                              {"text", text},
                              {"calls", std::move(calls)}});
  return kinds;
}

void ExpectSameStreamed(const test::GoldenCompletion& completion, Cause cause,
                        const std::function<size_t(size_t)>& next_cut) {
  const AnswerHead head = test::HeadOf("msg_1");
  const auto writer = MakeMessagesWriter();
  const test::Answered answered = test::StreamAnswer(
      writer.get(), head, completion.text, completion.thinking, cause, test::kSmallUsage, next_cut);
  const Value whole = MakeMessagesWriter()->Whole(head, {&answered.finished, 1}, test::kSmallUsage);
  const bool cut_off = answered.finished.end.incomplete_call >= 0;
  ASSERT_EQ(test::CompactText(InKinds(Client().Join(answered.bytes))),
            test::CompactText(InKinds(whole)))
      << completion.text;
  std::string arguments;
  for (const auto& call : answered.finished.message.tool_calls) arguments += call.arguments;
  if (!cut_off && arguments.find(chat::kDsml) == std::string::npos) {
    ASSERT_EQ(answered.bytes.find(chat::kDsml), std::string::npos) << completion.text;
  }
}

TEST(AnthropicWriter, StreamJoinedIsTheWholeAnswer) {
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
TEST(AnthropicWriter, EveryCutAndEveryEnd) {
  const std::string text =
      "Let me look.\n</think>I will ask.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke "
      "name=\"find\">\n"
      "<｜DSML｜parameter name=\"q\" string=\"true\">ä \"x\"</｜DSML｜parameter>\n"
      "<｜DSML｜parameter name=\"n\" string=\"false\">[1, NaN]</｜DSML｜parameter>\n"
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

}  // namespace
}  // namespace fathom::api
