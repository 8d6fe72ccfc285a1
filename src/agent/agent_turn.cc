#include "agent/agent_turn.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "chat/dsml.h"

namespace fathom {
namespace {

using chat::Message;
using chat::Role;

// A summary's share of the window: at most, and so much at least must be free for it.
constexpr int64_t kSummaryShare = 8, kLeastSummaryShare = 16;

// Far below every other logit, and the lowest that the sampler takes.
constexpr double kForbidden = kLogitBias.low;

int64_t Tokens(const AgentTurn::Generate& generate) {
  return static_cast<int64_t>(generate.prompt.tokens.size());
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

bool SaysNothing(const Message& message) {
  return message.content.value_or("").empty() && message.reasoning.empty() &&
         message.tool_calls.empty();
}

}  // namespace

std::string OutOfRoundsResult(int max_rounds) {
  return FailedResult(fmt::format("not run: the limit of {} rounds is reached", max_rounds));
}

std::string CutOffResult() { return FailedResult("not run: the answer was cut off"); }

AgentTurn::AgentTurn(const Tokenizer& tokenizer, TurnOptions options, std::vector<Message> messages,
                     std::map<size_t, SaidTokens> said)
    : tokenizer_(tokenizer), options_(std::move(options)) {
  size_t answer = 0;
  for (Message& message : messages) {
    const auto found = message.role == Role::kAssistant ? said.find(answer++) : said.end();
    Append(std::move(message),
           found == said.end() ? std::nullopt : std::optional(std::move(found->second)));
  }
}

void AgentTurn::Append(Message message, std::optional<SaidTokens> said) {
  messages_.push_back(std::move(message));
  said_.push_back(std::move(said));
}

Result<AgentTurn::Generate> AgentTurn::MakeWith(TextRequest request, std::vector<Message> messages,
                                                const Said& said) const {
  Generate made;
  made.round = round_;
  size_t answer = 0;
  for (size_t i = 0; i < messages.size() && i < said.size(); ++i) {
    if (messages[i].role != Role::kAssistant) continue;
    if (said[i]) request.said[answer] = *said[i];
    ++answer;
  }
  if (!options_.tools.empty()) chat::AttachTools(options_.tools, {}, &messages);
  request.messages = std::move(messages);
  made.request = std::move(request);
  FATHOM_ASSIGN_OR_RETURN(made.prompt, MakeTextPrompt(tokenizer_, made.request));
  return made;
}

Result<AgentTurn::Generate> AgentTurn::Make(std::vector<Message> messages, const Said& said) const {
  return MakeWith(options_.ask, std::move(messages), said);
}

// Asked in a way that leaves only text: no reasoning, no calls, no stop string, an end.
Result<AgentTurn::Generate> AgentTurn::MakeSummary(std::span<const Message> covered) const {
  TextRequest ask = options_.ask;
  ask.thinking = chat::ThinkingMode::kChat;
  ask.stop.clear();
  ask.grammar.reset();
  ask.sampling.min_tokens = 0;
  ask.sampling.ignore_eos = false;
  ask.sampling.logprobs = false;
  ask.sampling.top_logprobs = 0;
  ask.sampling.logit_bias[*tokenizer_.TokenId(chat::kDsml)] = kForbidden;
  FATHOM_ASSIGN_OR_RETURN(Generate made, MakeWith(std::move(ask), AskForSummary(covered), said_));
  made.request.sampling.max_tokens =
      std::clamp<int64_t>(options_.context.window - Tokens(made), 1,
                          std::max<int64_t>(1, options_.context.window / kSummaryShare));
  made.summary = true;
  return made;
}

AgentTurn::Said AgentTurn::SaidOf(const KeptConversation& kept) const {
  Said said;
  for (const size_t from : kept.from) said.push_back(said_[from]);
  return said;
}

Result<AgentTurn::Step> AgentTurn::Next() {
  if (end_) return Step(Done{*end_});
  FATHOM_CHECK(awaits_ == Awaits::kNext && results_left_ == 0, "a step before the last one's end");
  if (!calls_.empty()) {
    awaits_ = Awaits::kResults;
    results_left_ = calls_.size();
    return Step(RunCalls{calls_});
  }
  if (summary_) return EndSummary();
  FATHOM_ASSIGN_OR_RETURN(Generate next, Make(messages_, said_));
  const int64_t tokens = Tokens(next);
  if (IsDue(tokens)) {
    FATHOM_ASSIGN_OR_RETURN(std::optional<Step> relief, Relieve(tokens));
    if (relief) return *std::move(relief);
  }
  return ShowAnswer(std::move(next));
}

Result<AgentTurn::Step> AgentTurn::ShowAnswer(Generate next) {
  const int64_t tokens = Tokens(next);
  if (tokens >= options_.context.window) {
    return InvalidArgument(
        "messages: the next prompt has {} tokens, which leaves no room in a context of {}, and the "
        "context strategy \"{}\" has nothing to drop",
        tokens, options_.context.window, Name(options_.context.strategy));
  }
  awaits_ = Awaits::kAnswer;
  generated_thinking_ = next.prompt.stream.parser.start_in_reasoning;
  return Step(std::move(next));
}

bool AgentTurn::IsDue(int64_t tokens) const {
  return static_cast<double>(tokens) >
         options_.context.share * static_cast<double>(options_.context.window);
}

Result<std::optional<AgentTurn::Step>> AgentTurn::Relieve(int64_t tokens) {
  switch (options_.context.strategy) {
    case ContextStrategy::kKeep:
      return std::optional<Step>();
    case ContextStrategy::kSummary:
      return BeginSummary(tokens);
    case ContextStrategy::kDiscard75:
    case ContextStrategy::kDiscardAll:
      return Discard(options_.context.strategy, tokens);
  }
  return std::optional<Step>();
}

Result<int64_t> AgentTurn::CountWithout(size_t rounds) const {
  KeptConversation kept = DropRounds(messages_, rounds);
  const Said said = SaidOf(kept);
  FATHOM_ASSIGN_OR_RETURN(const Generate shorter, Make(std::move(kept.messages), said));
  return Tokens(shorter);
}

// 0 where dropping would not help.
Result<size_t> AgentTurn::RoundsToDrop(ContextStrategy strategy, int64_t tokens) const {
  const int64_t window = options_.context.window;
  const size_t rounds = FindRounds(messages_).size();
  if (rounds == 0) return size_t{0};
  if (strategy == ContextStrategy::kDiscardAll) {
    // Else every result would be dropped before the model has read it.
    FATHOM_ASSIGN_OR_RETURN(const int64_t rest, CountWithout(rounds));
    return IsDue(rest) && tokens < window ? 0 : rounds;
  }
  // As often as it takes. The last round goes only when the prompt doesn't fit with it.
  size_t dropped = 0;
  while (dropped < rounds && (dropped == 0 || IsDue(tokens))) {
    const size_t left = rounds - dropped;
    if (left == 1 && tokens < window) break;
    dropped += std::max<size_t>(1, DiscardedOf(left));
    FATHOM_ASSIGN_OR_RETURN(tokens, CountWithout(dropped));
  }
  return dropped;
}

Result<std::optional<AgentTurn::Step>> AgentTurn::Discard(ContextStrategy strategy,
                                                          int64_t tokens) {
  FATHOM_ASSIGN_OR_RETURN(const size_t dropped, RoundsToDrop(strategy, tokens));
  if (dropped == 0) return std::optional<Step>();
  FATHOM_ASSIGN_OR_RETURN(ContextChange change,
                          Change(strategy, DropRounds(messages_, dropped), tokens));
  return std::optional<Step>(std::move(change));
}

Result<std::optional<AgentTurn::Step>> AgentTurn::BeginSummary(int64_t tokens) {
  const int64_t window = options_.context.window;
  const size_t question = LastQuestion(messages_).value_or(messages_.size());
  std::span<const Message> covered = messages_;
  while (CanSummarise(covered)) {
    FATHOM_ASSIGN_OR_RETURN(Generate asked, MakeSummary(covered));
    if (window - Tokens(asked) >= std::max<int64_t>(1, window / kLeastSummaryShare)) {
      summarised_tokens_ = tokens;
      covered_ = covered.size();
      awaits_ = Awaits::kSummary;
      return std::optional<Step>(std::move(asked));
    }
    // The newest results, or the question itself, made it too long: what was there before them
    // fitted once.
    if (covered.size() <= question) break;
    const std::vector<RoundRange> rounds = FindRounds(covered);
    const bool behind = !rounds.empty() && rounds.back().begin > question;
    covered = covered.first(behind ? rounds.back().begin : question);
  }
  return std::optional<Step>();
}

Result<AgentTurn::Step> AgentTurn::EndSummary() {
  const std::string summary = *std::exchange(summary_, std::nullopt);
  if (summary.empty()) {
    // The model has said nothing: its history goes without a summary, and the change says so.
    FATHOM_ASSIGN_OR_RETURN(std::optional<Step> discarded,
                            Discard(ContextStrategy::kDiscard75, summarised_tokens_));
    if (discarded) return *std::move(discarded);
    FATHOM_ASSIGN_OR_RETURN(Generate next, Make(messages_, said_));
    return ShowAnswer(std::move(next));
  }
  FATHOM_ASSIGN_OR_RETURN(
      ContextChange change,
      Change(ContextStrategy::kSummary, RestartFromSummary(messages_, summary, covered_),
             summarised_tokens_));
  change.summary = summary;
  return Step(std::move(change));
}

Result<AgentTurn::ContextChange> AgentTurn::Change(ContextStrategy strategy, KeptConversation kept,
                                                   int64_t before) {
  ContextChange change{.strategy = strategy,
                       .before_tokens = before,
                       .dropped_rounds = kept.dropped_rounds,
                       .kept_rounds = kept.kept_rounds};
  said_ = SaidOf(kept);
  messages_ = std::move(kept.messages);
  FATHOM_ASSIGN_OR_RETURN(const Generate next, Make(messages_, said_));
  change.after_tokens = Tokens(next);
  return change;
}

void AgentTurn::Answered(const GeneratedMessage& answer) {
  FATHOM_CHECK(awaits_ == Awaits::kAnswer || awaits_ == Awaits::kSummary, "an answer unasked for");
  const bool summary = awaits_ == Awaits::kSummary;
  awaits_ = Awaits::kNext;
  const bool stopped = answer.end.reason == chat::FinishReason::kCancelled;
  if (stopped) Stop();
  if (summary) {
    if (!stopped) summary_ = Trimmed(answer.message.content.value_or(""));
    return;
  }
  ++round_;
  if (SaysNothing(answer.message) && stopped) return;
  std::optional<SaidTokens> said;
  // Only an answer that the model itself ended stands in the next prompt as it is.
  if (answer.end.open == chat::OpenSection::kNone && !answer.tokens.empty() &&
      answer.tokens.back() == tokenizer_.TokenId(chat::kEos)) {
    said = SaidTokens{.tokens = answer.tokens, .thinking = generated_thinking_};
  }
  Append(answer.message, std::move(said));
  const std::vector<chat::ToolCall>& calls = answer.message.tool_calls;
  std::string unrun = StoppedResult();
  using Reason = chat::FinishReason;
  if (answer.end.reason == Reason::kLength || answer.end.reason == Reason::kLimit) {
    end_ = answer.end.reason == Reason::kLength ? TurnEnd::kLength : TurnEnd::kLimit;
    unrun = CutOffResult();
  } else if (calls.empty()) {
    end_ = end_.value_or(TurnEnd::kAnswered);
  } else if (!end_ && round_ >= options_.max_rounds) {
    end_ = TurnEnd::kRounds;
    unrun = OutOfRoundsResult(options_.max_rounds);
  }
  first_result_ = messages_.size();
  for (const chat::ToolCall& call : calls) {
    Append({.role = Role::kTool, .content = unrun, .tool_call_id = call.id});
  }
  if (!end_) calls_ = calls;
}

void AgentTurn::Ran(size_t call, const ToolRun& run) {
  FATHOM_CHECK(awaits_ == Awaits::kResults && call < calls_.size() && results_left_ > 0,
               "the result of call {}, which was not to be run", call);
  messages_[first_result_ + call].content = run.result;
  if (--results_left_ > 0) return;
  calls_.clear();
  awaits_ = Awaits::kNext;
}

}  // namespace fathom
