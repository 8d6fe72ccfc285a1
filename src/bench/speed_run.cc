#include "bench/speed_run.h"

#include <utility>

#include "base/clock.h"
#include "cpu/machine_limits.h"

namespace fathom {

SpeedRun::SpeedRun(Engine& engine, Backend& backend, const PromptSource& prompts, int64_t layers,
                   StopCheck stop)
    : engine_(engine),
      backend_(backend),
      prompts_(prompts),
      layers_(layers),
      stop_(std::move(stop)) {}

Result<RequestId> SpeedRun::Submit(std::vector<int32_t> prompt, int64_t tokens) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.sampling.seed = PromptSource::kSeed;
  request.sampling.ignore_eos = true;
  request.sampling.max_tokens = tokens;
  drawn_ = 0;
  return engine_.Submit(std::move(request));
}

// Steps until the request has drawn so many tokens.
Status SpeedRun::RunUntil(RequestId id, int64_t tokens) {
  while (drawn_ < tokens) {
    if (const Status status = stop_(); !status.ok()) {
      engine_.Cancel(id);
      engine_.Step(&events_);
      return status;
    }
    events_.clear();
    engine_.Step(&events_);
    for (const TokenEvent& event : events_) {
      FATHOM_RETURN_IF_ERROR(event.status);
      drawn_ += event.token ? 1 : 0;
    }
  }
  return {};
}

Status SpeedRun::Fill(int64_t depth) {
  if (depth == 0) return {};
  FATHOM_ASSIGN_OR_RETURN(const RequestId id, Submit(prompts_.Tokens(depth), 1));
  return RunUntil(id, 1);
}

Result<BenchSample> SpeedRun::Measure(const BenchPoint& point, const OnClock& on_clock) {
  FATHOM_CHECK(point.depth % kPageTokens == 0, "a depth of {} tokens", point.depth);
  const bool is_prompt = point.phase == Phase::kPrompt;
  std::vector<int32_t> prompt = prompts_.Prompt(point.depth, is_prompt ? point.tokens : 1, runs_++);
  const int64_t drawn = is_prompt ? 1 : point.tokens + 1;
  double processor = 0;
  const auto start = [&] {
    backend_.ResetCounters();
    if (on_clock) on_clock(true);
    processor = ProcessorSeconds();
  };
  if (is_prompt) start();
  Stopwatch watch;
  FATHOM_ASSIGN_OR_RETURN(const RequestId id, Submit(std::move(prompt), drawn));
  if (!is_prompt) {
    FATHOM_RETURN_IF_ERROR(RunUntil(id, 1));
    start();
    watch.Restart();
  }
  FATHOM_RETURN_IF_ERROR(RunUntil(id, drawn));
  const BenchSample sample = {watch.seconds(), backend_.counters(), ProcessorSeconds() - processor};
  if (on_clock) on_clock(false);
  const int64_t queries = sample.work.sparse_rows + sample.work.dense_rows;
  FATHOM_CHECK(queries == point.tokens * layers_, "{} queries in {} layers for {} tokens", queries,
               layers_, point.tokens);
  return sample;
}

}  // namespace fathom
