// generation_config.json: how the model's makers want it sampled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "checkpoint/model_config.h"

namespace fathom {

// Without a file, and for fields a file leaves out: what the model card recommends (spec 1.1).
struct GenerationConfig {
  bool do_sample = true;  // false: greedy
  double temperature = 1.0;
  double top_p = 0.95;
  int64_t top_k = 0;                   // 0: no limit
  std::vector<int64_t> eos_token_ids;  // config.json's where the file names none

  bool operator==(const GenerationConfig&) const = default;
};

Result<GenerationConfig> ParseGenerationConfig(std::string_view text, const ModelConfig& model);

// From a file, which the errors name; the defaults when there is none.
Result<GenerationConfig> LoadGenerationConfig(const std::string& path, const ModelConfig& model);

}  // namespace fathom
