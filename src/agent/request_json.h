// One generation as a JSON object, and its answer as one: for `fathom run --jsonl`, the C API and
// the Python module.
#pragma once

#include <string>

#include "agent/grammar_cache.h"
#include "agent/text_engine.h"
#include "base/status.h"
#include "json/value.h"
#include "sampling/sampling_params.h"

namespace fathom {

// What becomes of a field that is not known: a stream of requests made for other servers goes on,
// a program that misspelled an option is told.
enum class UnknownFields { kWarn, kRefuse };

// {"messages": […], "tools": […], "thinking": false, "temperature": 0, "max_tokens": 200, …}: the
// names of OpenAI's API and of sampling_params.h. Instead of messages a prompt of token ids:
// {"prompt": [0, 128803, …], …}, with nothing of what describes a conversation. Absent fields take
// `defaults`.
//
// What the server's API guarantees is guaranteed: strict tools, a tool_choice that wants a call, a
// strict json_schema and json_object become a grammar of `grammars`, whose errors are the
// request's.
Result<TextRequest> RequestFromJson(const json::Value& value, const SamplingParams& defaults,
                                    UnknownFields unknown, GrammarCache& grammars);

// {"message": {"role": "assistant", "content": …, "reasoning_content": …, "tool_calls": […]},
//  "finish_reason": …, "usage": {…}}, with "repaired" where the model's markup had to be mended,
// and "thinking_ended" where its reasoning was ended for it: "budget" or "loop".
json::Value AnswerToJson(const GeneratedMessage& generated);

// {"error": {"message": …, "type": …}}
json::Value ErrorToJson(const Status& status);

}  // namespace fathom
