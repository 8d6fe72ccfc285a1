// Drives an AnswerWriter as the server does: events of a choice → what was streamed, and the same
// answer whole.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/answer_writer.h"
#include "chat/message_builder.h"

namespace fathom::test {

inline api::AnswerHead SmallHead(bool thinking) {
  return {.id = "chatcmpl-1", .created = 7, .model = "m", .thinking = thinking, .prompt_tokens = 5};
}

inline std::string CallId(int choice, int call) { return fmt::format("call_{}_{}", choice, call); }

// One choice on its way through a writer.
class ChoiceRun {
 public:
  ChoiceRun(api::AnswerWriter* writer, int choice) : writer_(*writer), choice_(choice) {}

  // One call of the writer. kEnd may only stand last, and is for End.
  void Add(std::span<const chat::StreamEvent> events, std::span<const api::TokenInfo> tokens,
           std::string* out) {
    for (const chat::StreamEvent& event : events) {
      builder_.Add(event);
      if (event.kind == chat::EventKind::kToolCall) ids_.push_back(CallId(choice_, event.call));
      if (event.kind == chat::EventKind::kEnd) end_ = event.end;
    }
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    if (!events.empty() && events.back().kind == chat::EventKind::kEnd) {
      events = events.first(events.size() - 1);
    }
    writer_.Add(choice_, events, ids_, tokens, out);
  }

  api::FinishedAnswer Finished() const {
    api::FinishedAnswer answer;
    answer.message = builder_.message();
    answer.end = end_;
    if (end_.incomplete_call >= 0) {
      answer.cut_call = builder_.open_call();
      answer.cut_call->id = CallId(choice_, end_.incomplete_call);
    }
    answer.tokens = tokens_;
    for (size_t i = 0; i < answer.message.tool_calls.size(); ++i) {
      answer.message.tool_calls[i].id = CallId(choice_, static_cast<int>(i));
    }
    return answer;
  }

  void End(std::string* out) { writer_.End(choice_, Finished(), out); }

 private:
  api::AnswerWriter& writer_;
  const int choice_;
  chat::MessageBuilder builder_;
  chat::StreamEnd end_;
  std::vector<std::string> ids_;
  std::vector<api::TokenInfo> tokens_;
};

}  // namespace fathom::test
