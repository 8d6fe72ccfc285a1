// fathom bench --mtp: how often the MTP layer guesses what the main model says.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/status.h"
#include "runtime/open_model.h"

namespace fathom {

// Prints text, or one JSON object; the exit code. Without `text`, a file, the model writes one.
Result<int> RunMtpBench(ModelOptions options, const std::optional<std::string>& text, bool as_json,
                        const std::function<Status()>& stop);

}  // namespace fathom
