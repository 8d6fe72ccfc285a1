// Results of tools in the order of their calls.
//
// The prompt matches results to calls by position alone, while clients match them by
// tool_call_id and send them in whatever order the tools finished (spec 7.7).
#pragma once

#include <vector>

#include "base/status.h"
#include "chat/conversation.h"

namespace fathom::chat {

// Sorts each run of tool messages into the order of the calls before it. Calls that share an id
// take the results of that id in turn; a run without any ids stays as it is. Errors: a result that
// answers no call, a second result for one, results with and without ids in one run, and calls of
// which only some are answered, since the prompt would break off inside the results.
Status OrderToolResults(std::vector<Message>* messages);

}  // namespace fathom::chat
