// What a model will take of this machine's memory, worked out before anything is loaded.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace fathom {

struct MemoryPlan {
  int64_t weights = 0;      // the checkpoint, mapped: the system may drop pages and read them again
  int64_t cache = 0;        // latents and index keys of every page
  int64_t activations = 0;  // of a step: the model's and the backend's
  int64_t available = 0;    // what the system says it can give

  int64_t context = 0;      // tokens of the longest sequence
  int64_t token_bytes = 0;  // cache of one token in every layer
  std::string cache_type;

  int64_t total() const { return weights + cache + activations; }

  // "weights 42.7 MB + cache 369.1 MB (32768 tokens, bf16) + activations 90.1 MB = 501.9 MB of
  // 21.3 GB available"
  std::string Describe() const;

  // kResourceExhausted, with the numbers and what would fit, when the plan does not.
  // `weights_from_disk` accepts weights larger than memory, which are then read from disk again
  // and again.
  Status Check(bool weights_from_disk) const;
};

// Memory that can be taken without swapping: the kernel's estimate, cut by the limit of the
// process's control group. Page cache that holds the weights already counts as available.
int64_t AvailableMemory();

}  // namespace fathom
