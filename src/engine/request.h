// What goes into the engine and what comes out: tokens, no text.
//
// Under a guide the model's own end of sequence, stop_token_ids, max_tokens and the context end an
// answer as they always do, whatever the guide says: it takes tokens away and forces them, and
// doesn't know where the answer ends. With ignore_eos an end of sequence is a token like others for
// the guide too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sampling/sampler.h"
#include "sampling/sampling_params.h"
#include "sampling/token_guide.h"

namespace fathom {

using RequestId = int64_t;

struct GenerateRequest {
  std::vector<int32_t> prompt;  // at least one token
  SamplingParams sampling;      // validated by Submit

  int priority = 0;          // higher ones go first
  uint64_t user = 0;         // whose turn it is, where several wait
  uint64_t cache_scope = 0;  // pages of another scope are never matched; 0 is for local use
  // ≥ 0: reports the log-probability of every prompt token but the first, and this many likeliest
  // ones. Such a request computes its whole prompt, whatever the cache holds.
  int prompt_logprobs = -1;
  // Says what the answer may go on with; null: anything. It is this request's alone and the
  // engine's from Submit until the last event is out; then it is left as the answer left it.
  std::shared_ptr<TokenGuide> guide;
};

enum class FinishReason {
  kStop,       // the model's end of sequence, or a stop token of the request
  kLength,     // max_tokens, or the context is full
  kCancelled,  // Cancel was called
  kError,      // the event's status says why
};
inline constexpr size_t kFinishReasons = 4;

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

// What a step brought one request: log-probabilities of its prompt, a token, its end, or several of
// these. The last event of a request carries the finish.
struct TokenEvent {
  RequestId request = 0;
  std::optional<SampledToken> token;
  std::optional<FinishReason> finish;
  Status status;                          // not ok with kError
  uint64_t seed = 0;                      // of the draws: the request's, or the one it was given
  int64_t cached_tokens = 0;              // of the prompt, found in the cache
  double queue_seconds = 0;               // from arrival to the first time it ran; 0: it never did
  std::vector<Logprobs> prompt_logprobs;  // of the next prompt tokens, in order, from the second on
};

struct RequestProgress {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;    // of the prompt, found in the cache
  int64_t computed_tokens = 0;  // of the prompt, the cached ones included
  int64_t generated_tokens = 0;
  uint64_t seed = 0;
  bool running = false;     // or waiting for its turn
  int64_t preemptions = 0;  // how often it has given way and begun again
};

}  // namespace fathom
