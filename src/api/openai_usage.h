// What OpenAI's chat completions and completions say alike: usage, log-probabilities of a token,
// and why an answer ended.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/answer_writer.h"
#include "chat/stream_event.h"
#include "json/value.h"

namespace fathom::api {

// OpenAI's names, and DeepSeek's prompt_cache_hit_tokens and prompt_cache_miss_tokens beside them.
json::Value UsageToJson(const AnswerUsage& usage);

// "stop", "length" or "tool_calls": clients know no others, so everything that cut the answer off
// is "length", and an answer that ended behind a call waits for its result, whatever ended it.
std::string_view OpenAiFinishReason(const chat::StreamEnd& end);

// A token's text: its bytes, where they are no valid UTF-8 with U+FFFD.
std::string TokenText(std::string_view bytes);

// JSON has no infinity; OpenAI writes -9999 for a token that can't come.
double JsonLogprob(double logprob);

// "logprobs" of a chat's choice: {"content": [{"token", "logprob", "bytes", "top_logprobs"}]}.
json::Value ChatLogprobs(std::span<const TokenInfo> tokens);

}  // namespace fathom::api
