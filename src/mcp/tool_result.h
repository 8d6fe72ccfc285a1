// What a tool gave, as the text that a model reads.
#pragma once

#include <string>

#include "base/status.h"
#include "json/value.h"

namespace fathom::mcp {

struct ToolAnswer {
  std::string text;
  bool failed = false;  // the tool says so itself; the text says why
};

// The result of tools/call. Texts and the texts of embedded resources stand below one another;
// links stand as "[resource NAME: URI]"; of images, sounds and other bytes only what they are is
// said, since the model reads text. Structured content counts where there is no text beside it.
// An error where it is no such result.
Result<ToolAnswer> ReadToolAnswer(const json::Value& result);

}  // namespace fathom::mcp
