#include "engine/engine.h"

#include <algorithm>
#include <utility>

namespace fathom {
namespace {

// Conversations whose pages are kept for their next turn.
constexpr size_t kMaxRetained = 8;

int64_t CommonPrefix(std::span<const int32_t> a, std::span<const int32_t> b) {
  const auto [end, ignored] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return end - a.begin();
}

}  // namespace

Engine::Sequence::Sequence(RequestId id, GenerateRequest request, uint64_t seed, PagePool& pool)
    : id(id),
      sampling(std::move(request.sampling)),
      seed(seed),
      penalties(sampling, request.prompt),
      tokens(std::move(request.prompt)),
      prompt_tokens(static_cast<int64_t>(tokens.size())),
      pages(pool) {}

Engine::Engine(Transformer& model, KvCache& cache, const std::vector<bool>& has_token,
               EngineOptions options)
    : model_(model),
      cache_(cache),
      sampler_(has_token, options.eos_ids),
      options_(std::move(options)) {
  FATHOM_CHECK(options_.max_running >= 1 && options_.max_running <= model.options().logit_rows,
               "{} running sequences, {} rows of logits", options_.max_running,
               model.options().logit_rows);
}

Result<RequestId> Engine::Submit(GenerateRequest request) {
  const int64_t vocabulary = model_.config().vocab_size;
  FATHOM_RETURN_IF_ERROR(request.sampling.Validate(static_cast<int>(vocabulary)));
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
  const uint64_t seed = request.sampling.seed ? *request.sampling.seed : RandomSeed();
  waiting_.emplace_back(next_id_, std::move(request), seed, cache_.pool());
  return next_id_++;
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
      return RequestProgress{s.prompt_tokens, s.cached_tokens,
                             std::min(s.computed, s.prompt_tokens), s.generated(), s.seed};
    }
  }
  return std::nullopt;
}

bool Engine::Step(std::vector<TokenEvent>* events) {
  DropCancelled(events);
  AdmitWaiting();
  if (running_.empty()) return !waiting_.empty();
  RunStep(events);
  return !running_.empty() || !waiting_.empty();
}

void Engine::DropCancelled(std::vector<TokenEvent>* events) {
  for (auto* list : {&waiting_, &running_}) {
    for (auto s = list->begin(); s != list->end();) {
      const auto here = s++;
      if (!here->cancelled) continue;
      events->push_back({here->id, std::nullopt, FinishReason::kCancelled, {}});
      if (list == &running_) {
        Finish(here);
      } else {
        list->erase(here);
      }
    }
  }
}

int64_t Engine::LongestCourse(const Sequence& sequence) const {
  return std::min(context(), sequence.prompt_tokens + sequence.sampling.max_tokens);
}

void Engine::AdmitWaiting() {
  while (!waiting_.empty() && static_cast<int64_t>(running_.size()) < options_.max_running) {
    if (!Admit(waiting_.front())) return;
    running_.splice(running_.end(), waiting_, waiting_.begin());
  }
}

// Gives the sequence its pages, retained ones first; false when too few are free for now.
bool Engine::Admit(Sequence& sequence) {
  ReuseRetained(sequence);
  while (!sequence.pages.Reserve(LongestCourse(sequence)).ok()) {
    if (retained_.empty()) {
      // Only running requests hold pages now; without any, the whole pool was too small.
      FATHOM_CHECK(!running_.empty(), "a context of {} tokens in {} pages", context(),
                   cache_.pool().size());
      return false;
    }
    retained_.pop_front();
  }
  return true;
}

