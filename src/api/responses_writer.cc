// An answer as OpenAI's response: an item for every stretch of reasoning, of text and for every
// call, each told by output_item.added, its parts and deltas, and output_item.done.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/errors.h"
#include "api/openai_responses.h"
#include "api/openai_usage.h"
#include "api/repairs.h"
#include "api/response_items.h"
#include "api/sse.h"
#include "base/check.h"
#include "json/write.h"

namespace fathom::api {
namespace {

using chat::EventKind;
using json::Array;
using json::Object;
using json::Value;

Array Logprobs(std::span<const TokenInfo> tokens) {
  return ChatLogprobs(tokens).Find("content")->array();
}

// What clients tell failures by.
std::string_view ErrorCode(const Status& status) {
  const int http_status = HttpStatus(status.code());
  if (http_status == 429) return "rate_limit_exceeded";
  return http_status < 500 ? "invalid_prompt" : "server_error";
}

class ResponsesWriter final : public AnswerWriter {
 public:
  explicit ResponsesWriter(ResponseForm form) : form_(std::move(form)) {}

  void Begin(const AnswerHead& head, std::string* out) override;
  void Add(int choice, std::span<const chat::StreamEvent> events,
           std::span<const std::string> call_ids, std::span<const TokenInfo> tokens,
           std::string* out) override;
  void End(int choice, const FinishedAnswer& answer, std::string* out) override;
  void Finish(const AnswerUsage& usage, std::string* out) override;
  void Fail(const Status& status, std::string* out) override;
  Value Whole(const AnswerHead& head, std::span<const FinishedAnswer> choices,
              const AnswerUsage& usage) override;

 private:
  void Event(std::string_view type, Object fields, std::string* out);
  void ResponseEvent(std::string_view type, Object response, std::string* out);
  // Fields that say which item, and which part of it.
  Object Place() const;
  Object PartPlace() const;

  void Open(ItemKind kind, std::string* out);
  void BeginCall(std::string_view id, std::string_view name, std::string* out);
  void AddPiece(ItemKind kind, std::string_view text, std::string* out);
  void AddArguments(std::string_view text, std::string* out);
  void Close(std::string_view status, std::string* out);
  void CloseParts(std::string* out);
  Value Item(std::string_view status) const;

  const ResponseForm form_;
  AnswerHead head_;
  bool begun_ = false;
  int64_t sequence_ = 0;
  Array output_;  // items that are done
  chat::StreamEnd end_;
  Array repaired_;

