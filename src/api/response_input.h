// "input" of a response → the conversation.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "chat/conversation.h"
#include "json/value.h"

namespace fathom::api {

// Before the reasoning in an "encrypted_content" of ours; what another server encrypted has no such
// beginning and is passed over.
inline constexpr std::string_view kPlainReasoning = "plain:";

// At least one message; the last one is the user's or a tool's, so that there is something to
// answer. Whether outputs fit their calls is not looked at: the calls may stand in an earlier
// response.
Result<std::vector<chat::Message>> ReadInput(const json::Value& input);

}  // namespace fathom::api
