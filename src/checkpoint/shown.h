// What a file says, as error messages quote it: one line of printable ASCII, cut short where it is
// long.
#pragma once

#include <string>

#include "json/value.h"

namespace fathom {

// As JSON, at most 60 characters, others than ASCII as '?': `"deepseek_v3"`, `[64, 128]`,
// `"xxxx...`.
std::string Shown(const json::Value& value);

}  // namespace fathom