void Engine::ReuseRetained(Sequence& sequence) {
  if (sequence.computed > 0) return;  // has been here before and found too few pages
  auto best = retained_.end();
  int64_t longest = 0;
  for (auto r = retained_.begin(); r != retained_.end(); ++r) {
    // At least one token is left to run, because its logits are needed.
    const int64_t common =
        std::min(CommonPrefix(r->tokens, sequence.tokens), sequence.prompt_tokens - 1);
    if (common > longest) {
      longest = common;
      best = r;
    }
  }
  if (best == retained_.end()) return;
  sequence.pages = std::move(best->pages);
  sequence.pages.Truncate(longest);
  sequence.computed = sequence.cached_tokens = longest;
  retained_.erase(best);
}

void Engine::RunStep(std::vector<TokenEvent>* events) {
  std::vector<std::list<Sequence>::iterator> sequences;
  std::vector<SequenceView> views;
  for (auto s = running_.begin(); s != running_.end(); ++s) {
    sequences.push_back(s);
    views.push_back({static_cast<int64_t>(s->tokens.size()) - s->computed});
  }
  const std::vector<StepShare> plan = PlanStep(views, model_.options().step_tokens);

  batch_.Clear();
  std::vector<std::list<Sequence>::iterator> sampled;  // whose last token is in this step
  for (const StepShare& share : plan) {
    Sequence& s = *sequences[share.sequence];
    const std::span<const int32_t> tokens(s.tokens.data() + s.computed,
                                          static_cast<size_t>(share.tokens));
    const auto last = static_cast<int32_t>(share.tokens - 1);
    const bool complete = share.tokens == views[share.sequence].uncached_tokens;
    batch_.Add(tokens, static_cast<int32_t>(s.computed), s.pages.ids(),
               {&last, complete ? size_t{1} : size_t{0}}, static_cast<int32_t>(s.prompt_tokens));
    s.computed += share.tokens;
    if (complete) sampled.push_back(sequences[share.sequence]);
  }
  model_.Forward(batch_, cache_);

  const BufferView logits = model_.logits();
  for (size_t i = 0; i < sampled.size(); ++i) {
    Sequence& s = *sampled[i];
    const std::span<const float> row(logits.row<float>(static_cast<int64_t>(i)),
                                     static_cast<size_t>(logits.cols));
    TokenEvent event;
    event.request = s.id;
    Result<SampledToken> token =
        sampler_.Sample({row, s.sampling, s.penalties, s.seed, s.generated()});
    if (token.ok()) {
      s.tokens.push_back(token->token);
      s.penalties.Add(token->token);
      event.finish = FinishAfter(s, token->token);
      event.token = std::move(token).value();
    } else {
      event.finish = FinishReason::kError;
      event.status = token.status().At(fmt::format("position {}", s.tokens.size() - 1));
    }
    const bool finished = event.finish.has_value();
    events->push_back(std::move(event));
    if (finished) Finish(sampled[i]);
  }
}

std::optional<FinishReason> Engine::FinishAfter(const Sequence& sequence, int32_t token) const {
  const auto has = [token](const std::vector<int32_t>& ids) {
    return std::find(ids.begin(), ids.end(), token) != ids.end();
  };
  if (!sequence.sampling.ignore_eos && has(options_.eos_ids)) return FinishReason::kStop;
  if (has(sequence.sampling.stop_token_ids)) return FinishReason::kStop;
  const bool full = static_cast<int64_t>(sequence.tokens.size()) >= context();
  if (full || sequence.generated() >= sequence.sampling.max_tokens) return FinishReason::kLength;
  return std::nullopt;
}

void Engine::Finish(std::list<Sequence>::iterator sequence) {
  Retained kept{std::move(sequence->tokens), std::move(sequence->pages)};
  kept.tokens.resize(static_cast<size_t>(sequence->computed));
  kept.pages.Truncate(sequence->computed);
  running_.erase(sequence);
  // Where a token's form depends on its prompt, a longer prompt would have computed it otherwise.
  if (kept.tokens.empty() || model_.options().dense_prompts) return;
  retained_.push_back(std::move(kept));
  if (retained_.size() > kMaxRetained) retained_.pop_front();
}

}  // namespace fathom
