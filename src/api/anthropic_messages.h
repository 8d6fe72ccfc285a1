// Anthropic's Messages: POST /v1/messages and /v1/messages/count_tokens (docs/api-anthropic.md).
//
// A message there is a list of blocks, and results of tools are blocks of the user's. Here every
// result is a message of its own, in the order of the calls; turn_builder.h says how blocks become
// messages. Signatures of thinking blocks are not looked at: the text is the user's own
// conversation, and nothing depends on whether the model really wrote it.
#pragma once

#include <cstdint>
#include <memory>

#include "api/answer_request.h"
#include "api/answer_writer.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

// Errors name the field: "messages[2].content[0]: …".
Result<AnswerRequest> ReadMessages(const json::Value& body, const SamplingParams& defaults);

// The body of count_tokens: the same without max_tokens. What only shapes the answer is checked
// where it is there, and means nothing.
Result<AnswerRequest> ReadCountTokens(const json::Value& body);
// Its answer.
json::Value CountTokensAnswer(int64_t input_tokens);

// For one choice.
std::unique_ptr<AnswerWriter> MakeMessagesWriter();

}  // namespace fathom::api
