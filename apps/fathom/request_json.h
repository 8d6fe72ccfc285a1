// One generation as a JSON object, for `fathom run --jsonl`, and its answer as one.
#pragma once

#include <string>

#include "agent/text_engine.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom {

// {"messages": […], "tools": […], "thinking": false, "temperature": 0, "max_tokens": 200, …}: the
// names of OpenAI's API and of sampling_params.h. Absent fields take `defaults`. Names it does not
// know are ignored with one warning each.
Result<TextRequest> RequestFromJson(const json::Value& value, const SamplingParams& defaults);

// {"message": {"role": "assistant", "content": …, "reasoning_content": …, "tool_calls": […]},
//  "finish_reason": …, "usage": {…}}, with "repaired" where the model's markup had to be mended.
json::Value AnswerToJson(const GeneratedMessage& generated);

// {"error": {"message": …, "type": …}}
json::Value ErrorToJson(const Status& status);

}  // namespace fathom
