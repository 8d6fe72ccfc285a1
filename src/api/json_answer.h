// Answers that shall be JSON (response_format). Until the grammar guarantees it, the prompt asks
// for it and what models put round it is taken away: a fence, a sentence before or after.
#pragma once

#include <string>

#include "api/answer_request.h"

namespace fathom::api {

bool WantsJson(const AnswerRequest& request);

// Leaves JSON as it is. Otherwise keeps the one JSON value in the text when that is all there is
// but words, and returns true; what can't be mended so stays as it is.
bool MendJson(std::string* content);

}  // namespace fathom::api
