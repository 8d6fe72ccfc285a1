// What a conversation with tools keeps when its prompt nears the end of the window (spec 9.2).
//
// Reasoning needs no rule here: the conversation keeps all of it, and the encoder prints only what
// followed the last message of a user, so that it stays through a tool loop and goes with the next
// question. Here are the three strategies for the rest: drop the first three quarters of the tool
// history, drop all of it, or have the model sum it up and start over.
//
// A round is a message of the assistant with calls, and the results of these calls. Rounds are kept
// or dropped whole, so every result keeps its call. Pure functions over messages; how many tokens
// something has, and when a strategy is due, is agent_turn.h's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "chat/conversation.h"

namespace fathom {

enum class ContextStrategy {
  kKeep,       // nothing goes; the window's end is an error
  kSummary,    // the model sums the work up, and goes on from that
  kDiscard75,  // the first 75 % of the rounds go
  kDiscardAll  // all rounds go
};

struct ContextStrategyRow {
  ContextStrategy strategy;
  std::string_view name;
};
inline constexpr std::array<ContextStrategyRow, 4> kContextStrategies = {{
    {ContextStrategy::kKeep, "keep"},
    {ContextStrategy::kSummary, "summary"},
    {ContextStrategy::kDiscard75, "discard-75"},
    {ContextStrategy::kDiscardAll, "discard-all"},
}};
std::string_view Name(ContextStrategy strategy);
// kInvalidArgument, with the names there are.
Result<ContextStrategy> FindContextStrategy(std::string_view name);

// What is left of a conversation.
struct KeptConversation {
  std::vector<chat::Message> messages;
  std::vector<size_t> from;  // for each message, which one it was
  int64_t dropped_rounds = 0;
  int64_t kept_rounds = 0;
};

// A message with calls and the results that follow it: messages[begin, end).
struct RoundRange {
  size_t begin = 0, end = 0;
};
// In order. Each has a result for every call, as chat::OrderToolResults sees to.
std::vector<RoundRange> FindRounds(std::span<const chat::Message> messages);

// Without the first `count` rounds, those of earlier turns included. Everything else stays in its
// order: messages of the system and of users, and answers without calls.
KeptConversation DropRounds(std::span<const chat::Message> messages, size_t count);

// How many rounds discard-75 drops of `rounds`: three quarters, rounded down, so that the newest
// round stays.
size_t DiscardedOf(size_t rounds);

// Where the last question stands: the last message of a user or developer.
std::optional<size_t> LastQuestion(std::span<const chat::Message> messages);

// Whether there is anything that a summary could stand for: more than the system's messages and the
// last question.
bool CanSummarise(std::span<const chat::Message> messages);

// The conversation with a request for a summary behind it, in words that forbid calls.
std::vector<chat::Message> AskForSummary(std::span<const chat::Message> messages);

// Starts over: the system's messages in front, the last question with the summary behind it in the
// same message (one that stands there already is replaced), and what follows the question beyond
// the first `covered` messages, which are those that the summary stands for. There is a question.
KeptConversation RestartFromSummary(std::span<const chat::Message> messages,
                                    std::string_view summary, size_t covered);

}  // namespace fathom
