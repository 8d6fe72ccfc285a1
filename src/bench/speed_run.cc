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
    if (const Status status = Step(); !status.ok()) {
      CancelAll({id});
      return status;
    }
  }
  return {};
}

Status SpeedRun::Step() {
  FATHOM_RETURN_IF_ERROR(stop_());
  events_.clear();
  engine_.Step(&events_);
  for (const TokenEvent& event : events_) {
    FATHOM_RETURN_IF_ERROR(event.status);
    if (!event.token) continue;
    ++drawn_;
    generating_.insert(event.request);
  }
  return {};
}

void SpeedRun::CancelAll(const std::vector<RequestId>& ids) {
  for (const RequestId id : ids) engine_.Cancel(id);
  engine_.Step(&events_);
}

Status SpeedRun::Fill(int64_t depth) {
  if (depth == 0) return {};
  FATHOM_ASSIGN_OR_RETURN(const RequestId id, Submit(prompts_.Tokens(depth), 1));
  return RunUntil(id, 1);
}

Result<BenchSample> SpeedRun::MeasureBatch(const BenchPoint& point, const OnClock& on_clock) {
  std::vector<RequestId> ids;
  for (int64_t i = 0; i < point.batch; ++i) {
    // The first one has the depth that is filled; the others share nothing with it.
    std::vector<int32_t> prompt = i == 0 ? prompts_.Prompt(point.depth, 1, runs_)
                                         : prompts_.Prompt(0, point.depth + 1, runs_);
    ++runs_;
    FATHOM_ASSIGN_OR_RETURN(const RequestId id, Submit(std::move(prompt), kNoTokenLimit));
    ids.push_back(id);
  }
  generating_.clear();
  Status status;
  while (status.ok() && generating_.size() < ids.size()) status = Step();
  backend_.ResetCounters();
  if (on_clock) on_clock(true);
  drawn_ = 0;
  const double processor = ProcessorSeconds();
  const Stopwatch watch;
  while (status.ok() && drawn_ < point.batch * point.tokens) status = Step();
  const BenchSample sample = {watch.seconds(), backend_.counters(), ProcessorSeconds() - processor};
  if (on_clock) on_clock(false);
  CancelAll(ids);
  FATHOM_RETURN_IF_ERROR(status);
  return sample;
}

Result<BenchSample> SpeedRun::Measure(const BenchPoint& point, const OnClock& on_clock) {
  if (point.batch > 1) {
    FATHOM_CHECK(point.phase == Phase::kGeneration, "a batch of {} prompts", point.batch);
    FATHOM_ASSIGN_OR_RETURN(BenchSample sample, MeasureBatch(point, on_clock));
    CheckQueries(point, sample);
    return sample;
  }
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
  CheckQueries(point, sample);
  return sample;
}

void SpeedRun::CheckQueries(const BenchPoint& point, const BenchSample& sample) const {
  const int64_t queries = sample.work.sparse_rows + sample.work.dense_rows;
  FATHOM_CHECK(queries == point.batch * point.tokens * layers_,
               "{} queries in {} layers for {} times {} tokens", queries, layers_, point.batch,
               point.tokens);
}

}  // namespace fathom
