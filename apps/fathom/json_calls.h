// Commands that call one function with JSON: arguments in a file or on standard input, the answer
// on standard output; with --jsonl one call a line, whatever the lines hold.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "command.h"
#include "json/value.h"

namespace fathom {

struct JsonCall {
  std::string name;
  std::string summary;
  std::string description;
  // The arguments → what is printed, byte for byte.
  std::function<Result<std::string>(const json::Value&)> once;
  // One line → its answer, without the line break. Never fails: an error is an answer too.
  std::function<std::string(std::string_view)> line;
};

Command MakeJsonCallCommand(JsonCall call);

}  // namespace fathom
