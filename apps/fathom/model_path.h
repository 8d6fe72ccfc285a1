// Where the model is when the user names none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/status.h"

namespace fathom {

// The folder of `model`; of the bundled model when it is empty.
Result<std::string> ResolveModelPath(const std::string& model);

// The bundled model for a program at `program`: the folder that the environment names
// ($FATHOM_MODEL), else the one installed beside the program, else the one of the source tree that
// the program was built in. The error says where it looked.
Result<std::string> FindBundledModel(const std::optional<std::string>& environment,
                                     const std::filesystem::path& program);

}  // namespace fathom
