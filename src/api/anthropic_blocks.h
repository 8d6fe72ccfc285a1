// "system" and "messages" of an Anthropic request → the conversation.
#pragma once

#include <vector>

#include "base/status.h"
#include "chat/conversation.h"
#include "json/field_reader.h"

namespace fathom::api {

// At least one message beside the system's. Every call has its result, the last turn's too, and
// results stand in the order of their calls.
Result<std::vector<chat::Message>> ReadBlocks(const json::FieldReader& body);

}  // namespace fathom::api
