// Whether the model shall think, and how long, in every dialect that OpenAI-style clients use:
//
//   "thinking": true | {"type": "enabled" | "disabled"}      DeepSeek, and many others
//   "enable_thinking": true                                  Qwen's
//   "reasoning_effort": "none" | "minimal" | "low" | …       OpenAI's: the first two are off
//   "reasoning": {"effort": …, "enabled": true}              OpenAI's responses, OpenRouter
//   "chat_template_kwargs": {"thinking": true, "enable_thinking": true}     vLLM, SGLang
//
//   "thinking_budget": 2000                                  Qwen's; also "budget_tokens" inside
//                                                            thinking, "max_tokens" inside
//                                                            reasoning, and in template arguments
//   "loop_guard": false                                      our own
//
// The model has no degrees of thinking, so every effort above "minimal" is the same.
#pragma once

#include <array>
#include <string_view>

#include "api/answer_request.h"
#include "base/status.h"
#include "json/value.h"

namespace fathom::api {

inline constexpr std::array kThinkingFields = {std::string_view("thinking"),
                                               std::string_view("enable_thinking"),
                                               std::string_view("reasoning_effort"),
                                               std::string_view("reasoning"),
                                               std::string_view("chat_template_kwargs"),
                                               std::string_view("thinking_budget"),
                                               std::string_view("loop_guard")};

// Fills thinking, thinking_budget and loop_guard with what the request says of them; two switches
// or two budgets that say different things are refused. What stands inside the objects and is not
// known is noted in ignored_fields.
Status ReadThinking(const json::Object& request, AnswerRequest* out);

}  // namespace fathom::api
