// OpenAI's Responses: POST /v1/responses, the part that agents use (docs/api-responses.md).
//
// The input is a list of items (messages, calls, their outputs, reasoning), several of which make
// one message of the prompt; turn_builder.h says how. A response can be continued by its id: what
// is kept of it is its history with the answer behind it, without the instructions, which belong
// to one response alone. Where that is kept, and for whom, is the caller's.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/answer_request.h"
#include "api/answer_writer.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom::api {

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