  // The item that is open.
  bool open_ = false;
  ItemKind kind_ = ItemKind::kMessage;
  std::string id_, text_, call_id_, call_name_;
  std::vector<TokenInfo> tokens_;   // of a message
  std::vector<TokenInfo> waiting_;  // tokens whose text has not come yet
};

void ResponsesWriter::Event(std::string_view type, Object fields, std::string* out) {
  Object event{{"type", type}, {"sequence_number", sequence_++}};
  for (const json::Member& field : fields) event.Set(field.key, field.value);
  AppendSse(type, json::Dump(event, json::Style::kCompact), out);
}

void ResponsesWriter::ResponseEvent(std::string_view type, Object response, std::string* out) {
  Event(type, Object{{"response", std::move(response)}}, out);
}

Object ResponsesWriter::Place() const {
  return {{"output_index", static_cast<int64_t>(output_.size())}, {"item_id", id_}};
}

Object ResponsesWriter::PartPlace() const {
  Object place = Place();
  place.Set(kind_ == ItemKind::kReasoning && form_.summary ? "summary_index" : "content_index", 0);
  return place;
}

Value ResponsesWriter::Item(std::string_view status) const {
  switch (kind_) {
    case ItemKind::kReasoning:
      return ReasoningItem(id_, text_, status, form_);
    case ItemKind::kMessage:
      return MessageItem(id_, text_, Logprobs(tokens_), status);
    case ItemKind::kCall:
      return CallItem(id_, call_id_, call_name_, text_, status);
  }
  FATHOM_CHECK(false, "item kind {}", static_cast<int>(kind_));
}

void ResponsesWriter::Begin(const AnswerHead& head, std::string* out) {
  head_ = head;
  begun_ = true;
  ResponseEvent("response.created", ResponseObject(head_, form_, kInProgress, {}), out);
  ResponseEvent("response.in_progress", ResponseObject(head_, form_, kInProgress, {}), out);
}

void ResponsesWriter::Add(int choice, std::span<const chat::StreamEvent> events,
                          std::span<const std::string> call_ids, std::span<const TokenInfo> tokens,
                          std::string* out) {
  FATHOM_CHECK(choice == 0, "choice {} of a response", choice);
  // Only text has log-probabilities; tokens without any event are its beginning or belong to none.
  const auto is_text = [](const auto& event) { return event.kind == EventKind::kContent; };
  if (!events.empty() && std::ranges::none_of(events, is_text)) {
    waiting_.clear();
  } else {
    waiting_.insert(waiting_.end(), tokens.begin(), tokens.end());
  }
  for (const chat::StreamEvent& event : events) {
    switch (event.kind) {
      case EventKind::kReasoning:
        AddPiece(ItemKind::kReasoning, event.text, out);
        break;
      case EventKind::kContent:
        AddPiece(ItemKind::kMessage, event.text, out);
        break;
      case EventKind::kToolCall:
        BeginCall(call_ids[static_cast<size_t>(event.call)], event.text, out);
        break;
      case EventKind::kToolArguments:
        AddArguments(event.text, out);
        break;
      case EventKind::kToolCallEnd:
        Close(kCompleted, out);
        break;
      case EventKind::kEnd:
        FATHOM_CHECK(false, "the end comes through End");
    }
  }
}

void ResponsesWriter::Open(ItemKind kind, std::string* out) {
  Close(kCompleted, out);
  open_ = true;
  kind_ = kind;
  id_ = ItemId(kind, head_.id, output_.size());
  text_.clear();
  tokens_.clear();
}

void ResponsesWriter::BeginCall(std::string_view id, std::string_view name, std::string* out) {
  Open(ItemKind::kCall, out);
  call_id_ = id;
  call_name_ = name;
  Event("response.output_item.added",
        Object{{"output_index", static_cast<int64_t>(output_.size())}, {"item", Item(kInProgress)}},
        out);
}

void ResponsesWriter::AddPiece(ItemKind kind, std::string_view text, std::string* out) {
  if (text.empty()) return;
  const bool reasoning = kind == ItemKind::kReasoning;
  const bool summary = reasoning && form_.summary;
  if (!open_ || kind_ != kind) {
    Open(kind, out);
    Event(
        "response.output_item.added",
        Object{{"output_index", static_cast<int64_t>(output_.size())}, {"item", Item(kInProgress)}},
        out);
    Object part = PartPlace();
    part.Set("part", reasoning ? ReasoningPart("", form_) : TextPart("", {}));
    Event(summary ? "response.reasoning_summary_part.added" : "response.content_part.added",
          std::move(part), out);
  }
  text_ += text;
  Object delta = PartPlace();
  delta.Set("delta", text);
  if (reasoning) {
    Event(summary ? "response.reasoning_summary_text.delta" : "response.reasoning_text.delta",
          std::move(delta), out);
    return;
  }
  delta.Set("logprobs", Logprobs(waiting_));
  std::ranges::move(waiting_, std::back_inserter(tokens_));
  waiting_.clear();
  Event("response.output_text.delta", std::move(delta), out);
}

void ResponsesWriter::AddArguments(std::string_view text, std::string* out) {
  text_ += text;
  Object delta = Place();
  delta.Set("delta", text);
  Event("response.function_call_arguments.delta", std::move(delta), out);
}

// The events that repeat what an item's parts have become.
void ResponsesWriter::CloseParts(std::string* out) {
  if (kind_ == ItemKind::kCall) {
    Object done = Place();
    done.Set("name", call_name_);
    done.Set("arguments", text_);
    return Event("response.function_call_arguments.done", std::move(done), out);
  }
  const bool reasoning = kind_ == ItemKind::kReasoning;
  const bool summary = reasoning && form_.summary;
  Object done = PartPlace();
  done.Set("text", text_);
  if (!reasoning) done.Set("logprobs", Logprobs(tokens_));
  Event(summary     ? "response.reasoning_summary_text.done"
        : reasoning ? "response.reasoning_text.done"
                    : "response.output_text.done",
        std::move(done), out);
  Object part = PartPlace();
  part.Set("part", reasoning ? ReasoningPart(text_, form_) : TextPart(text_, Logprobs(tokens_)));
  Event(summary ? "response.reasoning_summary_part.done" : "response.content_part.done",
        std::move(part), out);
}

void ResponsesWriter::Close(std::string_view status, std::string* out) {
  if (!open_) return;
  CloseParts(out);
  Value item = Item(status);
  Event("response.output_item.done",
        Object{{"output_index", static_cast<int64_t>(output_.size())}, {"item", item}}, out);
  output_.push_back(std::move(item));
  open_ = false;
}

void ResponsesWriter::End(int /*choice*/, const FinishedAnswer& answer, std::string* out) {
  end_ = answer.end;
  repaired_ = RepairsToJson(answer);
  if (open_) Close(ItemStatus(kind_, end_), out);
}

void ResponsesWriter::Finish(const AnswerUsage& usage, std::string* out) {
  const std::string_view status = StatusOf(end_);
  ResponseEvent(status == kCompleted ? "response.completed" : "response.incomplete",
                EndedResponse(head_, form_, end_, repaired_, output_, usage), out);
}

void ResponsesWriter::Fail(const Status& status, std::string* out) {
  const Value body = ErrorBody(Dialect::kOpenAi, status);
  const Value& error = *body.Find("error");
  if (!begun_) {
    return Event("error",
                 Object{{"code", ErrorCode(status)},
                        {"message", *error.Find("message")},
                        {"param", *error.Find("param")}},
                 out);
  }
  Object response = ResponseObject(head_, form_, "failed", output_);
  response.Set("error", Object{{"code", ErrorCode(status)}, {"message", *error.Find("message")}});
  ResponseEvent("response.failed", std::move(response), out);
}

Value ResponsesWriter::Whole(const AnswerHead& head, std::span<const FinishedAnswer> choices,
                             const AnswerUsage& usage) {
  FATHOM_CHECK(choices.size() == 1, "{} choices of a response", choices.size());
  const FinishedAnswer& answer = choices.front();
  const chat::Message& message = answer.message;
  Array output;
  const auto id = [&](ItemKind kind) { return ItemId(kind, head.id, output.size()); };
  if (!message.reasoning.empty()) {
    output.push_back(ReasoningItem(id(ItemKind::kReasoning), message.reasoning,
                                   ItemStatus(ItemKind::kReasoning, answer.end), form_));
  }
  if (message.content && !message.content->empty()) {
    output.push_back(MessageItem(id(ItemKind::kMessage), *message.content, Logprobs(answer.tokens),
                                 ItemStatus(ItemKind::kMessage, answer.end)));
  }
  for (const chat::ToolCall& call : message.tool_calls) {
    output.push_back(CallItem(id(ItemKind::kCall), call.id, call.name, call.arguments, kCompleted));
  }
  if (answer.cut_call) {
    const chat::ToolCall& call = *answer.cut_call;
    output.push_back(CallItem(id(ItemKind::kCall), call.id, call.name, call.arguments,
                              ItemStatus(ItemKind::kCall, answer.end)));
  }
  return EndedResponse(head, form_, answer.end, RepairsToJson(answer), std::move(output), usage);
}

}  // namespace

std::unique_ptr<AnswerWriter> MakeResponsesWriter(ResponseForm form) {
  return std::make_unique<ResponsesWriter>(std::move(form));
}

}  // namespace fathom::api
