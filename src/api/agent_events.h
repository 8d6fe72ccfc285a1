// The events of POST /v1/agent, as docs/agent.md describes them: "event: NAME\ndata: {…}\n\n".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent_turn.h"
#include "agent/text_generation.h"
#include "agent/tool_run.h"
#include "api/answer_writer.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "chat/stream_event.h"
#include "engine/metrics.h"

namespace fathom::api {

// Writes them behind what `out` holds.
class AgentEvents {
 public:
  explicit AgentEvents(std::string* out) : out_(*out) {}

  void Start(const AnswerHead& head, int64_t context_tokens, std::span<const Tool> tools);
  void Round(int round, int64_t prompt_tokens);
  // `call_ids` holds the id of every call that the answer has begun. An end says nothing here.
  void Piece(const chat::StreamEvent& piece, std::span<const std::string> call_ids);
  void Tool(const ToolRun& run);
  void Context(const AgentTurn::ContextChange& change);
  // Reasoning that was ended for the model, after so many tokens.
  void Guard(ThinkingEnd end, int64_t reasoning_tokens);
  // Of the current answer; `work` is what attention did since the request came.
  void Stats(const Usage& usage, int64_t context_tokens, const AttentionWork& work);
  void Message(const chat::Message& message);
  void Messages(std::span<const chat::Message> messages);

  struct Ended {
    TurnEnd end = TurnEnd::kAnswered;
    int rounds = 0;  // answers
    std::vector<std::string_view> repairs;
    double seconds = 0;
  };
  void Done(const Ended& ended, const AnswerUsage& usage);
  void Error(const Status& status);

 private:
  void Add(std::string_view name, const json::Value& data);

  std::string& out_;
};

// "stop", "length", "limit" or "rounds"; who stops an answer of the server is its time limit.
std::string_view DoneReason(TurnEnd end);

}  // namespace fathom::api
