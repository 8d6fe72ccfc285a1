// Chunks are written as text, not through json::Value: one leaves for every token of every stream,
// and all but its delta is known when the answer begins.
#include <utility>
#include <vector>

#include "api/errors.h"
#include "api/openai_chat.h"
#include "api/openai_usage.h"
#include "api/repairs.h"
#include "api/sse.h"
#include "base/check.h"
#include "json/write.h"

namespace fathom::api {
namespace {

using chat::EventKind;
using chat::StreamEvent;

void AppendJson(const json::Value& value, std::string* out) {
  json::DumpTo(value, json::Style::kCompact, out);
}

json::Value ModeToJson(bool thinking) {
  return json::Object{{"type", thinking ? "enabled" : "disabled"}};
}

// {"role": "assistant", "content", "reasoning_content", "tool_calls"}; content is null where there
// are calls and no text, as with OpenAI.
json::Value MessageToJson(const FinishedAnswer& answer, bool thinking) {
  const chat::Message& message = answer.message;
  const std::string content = message.content.value_or("");
  // One that was cut off is told as OpenAI tells it, and as a stream does: as far as it came.
  std::vector<chat::ToolCall> told = message.tool_calls;
  if (answer.cut_call) told.push_back(*answer.cut_call);
  json::Object written{{"role", "assistant"}};
  written.Set("content", content.empty() && !told.empty() ? json::Value() : content);
  if (thinking || !message.reasoning.empty()) written.Set("reasoning_content", message.reasoning);
  if (!told.empty()) {
    json::Array calls;
    for (const chat::ToolCall& call : told) {
      calls.emplace_back(json::Object{
          {"id", call.id},
          {"type", "function"},
          {"function", json::Object{{"name", call.name}, {"arguments", call.arguments}}}});
    }
    written.Set("tool_calls", std::move(calls));
  }
  return written;
}

class ChatWriter final : public AnswerWriter {
 public:
  ChatWriter(int64_t choices, bool stream_usage)
      : stream_usage_(stream_usage), waiting_(static_cast<size_t>(choices)) {}

  void Begin(const AnswerHead& head, std::string* out) override;
  void Add(int choice, std::span<const StreamEvent> events, std::span<const std::string> call_ids,
           std::span<const TokenInfo> tokens, std::string* out) override;
  void End(int choice, const FinishedAnswer& answer, std::string* out) override;
  void Finish(const AnswerUsage& usage, std::string* out) override;
  void Fail(const Status& status, std::string* out) override;
  json::Value Whole(const AnswerHead& head, std::span<const FinishedAnswer> choices,
                    const AnswerUsage& usage) override;

 private:
  void Open(int choice, std::string* out) const;
  void Close(int choice, std::string* out, const FinishedAnswer* answer = nullptr);
  size_t AddText(int choice, std::span<const StreamEvent> events, std::string* out);
  size_t AddCall(int choice, std::span<const StreamEvent> events,
                 std::span<const std::string> call_ids, std::string* out);

