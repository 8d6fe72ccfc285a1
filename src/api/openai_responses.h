// OpenAI's Responses: POST /v1/responses, the part that agents use (docs/api-responses.md).
//
// The input is a list of items (messages, calls, their outputs, reasoning), several of which make
// one message of the prompt; turn_builder.h says how. A response can be continued by its id: what
// is kept of it is its history with the answer behind it, without the instructions, which belong
// to one response alone. Where that is kept, and for whom, is the caller's.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/answer_request.h"
#include "api/answer_writer.h"
#include "api/field_policy.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

// Beside kThinkingFields.
inline constexpr std::array kResponseFields = {std::string_view("model"),
                                               std::string_view("input"),
                                               std::string_view("instructions"),
                                               std::string_view("previous_response_id"),
                                               std::string_view("store"),
                                               std::string_view("stream"),
                                               std::string_view("tools"),
                                               std::string_view("tool_choice"),
                                               std::string_view("parallel_tool_calls"),
                                               std::string_view("text"),
                                               std::string_view("include"),
                                               std::string_view("max_output_tokens"),
                                               std::string_view("temperature"),
                                               std::string_view("top_p"),
                                               std::string_view("top_logprobs"),
                                               std::string_view("truncation"),
                                               std::string_view("metadata"),
                                               std::string_view("user"),
                                               std::string_view("safety_identifier")};
inline constexpr std::array kResponseRefused = {
    RefusedField{"background", "answers are made while the client waits"},
    RefusedField{"conversation", "conversations are continued by previous_response_id"},
    RefusedField{"prompt", "there are no stored prompts; send the input itself"}};

// What the answer repeats of its request, and how it shows reasoning.
struct ResponseForm {
  json::Object echo;  // "instructions", "tools", …: members of the response object
  // Reasoning is sent as a summary, for clients that show no other: the text itself, since nothing
  // sums it up.
  bool summary = false;
  // Reasoning is repeated as "encrypted_content", which clients send back where they drop the rest.
  // It is the text behind kPlainReasoning, not encrypted: it tells nothing that the answer doesn't.
  bool encrypted_content = false;
};

struct ResponseRequest {
  // Complete, unless previous_response is set: then ContinueResponse completes it.
  AnswerRequest answer;
  std::string instructions;
  // The conversation without the instructions: with the answer's message behind it, what
  // ContinueResponse wants as `earlier`.
  std::vector<chat::Message> history;
  ResponseForm form;
};

// Errors name the field: "input[2].content[0]: …".
Result<ResponseRequest> ReadResponse(const json::Value& body, const SamplingParams& defaults);

// Puts an earlier response before `request`. Fails where the two don't fit: outputs of calls that
// were not made, or calls without one.
Status ContinueResponse(std::span<const chat::Message> earlier, ResponseRequest* request);

// For one choice. Ids of items are made of the response's.
std::unique_ptr<AnswerWriter> MakeResponsesWriter(ResponseForm form);

}  // namespace fathom::api
