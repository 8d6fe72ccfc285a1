#include "session.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "interrupt.h"
#include "progress.h"
#include "runtime/open_engine.h"

namespace fathom {

Result<std::unique_ptr<Session>> OpenSession(const ModelFlags& flags, int64_t max_running) {
  FATHOM_ASSIGN_OR_RETURN(ModelOptions options, flags.ToOptions());
  options.sequences = max_running;
  options.logit_rows = max_running;
  const InterruptScope interrupt;
  return OpenSession(options, max_running, [&interrupt] { return interrupt.Check(); });
}

Result<std::unique_ptr<Session>> OpenSession(const ModelOptions& options, int64_t max_running,
                                             const std::function<Status()>& check) {
  const Stopwatch watch;
  auto session = std::make_unique<Session>();
  std::optional<Progress> bar;
  const auto on_plan = [&](const MemoryPlan& plan) {
    constexpr int64_t kWorthSaying = int64_t{2} << 30;  // smaller models start before it is read
    if (plan.total() > kWorthSaying) fmt::print(stderr, "{}\n", plan.Describe());
    bar.emplace("reading weights", plan.weights);
  };
  const auto on_progress = [&](int64_t done) {
    bar->Update(done);
    return check();
  };
  FATHOM_ASSIGN_OR_RETURN(session->model, OpenModel(options, on_plan, on_progress));
  bar.reset();
  FATHOM_ASSIGN_OR_RETURN(session->tokenizer, OpenTokenizerOf(*session->model));
  session->engine = MakeEngine(*session->model, *session->tokenizer, max_running);
  FATHOM_ASSIGN_OR_RETURN(session->text, TextEngine::Create(*session->engine, *session->tokenizer));
  session->load_seconds = watch.seconds();
  return session;
}

std::string DescribeWork(const Session& session, const Usage& usage) {
  const auto rate = [](int64_t tokens, double seconds) {
    return seconds > 0 ? fmt::format(", {:.1f} per second", static_cast<double>(tokens) / seconds)
                       : std::string();
  };
  const int64_t read = usage.prompt_tokens - usage.cached_tokens;
  std::string text = fmt::format("load {:.2f} s · prompt {} tokens", session.load_seconds, read);
  if (usage.cached_tokens > 0) text += fmt::format(" (+ {} cached)", usage.cached_tokens);
  text += rate(read, usage.prompt_seconds);
  text += fmt::format(" · answer {} tokens{}", usage.completion_tokens,
                      rate(usage.completion_tokens - 1, usage.completion_seconds));
  const WorkCounters work = session.model->backend->counters();
  const int64_t queries = work.sparse_rows + work.dense_rows;
  if (queries > 0) {
    text += fmt::format(" · attention read {:.0f} of {:.0f} keys per token",
                        static_cast<double>(work.latent_rows_read) / static_cast<double>(queries),
                        static_cast<double>(work.latent_rows_held) / static_cast<double>(queries));
  }
  return text;
}

}  // namespace fathom