  const bool stream_usage_;
  bool want_logprobs_ = false;
  std::string before_;                           // of every chunk, up to the choices
  std::string after_;                            // the choices, up to the end
  std::vector<std::vector<TokenInfo>> waiting_;  // of each choice: tokens that no chunk tells yet
};

// Up to where the members of the delta go.
void ChatWriter::Open(int choice, std::string* out) const {
  out->append(before_).append("[{\"index\":").append(std::to_string(choice));
  out->append(",\"delta\":{");
}

// `answer`: of a choice's last chunk.
void ChatWriter::Close(int choice, std::string* out, const FinishedAnswer* answer) {
  std::vector<TokenInfo>& tokens = waiting_[static_cast<size_t>(choice)];
  out->append("},\"logprobs\":");
  AppendJson(tokens.empty() ? json::Value() : ChatLogprobs(tokens), out);
  tokens.clear();
  out->append(",\"finish_reason\":");
  AppendJson(answer == nullptr ? json::Value() : OpenAiFinishReason(answer->end), out);
  if (answer != nullptr) {
    if (json::Array names = RepairsToJson(*answer); !names.empty()) {
      out->append(",\"repaired\":");
      AppendJson(std::move(names), out);
    }
  }
  if (answer != nullptr && answer->thinking_end != ThinkingEnd::kItself) {
    out->append(",\"thinking_ended\":");
    AppendJson(Name(answer->thinking_end), out);
  }
  out->append("}]").append(after_);
}

void ChatWriter::Begin(const AnswerHead& head, std::string* out) {
  want_logprobs_ = head.want_logprobs;
  before_ = std::string(kSseData) + "{\"id\":";
  json::DumpString(head.id, &before_);
  before_ += ",\"object\":\"chat.completion.chunk\",\"created\":" + std::to_string(head.created);
  before_ += ",\"model\":";
  json::DumpString(head.model, &before_);
  before_ += ",\"choices\":";
  const std::string end = (stream_usage_ ? ",\"usage\":null}" : "}") + std::string(kSseEnd);
  after_ = ",\"thinking\":";
  AppendJson(ModeToJson(head.thinking), &after_);
  after_ += end;
  for (size_t choice = 0; choice < waiting_.size(); ++choice) {
    Open(static_cast<int>(choice), out);
    out->append("\"role\":\"assistant\",\"content\":\"\"");
    Close(static_cast<int>(choice), out);
  }
  after_ = end;
}

// A chunk for the reasoning or content that `events` begin with; returns how many they were.
size_t ChatWriter::AddText(int choice, std::span<const StreamEvent> events, std::string* out) {
  const EventKind kind = events[0].kind;
  Open(choice, out);
  out->append(kind == EventKind::kReasoning ? "\"reasoning_content\":\"" : "\"content\":\"");
  size_t taken = 0;
  for (; taken < events.size() && events[taken].kind == kind; ++taken) {
    json::EscapeTo(events[taken].text, out);
  }
  out->push_back('"');
  Close(choice, out);
  return taken;
}

// A chunk for one call: its beginning, or the next piece of its arguments, or both.
size_t ChatWriter::AddCall(int choice, std::span<const StreamEvent> events,
                           std::span<const std::string> call_ids, std::string* out) {
  const int call = events[0].call;
  Open(choice, out);
  out->append("\"tool_calls\":[{\"index\":").append(std::to_string(call));
  size_t taken = 0;
  if (events[0].kind == EventKind::kToolCall) {
    FATHOM_CHECK(static_cast<size_t>(call) < call_ids.size(), "call {} has no id", call);
    out->append(",\"id\":");
    json::DumpString(call_ids[static_cast<size_t>(call)], out);
    out->append(",\"type\":\"function\",\"function\":{\"name\":");
    json::DumpString(events[0].text, out);
    out->append(",\"arguments\":\"");
    ++taken;
  } else {
    out->append(",\"function\":{\"arguments\":\"");
  }
  for (; taken < events.size() && events[taken].kind == EventKind::kToolArguments &&
         events[taken].call == call;
       ++taken) {
    json::EscapeTo(events[taken].text, out);
  }
  out->append("\"}}]");
  Close(choice, out);
  return taken;
}

void ChatWriter::Add(int choice, std::span<const StreamEvent> events,
                     std::span<const std::string> call_ids, std::span<const TokenInfo> tokens,
                     std::string* out) {
  if (want_logprobs_) {
    std::vector<TokenInfo>& waiting = waiting_[static_cast<size_t>(choice)];
    waiting.insert(waiting.end(), tokens.begin(), tokens.end());
  }
  while (!events.empty()) {
    size_t taken = 1;
    switch (events[0].kind) {
      case EventKind::kReasoning:
      case EventKind::kContent:
        taken = AddText(choice, events, out);
        break;
      case EventKind::kToolCall:
      case EventKind::kToolArguments:
        taken = AddCall(choice, events, call_ids, out);
        break;
      case EventKind::kToolCallEnd:  // the next call's beginning, or the end, says it
      case EventKind::kEnd:
        break;
    }
    events = events.subspan(taken);
  }
}

void ChatWriter::End(int choice, const FinishedAnswer& answer, std::string* out) {
  Open(choice, out);
  Close(choice, out, &answer);
}

void ChatWriter::Finish(const AnswerUsage& usage, std::string* out) {
  if (stream_usage_) {
    out->append(before_).append("[],\"usage\":");
    AppendJson(UsageToJson(usage), out);
    out->append("}").append(kSseEnd);
  }
  AppendSse("[DONE]", out);
}

// Without [DONE]: the answer is not whole, and a client that misses the error must not think so.
void ChatWriter::Fail(const Status& status, std::string* out) {
  AppendSse(json::Dump(ErrorBody(Dialect::kOpenAi, status), json::Style::kCompact), out);
}

json::Value ChatWriter::Whole(const AnswerHead& head, std::span<const FinishedAnswer> choices,
                              const AnswerUsage& usage) {
  json::Array written;
  for (const FinishedAnswer& answer : choices) {
    json::Object choice{{"index", static_cast<int64_t>(written.size())},
                        {"message", MessageToJson(answer, head.thinking)}};
    choice.Set("logprobs", head.want_logprobs ? ChatLogprobs(answer.tokens) : json::Value());
    choice.Set("finish_reason", OpenAiFinishReason(answer.end));
    if (json::Array names = RepairsToJson(answer); !names.empty()) {
      choice.Set("repaired", std::move(names));
    }
    if (answer.thinking_end != ThinkingEnd::kItself) {
      choice.Set("thinking_ended", Name(answer.thinking_end));
    }
    written.emplace_back(std::move(choice));
  }
  return json::Object{{"id", head.id},
                      {"object", "chat.completion"},
                      {"created", head.created},
                      {"model", head.model},
                      {"thinking", ModeToJson(head.thinking)},
                      {"choices", std::move(written)},
                      {"usage", UsageToJson(usage)}};
}

}  // namespace

std::unique_ptr<AnswerWriter> MakeChatWriter(const AnswerRequest& request) {
  return std::make_unique<ChatWriter>(request.choices, request.stream_usage);
}

}  // namespace fathom::api
