// POST /v1/agent's body: a chat completion's fields, without those that an agent decides itself,
// and which tools it may use. docs/agent.md lists them.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent_turn.h"
#include "agent/context_rules.h"
#include "api/answer_request.h"
#include "api/field_policy.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

inline constexpr size_t kMaxToolGroups = 64;
inline constexpr ContextStrategy kDefaultStrategy = ContextStrategy::kSummary;

// Beside those of a chat completion.
inline constexpr std::array kAgentFields = {
    std::string_view("tool_groups"),
    std::string_view("max_rounds"),
    std::string_view("context"),
};

// Of a chat completion's fields, those that an agent has no use for.
inline constexpr std::array kAgentRefused = {
    RefusedField{"tools", "an agent uses the server's tools; name their tool_groups"},
    RefusedField{"tool_choice", "an agent decides itself when to call; leave it out"},
    RefusedField{"n", "an agent gives one answer; leave it out"},
    RefusedField{"stream", "an agent's answer is always a stream; leave it out"},
    RefusedField{"stream_options", "an agent always tells its usage; leave it out"},
    RefusedField{"response_format", "an agent's answer has no form; ask for a chat completion"},
    RefusedField{"logprobs", "an agent reports no log-probabilities; ask for a chat completion"},
    RefusedField{"top_logprobs", "an agent reports no log-probabilities"},
    RefusedField{"continue_final_message", "an agent's answer can't be begun by the client"},
    RefusedField{"add_generation_prompt", "an agent's answer can't be begun by the client"},
};

struct AgentRequest {
  AnswerRequest answer;
  std::vector<std::string> tool_groups;  // as named; whether there are such is not known here
  int max_rounds = kDefaultMaxRounds;
  ContextStrategy context = kDefaultStrategy;
};

// Errors as those of ReadChatCompletion.
Result<AgentRequest> ReadAgent(const json::Value& body, const SamplingParams& defaults);

}  // namespace fathom::api
