// Sampling parameters by name, for /set. Ranges are those of sampling_params.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sampling/sampling_params.h"

namespace fathom {

// Changes nothing when it fails. `vocab_size` is the model's.
Status SetParam(std::string_view name, std::string_view value, int vocab_size,
                SamplingParams* params);

// One line a parameter: name, value, what it does.
std::string DescribeParams(const SamplingParams& params);

// "temperature", …, "seed".
std::vector<std::string> ParamNames();

}  // namespace fathom
