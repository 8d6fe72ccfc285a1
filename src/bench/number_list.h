// A flag's value that is a list of numbers: "128,1024,4096".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace fathom {

// Numbers in [least, most], at most 32 of them, in the order given. Errors name the flag.
Result<std::vector<int64_t>> ParseNumberList(std::string_view flag, std::string_view text,
                                             int64_t least, int64_t most);

}  // namespace fathom
