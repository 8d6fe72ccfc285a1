#include "session.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "interrupt.h"
#include "progress.h"

namespace fathom {
namespace {

// Which ids may be drawn: those with a token. The output matrix has more rows than that.
std::vector<bool> HasToken(const Tokenizer& tokenizer, int64_t vocab_size) {
  std::vector<bool> has(static_cast<size_t>(vocab_size));
  for (size_t id = 0; id < has.size(); ++id) {
    has[id] = tokenizer.vocabulary().Has(static_cast<int32_t>(id));
  }
  return has;
}

Status CheckVocabulary(const Tokenizer& tokenizer, const Checkpoint& checkpoint) {
  const int32_t largest = tokenizer.vocabulary().id_limit() - 1;
  if (largest < checkpoint.config.vocab_size) return {};
  return InvalidArgument("{}/tokenizer.json: has token {}, but vocab_size is {}", checkpoint.folder,
                         largest, checkpoint.config.vocab_size);
}

}  // namespace

Result<std::unique_ptr<Session>> OpenSession(const ModelFlags& flags, int64_t max_running) {
  const Stopwatch watch;
  auto session = std::make_unique<Session>();
  FATHOM_ASSIGN_OR_RETURN(ModelOptions options, flags.ToOptions());
  options.sequences = max_running;
  options.logit_rows = max_running;
  const InterruptScope interrupt;
  std::optional<Progress> bar;
  const auto on_plan = [&](const MemoryPlan& plan) {
    constexpr int64_t kWorthSaying = int64_t{2} << 30;  // smaller models start before it is read
    if (plan.total() > kWorthSaying) fmt::print(stderr, "{}\n", plan.Describe());
    bar.emplace("reading weights", plan.weights);
  };
  const auto on_progress = [&](int64_t done) {
    bar->Update(done);
    return interrupt.Check();
  };
  FATHOM_ASSIGN_OR_RETURN(session->model, OpenModel(options, on_plan, on_progress));
  bar.reset();
  const Checkpoint& checkpoint = session->model->checkpoint;
  FATHOM_ASSIGN_OR_RETURN(session->tokenizer,
                          Tokenizer::Load(checkpoint.folder + "/tokenizer.json"));
  FATHOM_RETURN_IF_ERROR(CheckVocabulary(*session->tokenizer, checkpoint));
  EngineOptions engine;
  engine.max_running = max_running;
  for (const int64_t id : checkpoint.generation.eos_token_ids) {
    engine.eos_ids.push_back(static_cast<int32_t>(id));
  }
  session->engine = std::make_unique<Engine>(
      *session->model->transformer, *session->model->cache,
      HasToken(*session->tokenizer, checkpoint.config.vocab_size), std::move(engine));
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
