#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"

namespace fathom {
namespace {

int64_t CommonPrefix(std::span<const int32_t> a, std::span<const int32_t> b) {
  const auto [end, ignored] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return end - a.begin();
}

}  // namespace

double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Engine::Engine(StepModel& model, KvCache& cache, const std::vector<bool>& has_token,
               EngineOptions options)
    : model_(model),
      cache_(cache),
      sampler_(has_token, options.eos_ids),
      options_(std::move(options)),
      // Where a token's form depends on its prompt, a longer prompt would have computed it
      // otherwise.
      reuse_(!model.options().dense_prompts),
      tree_(cache.pool()) {
  FATHOM_CHECK(options_.max_running >= 1 && options_.max_running <= model.options().logit_rows,
               "{} running sequences, {} rows of logits", options_.max_running,
               model.options().logit_rows);
  FATHOM_CHECK(options_.mixed_prompt_tokens >= 1, "{} prompt tokens beside others",
               options_.mixed_prompt_tokens);
  FATHOM_CHECK(PagesFor(context()) <= cache.pool().size(), "a context of {} tokens in {} pages",
               context(), cache.pool().size());
  stats_.max_running = options_.max_running;
  stats_.pages = cache.pool().size();
}

Status Engine::Check(const GenerateRequest& request) const {
  const int64_t vocabulary = model_.vocab_size();
  FATHOM_RETURN_IF_ERROR(request.sampling.Validate(static_cast<int>(vocabulary)));
  constexpr int kMostTop = static_cast<int>(ParamRow("top_logprobs").high);
  if (request.prompt_logprobs < -1 || request.prompt_logprobs > kMostTop) {
    return InvalidArgument("prompt_logprobs: {} is outside [-1, {}]", request.prompt_logprobs,
                           kMostTop);
  }
  if (request.prompt.empty()) return InvalidArgument("the prompt is empty");
  for (const int32_t token : request.prompt) {
    if (token < 0 || token >= vocabulary) {
      return InvalidArgument("token {} is outside the vocabulary of {}", token, vocabulary);
    }
  }
  const auto prompt = static_cast<int64_t>(request.prompt.size());
  if (prompt >= context()) {
    return InvalidArgument("the prompt has {} tokens, which leaves no room in a context of {}",
                           prompt, context());
  }
  return {};
}

void Engine::Enqueue(RequestId id, GenerateRequest request, double arrived) {
  shares_.Begin(request.user);
  waiting_.emplace_back(id, std::move(request), cache_.pool(), arrived);
}

Result<RequestId> Engine::Submit(GenerateRequest request) {
  FATHOM_RETURN_IF_ERROR(Check(request));
  const RequestId id = NewId();
  Enqueue(id, std::move(request), options_.clock());
  return id;
}

void Engine::Cancel(RequestId id) {
  for (auto* list : {&waiting_, &running_}) {
    for (Sequence& sequence : *list) sequence.cancelled |= sequence.id == id;
  }
}

std::optional<RequestProgress> Engine::Progress(RequestId id) const {
  for (const auto* list : {&waiting_, &running_}) {
    for (const Sequence& s : *list) {
      if (s.id != id) continue;
      return RequestProgress{.prompt_tokens = s.prompt_tokens,
                             .cached_tokens = s.cached_tokens,
                             .computed_tokens = std::min(s.computed, s.prompt_tokens),
                             .generated_tokens = s.generated(),
                             .seed = s.seed,
                             .running = list == &running_,
                             .preemptions = s.preemptions};
    }
  }
  return std::nullopt;
}

EngineStats Engine::Stats() const {
  EngineStats stats = stats_;
  stats.waiting = static_cast<int64_t>(waiting_.size());
  stats.running = static_cast<int64_t>(running_.size());
  stats.pages_free = cache_.pool().free();
  stats.pages_held = stats.pages - static_cast<int32_t>(AvailablePages());
  stats.pages_in_tree = tree_.size();
  stats.now = options_.clock();
  for (const Sequence& s : waiting_) {
    stats.oldest_waiting_since =
        std::min(stats.oldest_waiting_since.value_or(s.arrived), s.arrived);
  }
  return stats;
}

bool Engine::Step(std::vector<TokenEvent>* events) {
  DropCancelled(waiting_, events);
  DropCancelled(running_, events);
  AdmitWaiting();
  if (running_.empty()) return false;
  RunStep(events);
  return !running_.empty() || !waiting_.empty();
}

void Engine::DropCancelled(std::list<Sequence>& list, std::vector<TokenEvent>* events) {
  for (auto s = list.begin(); s != list.end();) {
    const auto here = s++;
    if (!here->cancelled) continue;
    TokenEvent event = here->MakeEvent();
    event.finish = FinishReason::kCancelled;
    events->push_back(std::move(event));
    Finish(list, here, FinishReason::kCancelled);
  }
}

int64_t Engine::AvailablePages() const { return cache_.pool().free() + tree_.evictable(); }

void Engine::AdmitWaiting() {
  if (static_cast<int64_t>(running_.size()) >= options_.max_running) return;
  std::vector<Place> candidates;
  for (auto s = waiting_.begin(); s != waiting_.end(); ++s) {
    if (!s->awaited || IsComputed(*s->awaited)) candidates.push_back(s);
  }
  std::vector<WaitingView> views;
  while (static_cast<int64_t>(running_.size()) < options_.max_running && !candidates.empty()) {
    views.clear();
    for (const Place& s : candidates) {
      views.push_back({s->priority, shares_.Served(s->user), s->overtaken, s->id});
    }
    const auto next = candidates.begin() + static_cast<ptrdiff_t>(*NextToAdmit(views));
    const Place sequence = *next;
    candidates.erase(next);
    if (WaitsForNeighbour(*sequence)) continue;
    // Nobody behind it may start instead, or a long prompt would wait for ever.
    if (!TryToAdmit(*sequence)) return;
    CountOvertaken(*sequence);
    running_.splice(running_.end(), waiting_, sequence);
  }
}

bool Engine::IsComputed(const Sequence::Awaited& awaited) const {
  const auto other = std::find_if(running_.begin(), running_.end(),
                                  [&](const Sequence& s) { return s.id == awaited.request; });
  return other == running_.end() || other->computed >= awaited.tokens;
}

// Whether a running sequence is about to compute pages that this one needs next. One of lower
// priority is not waited for. Those waited for run, so they advance, and nobody waits for one that
// waits.
bool Engine::WaitsForNeighbour(Sequence& sequence) const {
  sequence.awaited.reset();
  const std::span<const int32_t> tokens = sequence.matchable();
  if (!reuse_ || running_.empty()) return false;
  const int64_t known = tree_.MatchLength(sequence.cache_scope, tokens);
  const int64_t most = (static_cast<int64_t>(tokens.size()) - 1) / kPageTokens * kPageTokens;
  for (const Sequence& other : running_) {
    if (other.cache_scope != sequence.cache_scope || other.priority < sequence.priority) continue;
    const int64_t common =
        std::min(CommonPrefix(other.tokens, tokens) / kPageTokens * kPageTokens, most);
    if (common <= known || common <= other.computed) continue;
    sequence.awaited = {other.id, common};
    return true;
  }
  return false;
}

// Gives the sequence the pages that are known and leaves the others to its growth; false, with
// nothing changed, when too few are left for now.
bool Engine::TryToAdmit(Sequence& sequence) {
  if (reuse_) sequence.pages.Begin(tree_.Match(sequence.cache_scope, sequence.matchable()));
  const auto missing = [](const Sequence& s) {
    const int64_t held = s.pages.capacity() / kPageTokens;
    return std::max<int64_t>(0, PagesFor(s.known() + 1) - held);
  };
  AdmissionView view;
  view.needed = missing(sequence);
  for (const Sequence& s : running_) view.owed += missing(s);
  view.running = static_cast<int64_t>(running_.size());
  view.pages = AvailablePages();
  if (!HasRoomFor(view)) {
    sequence.pages.Truncate(0);
    return false;
  }
  sequence.computed = sequence.pages.capacity();
  sequence.published_pages = sequence.computed / kPageTokens;
  if (sequence.admitted) return true;
  sequence.admitted = options_.clock();
  sequence.cached_tokens = sequence.computed;
  // What is computed again after a preemption is not the user's doing.
  shares_.Charge(sequence.user, sequence.prompt_tokens - sequence.cached_tokens);
  stats_.prompt_tokens_cached += sequence.cached_tokens;
  stats_.queue_seconds.Add(*sequence.admitted - sequence.arrived);
  return true;
}

void Engine::CountOvertaken(const Sequence& admitted) {
  for (Sequence& s : waiting_) {
    if (s.id < admitted.id && s.priority == admitted.priority) ++s.overtaken;
  }
}

std::vector<Engine::Share> Engine::PlanShares() {
  while (true) {
    std::vector<Place> places;
    std::vector<SequenceView> views;
    for (auto s = running_.begin(); s != running_.end(); ++s) {
      places.push_back(s);
      views.push_back(s->View());
    }
    const StepPlan plan = PlanStep(views, {.step_tokens = model_.options().step_tokens,
                                           .mixed_prompt_tokens = options_.mixed_prompt_tokens,
                                           .logit_rows = model_.options().logit_rows,
                                           .pages = AvailablePages()});
    if (plan.preempt) {
      Preempt(places[*plan.preempt]);
      continue;
    }
    std::vector<Share> shares;
    for (const StepShare& share : plan.shares) {
      const Place s = places[share.sequence];
      shares.push_back({s, s->computed, share.tokens});
    }
    return shares;
  }
}

// It keeps what it has generated: its next token has the same number, penalties and seed as if it
// had never stopped. Its whole pages stay in the tree until somebody needs them.
void Engine::Preempt(Place sequence) {
  sequence->pages.Truncate(0);
  sequence->computed = 0;
  sequence->generating = false;
  ++sequence->preemptions;
  ++stats_.preemptions;
  waiting_.splice(waiting_.end(), running_, sequence);
}

void Engine::GrowTo(Sequence& sequence, int64_t tokens) {
  const int64_t more = PagesFor(tokens) - sequence.pages.capacity() / kPageTokens;
  const int64_t short_of = more - cache_.pool().free();
  if (short_of > 0) tree_.Evict(static_cast<int32_t>(short_of));
  const Status status = sequence.pages.Reserve(tokens);
  FATHOM_CHECK(status.ok(), "the plan had pages: {}", status.message());
}

void Engine::RunStep(std::vector<TokenEvent>* events) {
  const double begun = options_.clock();
  const std::vector<Share> shares = PlanShares();
  FATHOM_CHECK(!shares.empty(), "a step without work, {} sequences running", running_.size());
  batch_.Clear();
  for (const Share& share : shares) AddToBatch(share);
  model_.Forward(batch_, cache_);

  int64_t row = 0;
  for (const Share& share : shares) {
    Sequence& s = *share.sequence;
    TokenEvent event = TakeResults(share, &row);
    const std::optional<FinishReason> finish = event.finish;
    if (event.token || finish || !event.prompt_logprobs.empty()) {
      events->push_back(std::move(event));
    }
    if (finish) {
      Finish(running_, share.sequence, *finish);
    } else if (s.computed / kPageTokens > s.published_pages) {
      Publish(s);
    }
  }
  ++stats_.steps;
  stats_.batch_sequences.Add(static_cast<double>(shares.size()));
  stats_.step_seconds.Add(options_.clock() - begun);
}

void Engine::AddToBatch(const Share& share) {
  Sequence& s = *share.sequence;
  GrowTo(s, share.first + share.tokens);
  wanted_rows_.clear();
  for (int64_t i = 0; i < share.tokens; ++i) {
    if (s.NeedsLogits(share.first + i)) wanted_rows_.push_back(static_cast<int32_t>(i));
  }
  const std::span<const int32_t> tokens(s.tokens.data() + share.first,
                                        static_cast<size_t>(share.tokens));
  batch_.Add(tokens, static_cast<int32_t>(share.first), s.pages.ids(), wanted_rows_,
             static_cast<int32_t>(s.prompt_tokens));
}

// What the step says about the share's sequence; `row` moves behind its rows of logits.
TokenEvent Engine::TakeResults(const Share& share, int64_t* row) {
  Sequence& s = *share.sequence;
  TokenEvent event = s.MakeEvent();
  s.computed += share.tokens;
  stats_.prompt_tokens_computed +=
      std::clamp<int64_t>(s.prompt_tokens - share.first, 0, share.tokens);
  std::vector<int64_t> positions;  // that have logits
  for (int64_t p = share.first; p < s.computed; ++p) {
    if (s.NeedsLogits(p)) positions.push_back(p);
  }
  Status status;
  for (const int64_t position : positions) {
    const int64_t own = (*row)++;
    if (status.ok()) status = TakeRow(s, position, own, &event);
  }
  if (!status.ok()) {
    event.finish = FinishReason::kError;
    event.status = std::move(status);
  }
  return event;
}

// Draws the next token, or says how likely the prompt's next one was.
Status Engine::TakeRow(Sequence& sequence, int64_t position, int64_t row, TokenEvent* event) {
  const BufferView all = model_.logits();
  const std::span<const float> logits(all.row<float>(row), static_cast<size_t>(all.cols));
  const auto at = [&](const Status& status) {
    return status.At(fmt::format("position {}", position));
  };
  const Stopwatch watch;
  if (position < sequence.known() - 1) {
    const int32_t next = sequence.tokens[static_cast<size_t>(position) + 1];
    Result<Logprobs> report = sampler_.Report(logits, next, sequence.prompt_logprobs);
    sampling_seconds_ += watch.seconds();
    if (!report.ok()) return at(report.status());
    sequence.reported = position + 1;
    event->prompt_logprobs.push_back(std::move(report).value());
    return {};
  }
  Result<SampledToken> token = NextToken(sequence, logits);
  if (token.ok()) Keep(sequence, std::move(token).value(), event);
  sampling_seconds_ += watch.seconds();
  return at(token.status());
}

// What the guide forces, or what is drawn among those that it allows.
Result<SampledToken> Engine::NextToken(Sequence& sequence, std::span<const float> logits) {
  SampleInput input = {logits, sequence.sampling, sequence.penalties, sequence.seed,
                       sequence.generated()};
  if (sequence.guide != nullptr) {
    const Stopwatch watch;
    const std::optional<int32_t> forced = sequence.guide->Forced();
    if (!forced) input.allowed = sequence.guide->Allowed();
    stats_.guide_seconds += watch.seconds();
    if (forced) return ForcedToken(sequence, *forced, logits);
    if (!input.allowed.empty()) ++stats_.masked_tokens;
  }
  return sampler_.Sample(input);
}

Result<SampledToken> Engine::ForcedToken(const Sequence& sequence, int32_t token,
                                         std::span<const float> logits) {
  FATHOM_CHECK(token >= 0 && token < model_.vocab_size(), "a guide forces token {} of {}", token,
               model_.vocab_size());
  ++stats_.forced_tokens;
  SampledToken forced = {.token = token, .logprobs = {}};
  if (sequence.sampling.logprobs) {
    FATHOM_ASSIGN_OR_RETURN(forced.logprobs,
                            sampler_.Report(logits, token, sequence.sampling.top_logprobs));
  }
  return forced;
}

void Engine::Keep(Sequence& sequence, SampledToken token, TokenEvent* event) {
  const double now = options_.clock();
  if (sequence.generated() == 0) {
    stats_.first_token_seconds.Add(now - sequence.arrived);
  } else {
    stats_.between_tokens_seconds.Add(now - sequence.last_token);
  }
  ++stats_.generated_tokens;
  shares_.Charge(sequence.user, 1);
  sequence.last_token = now;
  sequence.generating = true;
  sequence.tokens.push_back(token.token);
  sequence.penalties.Add(token.token);
  if (sequence.guide != nullptr) {
    const Stopwatch watch;
    sequence.guide->Accept(token.token);
    stats_.guide_seconds += watch.seconds();
  }
  event->finish = FinishAfter(sequence, token.token);
  event->token = std::move(token);
}

std::optional<FinishReason> Engine::FinishAfter(const Sequence& sequence, int32_t token) const {
  const auto has = [token](const std::vector<int32_t>& ids) {
    return std::find(ids.begin(), ids.end(), token) != ids.end();
  };
  if (!sequence.sampling.ignore_eos && has(options_.eos_ids)) return FinishReason::kStop;
  if (has(sequence.sampling.stop_token_ids)) return FinishReason::kStop;
  const bool full = sequence.known() >= context();
  if (full || sequence.generated() >= sequence.sampling.max_tokens) return FinishReason::kLength;
  return std::nullopt;
}

void Engine::Publish(Sequence& sequence) {
  if (!reuse_) return;
  const int64_t pages = sequence.computed / kPageTokens;
  const std::span<const int32_t> tokens = sequence.tokens;
  tree_.Insert(sequence.cache_scope, tokens.first(static_cast<size_t>(pages * kPageTokens)),
               sequence.pages);
  sequence.published_pages = pages;
}

void Engine::Finish(std::list<Sequence>& list, Place sequence, FinishReason reason) {
  // Also where nothing is new, since its pages were used until now.
  if (reason != FinishReason::kError) Publish(*sequence);
  shares_.End(sequence->user);
  ++stats_.finished[static_cast<size_t>(reason)];
  if (sequence->admitted) {
    constexpr double kNewest = 1.0 / 8;  // share of the newest request in the mean
    const double seconds = options_.clock() - *sequence->admitted;
    double& mean = stats_.mean_running_seconds;
    mean += (seconds - mean) * (mean == 0 ? 1 : kNewest);
  }
  list.erase(sequence);
}

}  // namespace fathom
