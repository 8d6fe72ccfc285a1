// What the engine counts about itself. Plain numbers, copied whole, so that a snapshot can cross
// threads; who shows them (a metrics page, a watchdog) stands above.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/request.h"

namespace fathom {

// Counts values by buckets with fixed bounds.
struct Histogram {
  static constexpr size_t kMostBounds = 16;

  std::span<const double> bounds;                 // upper ones, inclusive, ascending
  std::array<int64_t, kMostBounds + 1> counts{};  // [bounds + 1], the last one: above all bounds
  double sum = 0;
  int64_t total = 0;

  void Add(double value);
};

// From a step of a small model to a reader who has long gone.
inline constexpr std::array<double, 14> kSecondsBounds = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};
inline constexpr std::array<double, 10> kBatchBounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
static_assert(kSecondsBounds.size() <= Histogram::kMostBounds);

// What attention read, over all layers since the backend was made: the backend's WorkCounters.
struct AttentionWork {
  int64_t rows = 0;             // query rows
  int64_t sparse_rows = 0;      // of these, in the absorbed form
  int64_t keys_read = 0;        // cache rows that they read
  int64_t keys_present = 0;     // those they would have read without the selection
  int64_t index_keys_read = 0;  // keys that the indexer scored
};

struct EngineStats {
  // Now.
  int64_t waiting = 0;
  int64_t running = 0;
  int64_t max_running = 0;
  int32_t pages = 0;  // of the cache, 64 tokens each
  int32_t pages_free = 0;
  int32_t pages_held = 0;     // by running sequences
  int32_t pages_in_tree = 0;  // known prefixes, whether a sequence holds them too or not

  // Since the engine began.
  int64_t steps = 0;
  int64_t prompt_tokens_computed = 0;  // again after a preemption, too
  int64_t prompt_tokens_cached = 0;    // found in the cache
  int64_t generated_tokens = 0;
  int64_t masked_tokens = 0;  // of these, drawn under a guide's mask
  int64_t forced_tokens = 0;  // of these, that a guide said and nobody drew
  double guide_seconds = 0;   // spent in guides: masks, and following the answers
  int64_t preemptions = 0;
  std::array<int64_t, kFinishReasons> finished{};  // by FinishReason
  AttentionWork attention;                         // of an engine on a thread of its own

  Histogram first_token_seconds{kSecondsBounds};     // from the request's arrival
  Histogram between_tokens_seconds{kSecondsBounds};  // of one request
  Histogram queue_seconds{kSecondsBounds};           // from arrival to the first time it runs
  Histogram step_seconds{kSecondsBounds};
  Histogram batch_sequences{kBatchBounds};  // sequences of a step

  // Times of the engine's clock, in seconds; `now` is that of the snapshot.
  double now = 0;
  std::optional<double> step_began;            // a step is running since then
  std::optional<double> oldest_waiting_since;  // arrival of the request that waits longest
  double mean_running_seconds = 0;             // of recent requests, from their start to their end

  double oldest_waiting_seconds() const {
    return oldest_waiting_since ? now - *oldest_waiting_since : 0;
  }
};

// How long a request that came now would wait, in seconds: 0 while there is a place for it, else
// as long as those before it and one more take to end, max_running at a time. Before the first
// request has ended, nothing is known and it says one second.
double EstimatedWait(const EngineStats& stats);

}  // namespace fathom
