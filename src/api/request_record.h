// One request of a client as a line of JSON, with which a bug can be looked for without the client.
//
//   {"event": "request", "time", "id", "path", "model", "thinking", "stream", "end",
//    "prompt_tokens", "first_token_us", "us", "body": {…}, "generations": [{"seed", "sampling",
//    "prompt_tokens", "generated_tokens", "finish", "queue_us"}]}
//
// With words kept, the body is as it came, and each generation also has its "tokens" and "request",
// which is a line for `fathom run --jsonl`: the prompt's tokens, the sampling and the seed. Without
// them the body is redacted (redact.h).
#pragma once

#include <string>
#include <vector>

#include "api/generation_run.h"

namespace fathom::api {

// `body` is the text that came. No line break at the end.
std::string RecordLine(const AnswerRecord& answer, const std::string& path, const std::string& body,
                       const std::vector<std::string>& stop,
                       const std::vector<RecordedGeneration>& generations, bool words);

}  // namespace fathom::api
