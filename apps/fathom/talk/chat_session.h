// A conversation with a model: what was said, the settings, and what the commands do to them.
// Prints; reads nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/loop.h"
#include "base/status.h"
#include "interrupt.h"
#include "session.h"
#include "talk/answer_view.h"
#include "talk/chat_commands.h"
#include "talk/conversation_file.h"
#include "talk/tool_switch.h"
#include "talk/transcript.h"

namespace fathom {

struct ChatSettings {
  LoopOptions loop;
  std::optional<std::string> system;
  bool show_thinking = true;
  TerminalStyle style{false};
  bool live = false;  // standard output is a terminal whose cursor can be moved
};

class ChatSession {
 public:
  // All outlive it.
  ChatSession(Session& session, ToolSwitch& tools, InterruptScope& interrupt,
              ChatSettings settings);

  // Asks and shows the answer. What Ctrl-C cut off stays, marked. When it fails, the question is
  // forgotten.
  Status Say(const std::string& text);

  // False to leave.
  Result<bool> Obey(const ChatCommandCall& call);

 private:
  Status Answer(const Transcript& otherwise);
  Status Keep(const LoopResult& result, std::vector<chat::Message> said,
              const Transcript& otherwise);
  void TellContext(const AgentTurn::ContextChange& change) const;
  AnswerView MakeView() const;
  void Note(const std::string& text) const;

  Status SetThinking(const std::string& argument);
  Status SetTools(const std::string& argument);
  Status SetSystem(const std::string& argument);
  Status Set(const std::string& argument);
  Status Retry();
  Status Undo();
  Status Save(const std::string& path, Existing existing);
  Status Load(const std::string& path);
  void PrintStats() const;

  Session& session_;
  ToolSwitch& tools_;
  InterruptScope& interrupt_;
  ChatSettings settings_;
  Transcript transcript_;
  std::vector<Usage> usage_;  // of each round of the last answer
};

}  // namespace fathom
