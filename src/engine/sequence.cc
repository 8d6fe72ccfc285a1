#include "engine/sequence.h"

#include <utility>

namespace fathom {

Sequence::Sequence(RequestId id, GenerateRequest request, PagePool& pool, double arrived)
    : id(id),
      sampling(std::move(request.sampling)),
      seed(sampling.seed ? *sampling.seed : RandomSeed()),
      priority(request.priority),
      user(request.user),
      cache_scope(request.cache_scope),
      prompt_logprobs(request.prompt_logprobs),
      penalties(sampling, request.prompt),
      guide(std::move(request.guide)),
      tokens(std::move(request.prompt)),
      prompt_tokens(static_cast<int64_t>(tokens.size())),
      pages(pool),
      arrived(arrived) {}

std::span<const int32_t> Sequence::matchable() const {
  const std::span<const int32_t> all = tokens;
  return reports_prompt() ? all.first(static_cast<size_t>(reported) + 1) : all;
}

bool Sequence::NeedsLogits(int64_t position) const {
  if (position == known() - 1) return true;
  return reports_prompt() && position >= reported && position < prompt_tokens - 1;
}

SequenceView Sequence::View() const {
  return {.uncached = known() - computed,
          .generating = generating,
          .all_rows = reports_prompt(),
          .room = pages.capacity() - computed,
          .priority = priority,
          .arrival = id};
}

TokenEvent Sequence::MakeEvent() const {
  TokenEvent event;
  event.request = id;
  event.seed = seed;
  event.cached_tokens = cached_tokens;
  if (admitted) event.queue_seconds = *admitted - arrived;
  return event;
}

}  // namespace fathom
