// The tools section of a system or developer message: how to call, and what may be called.
#pragma once

#include <string_view>
#include <vector>

#include "chat/prompt.h"
#include "json/value.h"

namespace fathom::chat {

// The section up to the line "<functions>"; one function a line and the closing line follow.
extern const std::string_view kToolsPromptHead;
extern const std::string_view kToolsPromptTail;

// `functions`: the "function" object of each tool, printed whole, with fields we do not know.
void AppendTools(const std::vector<const json::Value*>& functions, Prompt* prompt);

}  // namespace fathom::chat
