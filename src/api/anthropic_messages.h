// Anthropic's Messages: POST /v1/messages and /v1/messages/count_tokens (docs/api-anthropic.md).
//
// A message there is a list of blocks, and results of tools are blocks of the user's. Here every
// result is a message of its own, in the order of the calls; turn_builder.h says how blocks become
// messages. Signatures of thinking blocks are not looked at: the text is the user's own
// conversation, and nothing depends on whether the model really wrote it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "api/answer_request.h"
#include "api/answer_writer.h"
#include "api/field_policy.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

inline constexpr std::array kMessagesFields = {
    std::string_view("model"),          std::string_view("max_tokens"),
    std::string_view("messages"),       std::string_view("system"),
    std::string_view("tools"),          std::string_view("tool_choice"),
    std::string_view("thinking"),       std::string_view("temperature"),
    std::string_view("top_p"),          std::string_view("top_k"),
    std::string_view("stop_sequences"), std::string_view("stream"),
    std::string_view("metadata"),       std::string_view("output_config"),
    std::string_view("loop_guard")};
inline constexpr std::array kMessagesRefused = {
    RefusedField{"mcp_servers",
                 "this server calls no MCP servers; let the client offer their tools"},
    RefusedField{"container", "there are no containers here"}};

// Errors name the field: "messages[2].content[0]: …".
Result<AnswerRequest> ReadMessages(const json::Value& body, const SamplingParams& defaults);

// The body of count_tokens: the same, and max_tokens is not looked at.
Result<AnswerRequest> ReadCountTokens(const json::Value& body);
// Its answer.
json::Value CountTokensAnswer(int64_t input_tokens);

// For one choice.
std::unique_ptr<AnswerWriter> MakeMessagesWriter();

}  // namespace fathom::api
