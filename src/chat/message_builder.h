// Events of the streaming parser → the message they amount to, with its complete calls.
#pragma once

#include <utility>

#include "chat/conversation.h"
#include "chat/stream_event.h"

namespace fathom::chat {

class MessageBuilder {
 public:
  void Add(const StreamEvent& event) {
    switch (event.kind) {
      case EventKind::kReasoning:
        message_.reasoning += event.text;
        break;
      case EventKind::kContent:
        *message_.content += event.text;
        break;
      case EventKind::kToolCall:
        call_ = {.id = "", .name = event.text, .arguments = ""};
        break;
      case EventKind::kToolArguments:
        call_.arguments += event.text;
        break;
      case EventKind::kToolCallEnd:
        message_.tool_calls.push_back(std::exchange(call_, {}));
        break;
      case EventKind::kEnd:
        break;
    }
  }

  // A call that never ended is not part of it.
  const Message& message() const { return message_; }
  // The call that has begun last and not ended yet, as far as it came.
  const ToolCall& open_call() const { return call_; }

 private:
  Message message_{.role = Role::kAssistant, .content = ""};
  ToolCall call_;
};

}  // namespace fathom::chat
