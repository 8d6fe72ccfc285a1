// The tools that come with the program: calculator, get_time and, where the user names a folder,
// read_file and list_files. Names, parameters and descriptions are in the words the bundled model
// was trained on (training/nano/nano_data.py), since a small model reads a tool best in those.
// docs/tools.md describes each for users.
#pragma once

#include <memory>
#include <string>

#include "agent/clock_tool.h"
#include "agent/file_tool.h"
#include "agent/toolbox.h"
#include "base/status.h"

namespace fathom {

// `folder` may be null: then there are no file tools.
Toolbox MakeBuiltinTools(WallClock clock, const std::shared_ptr<const FileFolder>& folder);

// The same with the system's clock and, unless `folder` is empty, the files below that folder.
Result<Toolbox> OpenBuiltinTools(const std::string& folder);

}  // namespace fathom
