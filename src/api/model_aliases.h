// The names on the server's command line → the models it serves.
#pragma once

#include <string>
#include <vector>

#include "api/openai_models.h"
#include "base/status.h"

namespace fathom::api {

// Names that clients send whatever the server has: DeepSeek's own two. Agents' fixed names of small
// models are the owner's to add (--alias).
inline const std::vector<std::string> kDefaultAliases = {"deepseek-chat=chat",
                                                         "deepseek-reasoner=thinking"};

// `served`: at least one. `aliases`: "NAME", "NAME=thinking" or "NAME=chat". Errors for an empty
// name, a mode that is none, a name given twice.
Result<ServedModels> MakeServedModels(const std::vector<std::string>& served,
                                      const std::vector<std::string>& aliases);

}  // namespace fathom::api
