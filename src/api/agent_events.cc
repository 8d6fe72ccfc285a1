#include "api/agent_events.h"

#include <utility>

#include "api/errors.h"
#include "api/openai_usage.h"
#include "api/sse.h"
#include "json/write.h"

namespace fathom::api {

void AgentEvents::Add(std::string_view name, const json::Value& data) {
  AppendSse(name, json::Dump(data, json::Style::kCompact), &out_);
}

void AgentEvents::Start(const AnswerHead& head, int64_t context_tokens,
                        std::span<const fathom::Tool> tools) {
  json::Array names;
  for (const fathom::Tool& tool : tools) names.emplace_back(tool.name());
  Add("start", json::Object{{"id", head.id},
                            {"model", head.model},
                            {"thinking", head.thinking},
                            {"context_tokens", context_tokens},
                            {"tools", std::move(names)}});
}

void AgentEvents::Round(int round, int64_t prompt_tokens) {
  Add("round", json::Object{{"round", int64_t{round}}, {"prompt_tokens", prompt_tokens}});
}

void AgentEvents::Piece(const chat::StreamEvent& piece, std::span<const std::string> call_ids) {
  const auto id = [&] { return call_ids[static_cast<size_t>(piece.call)]; };
  switch (piece.kind) {
    case chat::EventKind::kReasoning:
      return Add("reasoning", json::Object{{"text", piece.text}});
    case chat::EventKind::kContent:
      return Add("content", json::Object{{"text", piece.text}});
    case chat::EventKind::kToolCall:
      return Add("call", json::Object{{"id", id()}, {"name", piece.text}});
    case chat::EventKind::kToolArguments:
      return Add("arguments", json::Object{{"id", id()}, {"text", piece.text}});
    case chat::EventKind::kToolCallEnd:
      return Add("call_end", json::Object{{"id", id()}});
    case chat::EventKind::kEnd:
      return;
  }
}

void AgentEvents::Tool(const ToolRun& run) {
  Add("tool", json::Object{{"id", run.call.id},
                           {"name", run.call.name},
                           {"text", run.result},
                           {"failed", run.failed},
                           {"seconds", run.seconds}});
}

void AgentEvents::Context(const AgentTurn::ContextChange& change) {
  Add("context",
      json::Object{{"strategy", Name(change.strategy)},
                   {"before_tokens", change.before_tokens},
                   {"after_tokens", change.after_tokens},
                   {"dropped_rounds", change.dropped_rounds},
                   {"kept_rounds", change.kept_rounds},
                   {"summary", change.summary ? json::Value(*change.summary) : json::Value()}});
}

void AgentEvents::Guard(ThinkingEnd end, int64_t reasoning_tokens) {
  Add("guard", json::Object{{"kind", Name(end)}, {"reasoning_tokens", reasoning_tokens}});
}

void AgentEvents::Stats(const Usage& usage, int64_t context_tokens, const AttentionWork& work) {
  // The first token belongs to the prompt's time.
  const double rate =
      usage.completion_seconds > 0
          ? static_cast<double>(usage.completion_tokens - 1) / usage.completion_seconds
          : 0;
  Add("stats", json::Object{{"tokens_per_second", rate},
                            {"context_used", usage.prompt_tokens + usage.completion_tokens},
                            {"context_tokens", context_tokens},
                            {"prompt_tokens", usage.prompt_tokens},
                            {"cached_tokens", usage.cached_tokens},
                            {"completion_tokens", usage.completion_tokens},
                            {"reasoning_tokens", usage.reasoning_tokens},
                            {"keys_read", work.keys_read},
                            {"keys_present", work.keys_present}});
}

void AgentEvents::Message(const chat::Message& message) {
  Add("message", json::Object{{"message", chat::ToJson(message)}});
}

void AgentEvents::Messages(std::span<const chat::Message> messages) {
  Add("messages", json::Object{{"messages", chat::ToJson(messages)}});
}

void AgentEvents::Done(const Ended& ended, const AnswerUsage& usage) {
  json::Array repairs(ended.repairs.begin(), ended.repairs.end());
  Add("done", json::Object{{"reason", DoneReason(ended.end)},
                           {"rounds", int64_t{ended.rounds}},
                           {"usage", UsageToJson(usage)},
                           {"repairs", std::move(repairs)},
                           {"seconds", ended.seconds}});
}

void AgentEvents::Error(const Status& status) {
  // It was not the client who gave up.
  const json::Value body = status.code() == Code::kCancelled
                               ? ErrorBody(Dialect::kOpenAi, 503, status.message())
                               : ErrorBody(Dialect::kOpenAi, status);
  const json::Value& error = *body.Find("error");
  Add("error", json::Object{{"message", *error.Find("message")}, {"type", *error.Find("type")}});
}

std::string_view DoneReason(TurnEnd end) {
  switch (end) {
    case TurnEnd::kAnswered:
      return "stop";
    case TurnEnd::kLength:
      return "length";
    case TurnEnd::kRounds:
      return "rounds";
    case TurnEnd::kLimit:
    case TurnEnd::kStopped:
      return "limit";
  }
  return "stop";
}

}  // namespace fathom::api
