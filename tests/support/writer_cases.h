// Runs the cases of an API's writer: what the model says in, the stream's events and the whole
// answer out. A case holds
//
//   thinking on                       a setting; what the writer is made with is the test's
//   events
//     reasoning "…"                   texts are JSON strings
//     content "…"
//     call "name"                     begins the next call
//     arguments "…"
//     call_end
//     ---                             what follows comes with the next Add
//     end tool_calls                  or stop, length, limit, cancelled; behind it what is left
//                                     open: reasoning, tool_block, tool_call; or "repaired"
//     stop_string "…"                 the one that ended it
//     fail resource_exhausted "…"     instead of the end
//   stream                            the events: a name and its data
//   whole                             the body, where the answer ends
#pragma once

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "api/answer_writer.h"
#include "json/parse.h"
#include "support/answer_run.h"
#include "support/case_file.h"
#include "support/named_events.h"
#include "support/request_lines.h"

namespace fathom::test {

inline constexpr api::AnswerUsage kSmallUsage = {.prompt_tokens = 20,
                                                 .cached_tokens = 16,
                                                 .completion_tokens = 9,
                                                 .reasoning_tokens = 4,
                                                 .cost = std::nullopt};

inline api::AnswerHead HeadOf(const std::string& id) {
  return {.id = id, .created = 7, .model = "m", .thinking = false, .prompt_tokens = 20};
}

struct WrittenCase {
  std::vector<std::string> stream, whole;
};

class WriterCaseRun {
 public:
  WriterCaseRun(api::AnswerWriter* writer, api::AnswerHead head)
      : writer_(*writer), head_(std::move(head)), run_(writer, 0) {
    writer_.Begin(head_, &bytes_);
    writer_.PromptFound(kSmallUsage.cached_tokens, &bytes_);
  }

  void Line(const std::string& line) {
    const std::string word = line.substr(0, line.find(' '));
    const std::string rest = word == line ? "" : line.substr(word.size() + 1);
    if (word == "---") return Flush();
    if (word == "end") return End(rest);
    if (word == "fail") return Fail(rest);
    if (word == "stop_string") {
      stop_string_ = Text(rest);
      return;
    }
    constexpr std::pair<std::string_view, chat::EventKind> kWords[] = {
        {"reasoning", chat::EventKind::kReasoning},
        {"content", chat::EventKind::kContent},
        {"call", chat::EventKind::kToolCall},
        {"arguments", chat::EventKind::kToolArguments},
        {"call_end", chat::EventKind::kToolCallEnd}};
    const auto* row = std::ranges::find(kWords, word, [](const auto& r) { return r.first; });
    FATHOM_CHECK(row != std::end(kWords), "no event: {}", line);
    calls_ += word == "call";
    const bool of_call = word == "call" || word == "arguments" || word == "call_end";
    batch_.push_back({row->second, of_call ? calls_ - 1 : -1, rest.empty() ? "" : Text(rest), {}});
    complete_ += word == "call_end";
  }

  WrittenCase Done() {
    WrittenCase written;
    Flush();
    if (ended_) {
      api::FinishedAnswer answer = run_.Finished();
      answer.stop_string = stop_string_;
      writer_.End(0, answer, &bytes_);
      writer_.Finish(kSmallUsage, &bytes_);
      written.whole.push_back(
          CompactText(writer_.Whole(head_, std::span(&answer, 1), kSmallUsage)));
    } else {
      FATHOM_CHECK(!failure_.ok(), "neither an end nor a failure");
      writer_.Fail(failure_, &bytes_);
    }
    for (const NamedEvent& event : ReadEvents(bytes_)) {
      written.stream.push_back(event.name + " " + event.text);
    }
    return written;
  }

 private:
  static std::string Text(const std::string& quoted) {
    const Result<json::Value> text = json::Parse(quoted);
    FATHOM_CHECK(text.ok() && text->is_string(), "no JSON string: {}", quoted);
    return text->string();
  }

  void Flush() {
    if (!batch_.empty()) run_.Add(batch_, {}, &bytes_);
    batch_.clear();
  }

  void End(const std::string& line) {
    std::istringstream words(line);
    std::string reason, open;
    words >> reason >> open;
    chat::StreamEnd end;
    using chat::FinishReason;
    bool known = false;
    for (const FinishReason r :
         {FinishReason::kStop, FinishReason::kToolCalls, FinishReason::kLength,
          FinishReason::kLimit, FinishReason::kCancelled}) {
      if (chat::Name(r) != reason) continue;
      end.reason = r;
      known = true;
    }
    FATHOM_CHECK(known, "no reason: {}", line);
    constexpr std::string_view kOpen[] = {"", "reasoning", "tool_block", "tool_call"};
    if (open == "repaired") {
      end.repairs.Add(chat::Repair::kMissingClose);
      open.clear();
    }
    const auto* found = std::ranges::find(kOpen, open);
    FATHOM_CHECK(found != std::end(kOpen), "nothing that may be open: {}", line);
    end.open = static_cast<chat::OpenSection>(found - kOpen);
    end.complete_calls = complete_;
    if (complete_ < calls_) end.incomplete_call = calls_ - 1;
    batch_.push_back({chat::EventKind::kEnd, -1, "", end});
    ended_ = true;
  }

  void Fail(const std::string& line) {
    const size_t space = line.find(' ');
    FATHOM_CHECK(space != std::string::npos, "no failure: {}", line);
    const std::string code = line.substr(0, space);
    for (const Code c : {Code::kInvalidArgument, Code::kResourceExhausted, Code::kInternal}) {
      std::string name(CodeName(c));
      std::ranges::replace(name, ' ', '_');
      if (name == code) failure_ = Status(c, Text(line.substr(space + 1)));
    }
    FATHOM_CHECK(!failure_.ok(), "no code: {}", line);
  }

  api::AnswerWriter& writer_;
  const api::AnswerHead head_;
  ChoiceRun run_;
  std::vector<chat::StreamEvent> batch_;
  std::string bytes_;
  std::optional<std::string> stop_string_;
  Status failure_;
  int calls_ = 0, complete_ = 0;
  bool ended_ = false;
};

inline WrittenCase RunWriterCase(const Case& one, api::AnswerWriter* writer,
                                 const std::string& id) {
  WriterCaseRun run(writer, HeadOf(id));
  for (const std::string& line : one.Section("events")) run.Line(line);
  return run.Done();
}

}  // namespace fathom::test
