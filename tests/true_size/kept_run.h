// A prompt run through the program's own model, with everything that lies between kept, so that
// two runs can be compared bit for bit and a layer can be computed again from its input.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "backend/backend.h"
#include "base/status.h"
#include "runtime/open_model.h"

namespace fathom::true_size {

struct RunOptions {
  int64_t chunk = 512;                  // tokens of the prompt per step
  int64_t generate = 0;                 // tokens to generate, the likeliest each time
  std::vector<int64_t> logits_of = {};  // ascending positions of the prompt; the last one is added
  bool keep = true;                     // hidden states and choices, else logits alone
};

struct KeptRun {
  int64_t tokens = 0, hidden_size = 0, topk = 0, per_token = 0;
  // By index, as StepObserver counts: 0 before the first layer, the last after the final norm.
  std::map<int64_t, std::vector<float>> hidden;      // [tokens, hidden_size]
  std::map<int64_t, std::vector<int32_t>> selected;  // by layer [tokens, topk], padded with -1
  std::map<int64_t, std::vector<int32_t>> experts;   // by layer of experts [tokens, per_token]
  std::map<int64_t, std::vector<float>> logits;      // by position, generated ones too
  std::vector<int32_t> generated;

  double prompt_seconds = 0, generate_seconds = 0;
  // Of all threads together: what it takes, whatever else the machine is doing.
  double prompt_cpu_seconds = 0, generate_cpu_seconds = 0;
  WorkCounters work;

  const float* HiddenRow(int64_t index, int64_t position) const {
    return hidden.at(index).data() + position * hidden_size;
  }
};

// Ids that depend on their place alone, all below `vocab`.
std::vector<int32_t> RandomPrompt(int64_t tokens, int64_t vocab);

// kResourceExhausted when the cache is too small, kDataLoss when a logit is not a number.
Result<KeptRun> RunAndKeep(LoadedModel& model, const std::vector<int32_t>& prompt,
                           const RunOptions& options);

}  // namespace fathom::true_size
