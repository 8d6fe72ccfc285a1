// An answer as Anthropic's message: message_start, ping, for every block content_block_start, its
// deltas and content_block_stop, then message_delta and message_stop.
#include <string>
#include <string_view>
#include <utility>

#include "api/anthropic_messages.h"
#include "api/call_input.h"
#include "api/errors.h"
#include "api/repairs.h"
#include "api/sse.h"
#include "base/check.h"
#include "json/write.h"

namespace fathom::api {
namespace {

using chat::EventKind;
using json::Object;
using json::Value;

// Clients refuse thinking without a signature. There is nothing to prove with it: the server
// reads the text back whoever wrote it.
constexpr std::string_view kSignature = "unsigned";

Value TextBlock(std::string_view text) { return Object{{"type", "text"}, {"text", text}}; }
Value ThinkingBlock(std::string_view thinking, std::string_view signature) {
  return Object{{"type", "thinking"}, {"thinking", thinking}, {"signature", signature}};
}
Value ToolUseBlock(std::string_view id, std::string_view name, Value input) {
  return Object{{"type", "tool_use"}, {"id", id}, {"name", name}, {"input", std::move(input)}};
}

struct Stop {
  std::string_view reason;
  Value sequence;  // null but for stop_sequence
  ThinkingEnd thinking = ThinkingEnd::kItself;
};

Stop StopOf(const FinishedAnswer& answer) {
  switch (answer.end.reason) {
    case chat::FinishReason::kStop:
      // Calls wait for their results, whatever ended the answer.
      if (answer.end.complete_calls > 0) return {"tool_use", {}};
      if (answer.stop_string) return {"stop_sequence", *answer.stop_string};
      return {"end_turn", {}};
    case chat::FinishReason::kToolCalls:
      return {"tool_use", {}};
    case chat::FinishReason::kLength:
    case chat::FinishReason::kLimit:
    case chat::FinishReason::kCancelled:
      return {"max_tokens", {}};
  }
  FATHOM_CHECK(false, "finish reason {}", static_cast<int>(answer.end.reason));
}

// Anthropic counts what came out of the cache beside the input, not within it.
Object Usage(const AnswerUsage& usage) {
  Object object{{"input_tokens", Value(usage.prompt_tokens - usage.cached_tokens)},
                {"cache_creation_input_tokens", Value(0)},
                {"cache_read_input_tokens", usage.cached_tokens},
                {"output_tokens", usage.completion_tokens},
                {"output_tokens_details", Object{{"thinking_tokens", usage.reasoning_tokens}}}};
  if (usage.cost) object.Set("cost", *usage.cost);
  return object;
}

Object Message(const AnswerHead& head, json::Array content, Value stop_reason, Value stop_sequence,
               const AnswerUsage& usage) {
  return Object{{"id", head.id},
                {"type", "message"},
                {"role", "assistant"},
                {"model", head.model},
                {"content", std::move(content)},
                {"stop_reason", std::move(stop_reason)},
                {"stop_sequence", std::move(stop_sequence)},
                {"usage", Usage(usage)}};
}

// Where it was not the model who ended its thinking; beside the reason, which ended the answer.
void TellThinkingEnd(ThinkingEnd end, Object* object) {
  if (end != ThinkingEnd::kItself) object->Set("thinking_ended", Name(end));
}

class MessagesWriter final : public AnswerWriter {
 public:
  // message_start says what of the prompt was found in the cache, so it waits until that is known:
  // clients count the input by it.
  void Begin(const AnswerHead& head, std::string* /*out*/) override { head_ = head; }

  void PromptFound(int64_t cached_tokens, std::string* out) override {
    if (std::exchange(started_, true)) return;
    AnswerUsage usage;
    usage.prompt_tokens = head_.prompt_tokens;
    usage.cached_tokens = cached_tokens;
    Event("message_start",
          Object{{"type", "message_start"}, {"message", Message(head_, {}, {}, {}, usage)}}, out);
    Event("ping", Object{{"type", "ping"}}, out);
    out->append(std::exchange(waiting_, {}));
  }

  void Add(int choice, std::span<const chat::StreamEvent> events,
           std::span<const std::string> call_ids, std::span<const TokenInfo> /*tokens*/,
           std::string* out) override {
    FATHOM_CHECK(choice == 0, "choice {} of a message", choice);
    for (const chat::StreamEvent& event : events) {
      switch (event.kind) {
        case EventKind::kReasoning:
          Piece(Block::kThinking, event.text, out);
          break;
        case EventKind::kContent:
          Piece(Block::kText, event.text, out);
          break;
        case EventKind::kToolCall:
          input_ = {};
          Open(Block::kToolUse,
               ToolUseBlock(call_ids[static_cast<size_t>(event.call)], event.text, Object{}), out);
          break;
        case EventKind::kToolArguments:
          Delta("input_json_delta", "partial_json", input_.Take(event.text), out);
          break;
        case EventKind::kToolCallEnd:
          Close(out);
          break;
        case EventKind::kEnd:
          FATHOM_CHECK(false, "the end comes through End");
      }
    }
  }

