// An agent's turn (agent_turn.h) on a TextEngine: generates, runs tools, and returns when the model
// has answered. For programs that do one thing at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent_turn.h"
#include "agent/text_engine.h"
#include "agent/tool_run.h"
#include "agent/toolbox.h"
#include "base/status.h"
#include "chat/conversation.h"

namespace fathom {

struct LoopOptions {
  int max_rounds = 8;  // answers of the model that may call tools
  // Shown to the model; empty where they stand in the conversation already (chat::AttachTools).
  std::vector<chat::ToolDefinition> tools;
  chat::ThinkingMode thinking = chat::ThinkingMode::kChat;
  SamplingParams sampling;
  std::vector<std::string> stop;
  ThinkingLimits limits;
  // What every answer must be behind its reasoning; null: anything.
  std::shared_ptr<const grammar::CompiledGrammar> grammar;
  ContextStrategy context = ContextStrategy::kKeep;  // near the end of the engine's context
  double context_share = kContextShare;
};

struct LoopCallbacks {
  TextCallbacks text;                           // of every answer, not of summaries
  std::function<void(const ToolRun&)> on_tool;  // after each call, in the order of the calls
  std::function<void(const AgentTurn::ContextChange&)> on_context;  // may be empty, as all are
  std::function<bool()> cancelled;
};

struct LoopResult {
  std::vector<GeneratedMessage> answers;  // in order, at least one; the last one is the answer
  std::vector<ToolRun> tools;
  std::vector<Usage> summaries;  // what they cost
  TurnEnd end = TurnEnd::kAnswered;
  bool out_of_rounds = false;  // the last answer still calls tools, which were not run
  bool replaced = false;       // the conversation is not only longer: some of it has gone
};

// Runs the loop over `messages`, which ends in a user's message (or tool results), and leaves there
// what the conversation has become. Calls of one answer are run at once.
Result<LoopResult> RunLoop(TextEngine& engine, const Toolbox& tools, const LoopOptions& options,
                           const LoopCallbacks& callbacks, std::vector<chat::Message>* messages);

}  // namespace fathom
