// Whether the model shall think, in every dialect that OpenAI-style clients use:
//
//   "thinking": true | {"type": "enabled" | "disabled"}      DeepSeek, and many others
//   "enable_thinking": true                                  Qwen's
//   "reasoning_effort": "none" | "minimal" | "low" | …       OpenAI's: the first two are off
//   "reasoning": {"effort": …, "enabled": true}              OpenAI's responses, OpenRouter
//   "chat_template_kwargs": {"thinking": true, "enable_thinking": true}     vLLM, SGLang
//
// The model has no degrees of thinking, so every effort above "minimal" is the same.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

inline constexpr std::array kThinkingFields = {
    std::string_view("thinking"), std::string_view("enable_thinking"),
    std::string_view("reasoning_effort"), std::string_view("reasoning"),
    std::string_view("chat_template_kwargs")};

// Nothing when the request says nothing; two switches that say different things are refused. What
// stands inside the objects and is not known goes to `ignored`, budgets among it: there are none
// yet.
Result<std::optional<bool>> ReadThinkingSwitch(const json::Object& request,
                                               std::vector<std::string>* ignored);

}  // namespace fathom::api
