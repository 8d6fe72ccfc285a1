#include "api/openai_usage.h"

#include <algorithm>

#include "base/utf8.h"

namespace fathom::api {
namespace {

json::Object TokenObject(std::string_view bytes, double logprob) {
  json::Array numbers;
  numbers.reserve(bytes.size());
  for (const char byte : bytes) numbers.emplace_back(int{static_cast<unsigned char>(byte)});
  return {{"token", TokenText(bytes)},
          {"logprob", JsonLogprob(logprob)},
          {"bytes", std::move(numbers)}};
}

}  // namespace

json::Value UsageToJson(const AnswerUsage& usage) {
  json::Object object{
      {"prompt_tokens", usage.prompt_tokens},
      {"completion_tokens", usage.completion_tokens},
      {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
      {"prompt_tokens_details", json::Object{{"cached_tokens", usage.cached_tokens}}},
      {"completion_tokens_details", json::Object{{"reasoning_tokens", usage.reasoning_tokens}}},
      {"prompt_cache_hit_tokens", usage.cached_tokens},
      {"prompt_cache_miss_tokens", usage.prompt_tokens - usage.cached_tokens}};
  if (usage.cost) object.Set("cost", *usage.cost);
  return object;
}

std::string_view OpenAiFinishReason(const chat::StreamEnd& end) {
  switch (end.reason) {
    case chat::FinishReason::kStop:
      return end.complete_calls > 0 ? "tool_calls" : "stop";
    case chat::FinishReason::kToolCalls:
      return "tool_calls";
    case chat::FinishReason::kLength:
    case chat::FinishReason::kLimit:
    case chat::FinishReason::kCancelled:
      return "length";
  }
  return "stop";
}

std::string TokenText(std::string_view bytes) { return ReplaceInvalidUtf8(bytes); }

double JsonLogprob(double logprob) {
  constexpr double kImpossible = -9999;
  return std::max(logprob, kImpossible);
}

json::Value ChatLogprobs(std::span<const TokenInfo> tokens) {
  json::Array content;
  for (const TokenInfo& token : tokens) {
    json::Object written = TokenObject(token.bytes, token.logprob);
    json::Array top;
    for (const TokenInfo::Other& other : token.top) {
      top.emplace_back(TokenObject(other.bytes, other.logprob));
    }
    written.Set("top_logprobs", std::move(top));
    content.emplace_back(std::move(written));
  }
  return json::Object{{"content", std::move(content)}};
}

}  // namespace fathom::api
