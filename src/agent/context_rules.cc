#include "agent/context_rules.h"

#include <algorithm>

namespace fathom {
namespace {

using chat::Message;
using chat::Role;

constexpr bool StrategyRowsMatch() {
  for (size_t i = 0; i < kContextStrategies.size(); ++i) {
    if (kContextStrategies[i].strategy != static_cast<ContextStrategy>(i)) return false;
  }
  return true;
}
static_assert(StrategyRowsMatch(), "kContextStrategies needs one row per strategy, in enum order");

// Long enough that nobody writes it by chance: what stands behind it is replaced.
constexpr std::string_view kSummaryMark =
    "\n\n[The context was nearly full. The work so far was replaced by this summary of it:]\n\n";

constexpr std::string_view kSummaryRequest =
    "Your context is nearly full. Sum up the work so far, for yourself, so that you can go on from "
    "the summary alone: what was asked, what was found out (with exact names, numbers and "
    "sources), what was tried without success, and what remains to be done. Call no tools now. "
    "Write the summary and nothing else.";

bool IsQuestion(const Message& message) {
  return message.role == Role::kUser || message.role == Role::kDeveloper;
}

bool IsSystem(const Message& message) { return message.role == Role::kSystem; }

}  // namespace

std::string_view Name(ContextStrategy strategy) {
  return kContextStrategies[static_cast<size_t>(strategy)].name;
}

Result<ContextStrategy> FindContextStrategy(std::string_view name) {
  std::string names;
  for (const ContextStrategyRow& row : kContextStrategies) {
    if (row.name == name) return row.strategy;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  }
  return InvalidArgument("'{}' is none of {}", name, names);
}

std::vector<RoundRange> FindRounds(std::span<const Message> messages) {
  std::vector<RoundRange> rounds;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role != Role::kAssistant || messages[i].tool_calls.empty()) continue;
    RoundRange round{i, i + 1};
    while (round.end < messages.size() && messages[round.end].role == Role::kTool) ++round.end;
    rounds.push_back(round);
  }
  return rounds;
}

KeptConversation DropRounds(std::span<const Message> messages, size_t count) {
  const std::vector<RoundRange> rounds = FindRounds(messages);
  count = std::min(count, rounds.size());
  KeptConversation kept;
  kept.dropped_rounds = static_cast<int64_t>(count);
  kept.kept_rounds = static_cast<int64_t>(rounds.size() - count);
  size_t next = 0;  // of the rounds to drop
  for (size_t i = 0; i < messages.size(); ++i) {
    if (next < count && i == rounds[next].begin) {
      i = rounds[next++].end - 1;
      continue;
    }
    kept.messages.push_back(messages[i]);
    kept.from.push_back(i);
  }
  return kept;
}

size_t DiscardedOf(size_t rounds) { return rounds * 3 / 4; }

std::optional<size_t> LastQuestion(std::span<const Message> messages) {
  for (size_t i = messages.size(); i-- > 0;) {
    if (IsQuestion(messages[i])) return i;
  }
  return std::nullopt;
}

bool CanSummarise(std::span<const Message> messages) {
  const std::optional<size_t> question = LastQuestion(messages);
  if (!question) return false;
  const auto others = static_cast<size_t>(std::ranges::count_if(messages, IsSystem)) + 1;
  return messages.size() > others;
}

std::vector<Message> AskForSummary(std::span<const Message> messages) {
  std::vector<Message> asked(messages.begin(), messages.end());
  asked.push_back({.role = Role::kUser, .content = std::string(kSummaryRequest)});
  return asked;
}

KeptConversation RestartFromSummary(std::span<const Message> messages, std::string_view summary,
                                    size_t covered) {
  const std::optional<size_t> question = LastQuestion(messages);
  FATHOM_CHECK(question.has_value(), "a summary without a question");
  const size_t rest = std::max(covered, *question + 1);
  KeptConversation kept;
  for (const RoundRange& round : FindRounds(messages)) {
    ++(round.begin < rest ? kept.dropped_rounds : kept.kept_rounds);
  }
  const auto keep = [&](size_t index) {
    kept.messages.push_back(messages[index]);
    kept.from.push_back(index);
  };
  for (size_t i = 0; i < messages.size() && IsSystem(messages[i]); ++i) keep(i);
  keep(*question);
  std::string text = kept.messages.back().content.value_or("");
  text.resize(std::min(text.size(), text.rfind(kSummaryMark)));
  kept.messages.back().content = text.append(kSummaryMark).append(summary);
  for (size_t i = rest; i < messages.size(); ++i) keep(i);
  return kept;
}

}  // namespace fathom
