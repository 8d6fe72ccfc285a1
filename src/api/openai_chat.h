// OpenAI's chat completions, with DeepSeek's and vLLM's additions: the request as JSON → what it
// asks for, and the answer → its words. docs/api.md lists every field.
#pragma once

#include <memory>

#include "api/answer_request.h"
#include "api/answer_writer.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

inline constexpr size_t kMaxMessages = 16384;

// kInvalidArgument for a field that is wrong, kUnsupported for one that asks for what the server
// can't do; the message begins with the field's path ("messages[3].tool_call_id: …"). Whether the
// vocabulary has the tokens of logit_bias and stop_token_ids is left to the engine, the names of
// models to openai_models.h. Results of tools come back in the order of their calls.
Result<AnswerRequest> ReadChatCompletion(const json::Value& body, const SamplingParams& defaults);

// "thinking": {"type": "enabled" | "disabled"}, the mode that is used, stands on the first chunk of
// every choice and on a whole body. Choices whose markup was mended carry "repaired", the names of
// chat::kRepairs.
std::unique_ptr<AnswerWriter> MakeChatWriter(const AnswerRequest& request);

}  // namespace fathom::api
