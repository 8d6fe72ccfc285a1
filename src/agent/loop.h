// Thinking with tools: the model answers or calls; calls are run, their results go back, and the
// model goes on, until it answers or the rounds are used up.
//
// Everything said is appended to the conversation. A tool that fails is a result too: the model
// reads the message and may try again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/text_engine.h"
#include "agent/toolbox.h"
#include "base/status.h"
#include "chat/conversation.h"

namespace fathom {

struct LoopOptions {
  int max_rounds = 8;  // answers of the model that may call tools
  chat::ThinkingMode thinking = chat::ThinkingMode::kChat;
  SamplingParams sampling;
  std::vector<std::string> stop;
};

struct ToolRun {
  chat::ToolCall call;
  std::string result;
  bool failed = false;
};

struct LoopCallbacks {
  TextCallbacks text;                           // of every answer
  std::function<void(const ToolRun&)> on_tool;  // after each call
  std::function<bool()> cancelled;              // may be empty
};

struct LoopResult {
  std::vector<GeneratedMessage> answers;  // in order; the last one is the answer
  std::vector<ToolRun> tools;
  bool out_of_rounds = false;  // the last answer still calls tools, which were not run
};

// Runs the loop over `messages`, which ends in a user's message (or tool results) and is extended.
// The tools' definitions already stand in the conversation (chat::AttachTools).
Result<LoopResult> RunLoop(TextEngine& engine, const Toolbox& tools, const LoopOptions& options,
                           const LoopCallbacks& callbacks, std::vector<chat::Message>* messages);

// One call: its arguments are read, the tool is run, failures become the result.
ToolRun RunTool(const Toolbox& tools, const chat::ToolCall& call);

}  // namespace fathom
