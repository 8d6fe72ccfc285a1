// What goes into the engine and what comes out: tokens, no text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sampling/sampler.h"
#include "sampling/sampling_params.h"

namespace fathom {

using RequestId = int64_t;

struct GenerateRequest {
  std::vector<int32_t> prompt;  // at least one token
  SamplingParams sampling;      // validated by Submit
};

enum class FinishReason {
  kStop,       // the model's end of sequence, or a stop token of the request
  kLength,     // max_tokens, or the context is full
  kCancelled,  // Cancel was called
  kError,      // the event's status says why
};

constexpr std::string_view Name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
    case FinishReason::kError:
      return "error";
  }
  return "unknown";
}

// One token, or the end of a request, or both: the last token of a request carries the finish.
struct TokenEvent {
  RequestId request = 0;
  std::optional<SampledToken> token;
  std::optional<FinishReason> finish;
  Status status;  // not ok with kError
};

struct RequestProgress {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;    // of the prompt, found in the cache
  int64_t computed_tokens = 0;  // of the prompt, the cached ones included
  int64_t generated_tokens = 0;
  uint64_t seed = 0;
};

}  // namespace fathom
