// Text → text that goes on from it, without chat: OpenAI's completions.
#pragma once

#include "api/generation_run.h"
#include "api/openai_completions.h"

namespace fathom::api {

// Answers the caller, who is admitted, now or later; every error goes there. On a worker.
void Complete(const AnswerParts& parts, const Caller& caller, CompletionRequest request,
              std::string id);

}  // namespace fathom::api
