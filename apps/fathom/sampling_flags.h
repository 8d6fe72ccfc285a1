// The flags of every command that generates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/generation_config.h"
#include "command.h"
#include "sampling/sampling_params.h"

namespace fathom {

struct SamplingFlags {
  bool greedy = false;
  std::optional<double> temperature, top_p, min_p;
  std::optional<double> repetition_penalty, presence_penalty, frequency_penalty;
  std::optional<int64_t> top_k, seed;
  int64_t max_tokens = 2048;
  int64_t min_tokens = 0;
  bool ignore_eos = false;
  std::vector<std::string> stop;

  // What the model's makers recommend, changed by the flags. Ranges are checked by the engine.
  SamplingParams ToParams(const GenerationConfig& model) const;
};

std::vector<Flag> SamplingFlagTable(SamplingFlags* flags);

}  // namespace fathom