  void End(int /*choice*/, const FinishedAnswer& answer, std::string* out) override {
    Close(out);
    stop_ = StopOf(answer);
    repaired_ = RepairsToJson(answer);
    stop_.thinking = answer.thinking_end;
  }

  void Finish(const AnswerUsage& usage, std::string* out) override {
    PromptFound(usage.cached_tokens, out);
    Object delta{{"stop_reason", stop_.reason}, {"stop_sequence", std::move(stop_.sequence)}};
    if (!repaired_.empty()) delta.Set("repaired", std::move(repaired_));
    TellThinkingEnd(stop_.thinking, &delta);
    Event("message_delta",
          Object{{"type", "message_delta"}, {"delta", std::move(delta)}, {"usage", Usage(usage)}},
          out);
    Event("message_stop", Object{{"type", "message_stop"}}, out);
  }

  void Fail(const Status& status, std::string* out) override {
    started_ = true;  // nothing waits any more
    Event("error", ErrorBody(Dialect::kAnthropic, status), out);
  }

  Value Whole(const AnswerHead& head, std::span<const FinishedAnswer> choices,
              const AnswerUsage& usage) override {
    FATHOM_CHECK(choices.size() == 1, "{} choices of a message", choices.size());
    const FinishedAnswer& answer = choices.front();
    const chat::Message& message = answer.message;
    json::Array content;
    if (!message.reasoning.empty()) {
      content.push_back(ThinkingBlock(message.reasoning, kSignature));
    }
    if (message.content && !message.content->empty()) {
      content.push_back(TextBlock(*message.content));
    }
    for (const chat::ToolCall& call : message.tool_calls) {
      content.push_back(ToolUseBlock(call.id, call.name, CallInput(call.arguments)));
    }
    if (answer.cut_call) {
      // What came of its arguments is no object; a stream tells it.
      content.push_back(ToolUseBlock(answer.cut_call->id, answer.cut_call->name, Object{}));
    }
    Stop stop = StopOf(answer);
    Object whole = Message(head, std::move(content), stop.reason, std::move(stop.sequence), usage);
    if (json::Array names = RepairsToJson(answer); !names.empty()) {
      whole.Set("repaired", std::move(names));
    }
    TellThinkingEnd(answer.thinking_end, &whole);
    return whole;
  }

 private:
  // What comes before message_start waits for it.
  void Event(std::string_view name, const Value& data, std::string* out) {
    AppendSse(name, json::Dump(data, json::Style::kCompact), started_ ? out : &waiting_);
  }

  enum class Block { kNone, kThinking, kText, kToolUse };

  void Open(Block block, Value content, std::string* out) {
    Close(out);
    open_ = block;
    Event("content_block_start",
          Object{{"type", "content_block_start"},
                 {"index", index_},
                 {"content_block", std::move(content)}},
          out);
  }

  void Delta(std::string_view type, std::string_view field, std::string_view text,
             std::string* out) {
    Event("content_block_delta",
          Object{{"type", "content_block_delta"},
                 {"index", index_},
                 {"delta", Object{{"type", type}, {std::string(field), Value(text)}}}},
          out);
  }

  // A piece of thinking or text, in its own block.
  void Piece(Block block, std::string_view text, std::string* out) {
    if (text.empty()) return;
    const bool thinking = block == Block::kThinking;
    if (open_ != block) Open(block, thinking ? ThinkingBlock("", "") : TextBlock(""), out);
    if (thinking) {
      Delta("thinking_delta", "thinking", text, out);
    } else {
      Delta("text_delta", "text", text, out);
    }
  }

  void Close(std::string* out) {
    if (open_ == Block::kNone) return;
    if (open_ == Block::kThinking) Delta("signature_delta", "signature", kSignature, out);
    Event("content_block_stop", Object{{"type", "content_block_stop"}, {"index", index_}}, out);
    open_ = Block::kNone;
    ++index_;
  }

  Block open_ = Block::kNone;
  int index_ = 0;      // of the block that is open, or comes next
  InputFilter input_;  // of a call that is open
  Stop stop_;
  json::Array repaired_;
  AnswerHead head_;
  bool started_ = false;  // message_start is out
  std::string waiting_;   // events that came before
};

}  // namespace

std::unique_ptr<AnswerWriter> MakeMessagesWriter() { return std::make_unique<MessagesWriter>(); }

}  // namespace fathom::api
