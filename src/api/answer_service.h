// Conversations → answers, for every API that talks in messages.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/text_prompt.h"
#include "api/answer_request.h"
#include "api/answer_writer.h"
#include "api/generation_run.h"
#include "base/status.h"
#include "chat/conversation.h"

namespace fathom::api {

// One request from a client, read.
struct Asked {
  Caller caller;
  AnswerRequest request = {};
  std::unique_ptr<AnswerWriter> writer = nullptr;
  std::string id = {};  // of the answer
  // For APIs whose answers can be continued by their id: what stands before the answer then.
  // Nothing: it is not kept.
  std::optional<std::vector<chat::Message>> history = {};
};

// Answers the caller, who is admitted, now or later; every error goes there in the path's dialect.
// On a worker.
void Answer(const AnswerParts& parts, Asked asked);

// The prompt that a request amounts to: what is remembered restored, tools attached, the answer's
// opening chosen. Any thread.
Result<TextRequest> MakeTextRequest(const AnswerRequest& request, const KeyHolder& holder,
                                    const AnswerParts& parts);

}  // namespace fathom::api
