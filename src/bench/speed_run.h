// Measures prompts and generation through the engine, as a user's request would run.
//
// A prompt of n tokens at depth d: d tokens are in the cache, n more are read, and the clock runs
// from the request to the first token drawn. Generation of n tokens at depth d: the clock runs from
// the first token on, over n further ones. The depth is filled once and kept for all measurements
// on top of it, which is what the engine does with known beginnings; nothing else is reused, and
// that is checked by counting the queries that were computed.
//
// Generation of a batch: so many requests run at once, each over a context of its own of that
// depth. The clock starts when all of them are generating, and each draws n tokens from there.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/status.h"
#include "bench/prompt_source.h"
#include "engine/engine.h"

namespace fathom {

enum class Phase { kPrompt, kGeneration };

constexpr std::string_view Name(Phase phase) {
  return phase == Phase::kPrompt ? "prompt" : "generation";
}

struct BenchPoint {
  Phase phase = Phase::kPrompt;
  int64_t tokens = 1;
  int64_t depth = 0;  // in whole pages, since the engine finds nothing smaller again
  int64_t threads = 1;
  int64_t batch = 1;  // requests that generate at once
};

struct BenchSample {
  double seconds = 0;  // of a prompt: until the first token
  WorkCounters work;
  double processor_seconds = 0;  // of them, the calling thread had a processor
};

// Context that a point needs. While others of a batch read their prompts, at least 256 tokens a
// step, the first ones generate.
constexpr int64_t ContextFor(const BenchPoint& point) {
  const int64_t early = point.batch > 1 ? point.batch * (point.depth / 256 + 2) : 0;
  return point.depth + point.tokens + early + 2;
}

// Threads: the engine's.
class SpeedRun {
 public:
  // Asked between steps; a failure ends the measurement with it.
  using StopCheck = std::function<Status()>;
  // Called when the clock starts (true) and when it stops (false).
  using OnClock = std::function<void(bool starts)>;

  // All of them outlive the run; the engine has no other requests.
  SpeedRun(Engine& engine, Backend& backend, const PromptSource& prompts, int64_t layers,
           StopCheck stop);

  // Puts `depth` tokens into the cache, for the points that follow at this depth.
  Status Fill(int64_t depth);

  Result<BenchSample> Measure(const BenchPoint& point, const OnClock& on_clock = nullptr);

 private:
  Result<RequestId> Submit(std::vector<int32_t> prompt, int64_t tokens);
  Status RunUntil(RequestId id, int64_t tokens);
  Result<BenchSample> MeasureBatch(const BenchPoint& point, const OnClock& on_clock);
  void CheckQueries(const BenchPoint& point, const BenchSample& sample) const;
  Status Step();
  void CancelAll(const std::vector<RequestId>& ids);

  Engine& engine_;
  Backend& backend_;
  const PromptSource& prompts_;
  const int64_t layers_;
  const StopCheck stop_;
  int64_t runs_ = 0;
  int64_t drawn_ = 0;  // tokens of the requests under way
  std::set<RequestId> generating_;
  std::vector<TokenEvent> events_;
};

}  // namespace fathom
