// Whole files, written so that a reader sees all of one or none.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace fathom {

enum class Existing { kReplace, kKeep };

// Writes a temporary file in the same folder, readable for its owner alone, and gives it the name
// once its bytes are on the disk. False, and nothing happens, when a file is there and shall be
// kept.
Result<bool> WriteFile(const std::string& path, std::string_view bytes, Existing existing);

// All of `bytes` to an open file; errors name `path`.
Status WriteAll(int descriptor, std::string_view bytes, const std::string& path);

}  // namespace fathom
