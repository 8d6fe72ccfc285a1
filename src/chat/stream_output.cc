#include "chat/stream_output.h"

namespace fathom::chat {

std::string_view Name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kToolCalls:
      return "tool_calls";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kLimit:
      return "limit";
    case FinishReason::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

void StreamOutput::Attach(std::vector<StreamEvent>* events) {
  events_ = events;
  first_ = events->size();
}

void StreamOutput::Emit(EventKind kind, int call, std::string_view text) {
  const bool piece = kind == EventKind::kReasoning || kind == EventKind::kContent ||
                     kind == EventKind::kToolArguments;
  if (piece && text.empty()) return;
  if (piece && events_->size() > first_) {
    StreamEvent& last = events_->back();
    if (last.kind == kind && last.call == call) {
      last.text.append(text);
      return;
    }
  }
  events_->push_back({.kind = kind, .call = call, .text = std::string(text)});
}

void StreamOutput::NoteForm(const Tag& tag) {
  if (!tag.token) Mend(Repair::kTagWithoutToken);
  if (!tag.bracket) Mend(Repair::kStrayTag);
  // The official parser's one oddity: "<", a line break, "/" closes a parameter, and nothing else.
  if (tag.newline && tag.name != TagName::kParameter) Mend(Repair::kSpacing);
}

void StreamOutput::HitLimit(LimitHit limit) {
  if (!limit_hit()) end_.limit = limit;
}

void StreamOutput::EmitEnd() {
  events_->push_back({.kind = EventKind::kEnd, .text = "", .end = end_});
}

}  // namespace fathom::chat
