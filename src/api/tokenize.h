// vLLM's /tokenize and /detokenize: what a text or a conversation is in tokens, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/answer_request.h"
#include "base/status.h"
#include "json/value.h"
#include "tokenizer/tokenizer.h"

namespace fathom::api {

inline constexpr size_t kMaxDetokenizeTokens = size_t{1} << 20;

struct TokenizeRequest {
  std::string model;
  std::string prompt;                 // without `chat`
  std::optional<AnswerRequest> chat;  // messages instead of a prompt
  bool add_special_tokens = true;     // of a prompt: begin of sentence before it
  bool parse_special = true;          // of a prompt: special strings are tokens
  bool token_strings = false;         // vLLM's return_token_strs
};

// {"prompt": …} or {"messages": […], "tools": […], …} with the fields of a chat completion.
Result<TokenizeRequest> ReadTokenize(const json::Value& body);

// {"count", "max_model_len", "tokens", "token_strs"}; the last is null unless asked for. The ids
// are those of TextTokens (openai_completions.h), or of the conversation's prompt, and exist.
json::Value TokenizeBody(std::span<const int32_t> ids, const Tokenizer& tokenizer,
                         int64_t context_tokens, bool token_strings);

struct DetokenizeRequest {
  std::string model;
  std::vector<int32_t> tokens;
};
Result<DetokenizeRequest> ReadDetokenize(const json::Value& body);

// {"prompt": text}; fails on an id that is no token.
Result<json::Value> DetokenizeBody(std::span<const int32_t> ids, const Tokenizer& tokenizer);

}  // namespace fathom::api
