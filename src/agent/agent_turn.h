// Thinking with tools, as a state machine: the model answers or calls; calls are run, their results
// go back, and the model goes on, until it answers or the rounds are used up. Near the end of the
// window the conversation is made shorter (context_rules.h) and goes on.
//
// It decides and does nothing itself: who drives it asks for the next step, generates or runs what
// the step says, tells what came of it, and asks again. So the terminal, which waits for every
// token, and the server, which waits for nothing, have one loop.
//
// The conversation is whole at every moment: a call has its result from the beginning on, first one
// that says that it was stopped, then its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "agent/context_rules.h"
#include "agent/text_generation.h"
#include "agent/text_prompt.h"
#include "agent/tool_run.h"
#include "base/status.h"
#include "chat/conversation.h"
#include "sampling/sampling_params.h"
#include "tokenizer/tokenizer.h"

namespace fathom {

inline constexpr int kDefaultMaxRounds = 16;
inline constexpr int kMostRounds = 100;
inline constexpr double kContextShare = 0.8;  // of the window: the paper's threshold

struct ContextLimits {
  ContextStrategy strategy = ContextStrategy::kKeep;
  int64_t window = 0;            // tokens of prompt and answer together
  double share = kContextShare;  // a prompt above this share of the window makes the strategy due
};

struct TurnOptions {
  int max_rounds = kDefaultMaxRounds;  // answers that may call tools
  // How every answer is asked for; `messages` and `said` are filled in.
  TextRequest ask;
  // Shown to the model with every prompt, and no part of the conversation. Empty where they stand
  // in it already.
  std::vector<chat::ToolDefinition> tools;
  ContextLimits context;
};

enum class TurnEnd {
  kAnswered,  // the model has answered
  kLength,    // the answer was cut off by the number of tokens
  kLimit,     // by a limit of the parser
  kRounds,    // the last answer that was allowed still calls tools, which were not run
  kStopped,   // by Stop, or the generation was cancelled
};

class AgentTurn {
 public:
  // Something to generate, then to be told by Answered.
  struct Generate {
    TextRequest request;
    TextPrompt prompt;     // of the request
    int round = 0;         // of answers, from 0
    bool summary = false;  // no answer but a summary, which is no part of the conversation
  };
  // Calls to run, in any order or all at once, each then to be told by Ran.
  struct RunCalls {
    std::vector<chat::ToolCall> calls;
  };
  // What has been done to the conversation: nothing is left to do but to show it.
  struct ContextChange {
    ContextStrategy strategy = ContextStrategy::kKeep;  // the one that was used
    int64_t before_tokens = 0, after_tokens = 0;        // of the prompt
    int64_t dropped_rounds = 0, kept_rounds = 0;
    std::optional<std::string> summary = {};
  };
  struct Done {
    TurnEnd end = TurnEnd::kAnswered;
  };
  using Step = std::variant<Generate, RunCalls, ContextChange, Done>;

  // `messages` ends in a message of a user or in the results of tools; `said` as in TextRequest.
  // The tokenizer outlives the turn.
  AgentTurn(const Tokenizer& tokenizer, TurnOptions options, std::vector<chat::Message> messages,
            std::map<size_t, SaidTokens> said = {});

  // The next step, once what the last one said is done. kInvalidArgument, with the counts, when the
  // prompt does not fit the window and the strategy has nothing more to drop; other errors are
  // those of MakeTextPrompt. Costs an encoding of the whole conversation, and one more for every
  // try to shorten it.
  Result<Step> Next();

  // The generation is over. `answer` holds an id for every call.
  void Answered(const GeneratedMessage& answer);
  void Ran(size_t call, const ToolRun& run);

  // Ends the turn here: the next step is Done. What was generated so far is told before, by
  // Answered; calls without a result keep the one that says so.
  void Stop() { end_ = TurnEnd::kStopped; }

  // The client's, what was said since included; without the tools.
  const std::vector<chat::Message>& messages() const { return messages_; }

 private:
  enum class Awaits { kNext, kAnswer, kSummary, kResults };
  using Said = std::vector<std::optional<SaidTokens>>;  // one a message

  Result<Generate> Make(std::vector<chat::Message> messages, const Said& said) const;
  Result<Generate> MakeSummary(std::span<const chat::Message> covered) const;
  Result<Generate> MakeWith(TextRequest request, std::vector<chat::Message> messages,
                            const Said& said) const;
  Result<int64_t> CountWithout(size_t rounds) const;
  Result<size_t> RoundsToDrop(ContextStrategy strategy, int64_t tokens) const;
  Said SaidOf(const KeptConversation& kept) const;
  Result<Step> ShowAnswer(Generate next);
  bool IsDue(int64_t tokens) const;
  // Nothing: the strategy has nothing to offer.
  Result<std::optional<Step>> Relieve(int64_t tokens);
  Result<std::optional<Step>> Discard(ContextStrategy strategy, int64_t tokens);
  Result<std::optional<Step>> BeginSummary(int64_t tokens);
  Result<Step> EndSummary();
  Result<ContextChange> Change(ContextStrategy strategy, KeptConversation kept, int64_t before);
  void Append(chat::Message message, std::optional<SaidTokens> said = {});

  const Tokenizer& tokenizer_;
  const TurnOptions options_;
  std::vector<chat::Message> messages_;
  Said said_;
  Awaits awaits_ = Awaits::kNext;
  int round_ = 0;
  std::vector<chat::ToolCall> calls_;  // to be run, or running
  size_t first_result_ = 0;            // where their results stand
  size_t results_left_ = 0;
  bool generated_thinking_ = false;  // the last prompt ended inside the reasoning
  std::optional<TurnEnd> end_;

  // Of the summary that is being made, or was.
  int64_t summarised_tokens_ = 0;  // of the prompt that made it due
  size_t covered_ = 0;             // the messages that its request had room for
  std::optional<std::string> summary_;
};

// The result of a call that the end of the rounds leaves unrun, and of one behind which the answer
// was cut off.
std::string OutOfRoundsResult(int max_rounds);
std::string CutOffResult();

}  // namespace fathom
