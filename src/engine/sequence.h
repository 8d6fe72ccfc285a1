// A request from its arrival to its end, as the engine sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/request.h"
#include "engine/scheduler.h"
#include "kv/page_table.h"
#include "sampling/penalties.h"

namespace fathom {

struct Sequence {
  Sequence(RequestId id, GenerateRequest request, PagePool& pool, double arrived);

  const RequestId id;  // ascending with arrival
  const SamplingParams sampling;
  const uint64_t seed;
  const int priority;
  const uint64_t user, cache_scope;
  const int prompt_logprobs;
  Penalties penalties;
  const std::shared_ptr<TokenGuide> guide;  // kept over preemption, as the tokens are
  std::vector<int32_t> tokens;              // prompt, then what was generated
  const int64_t prompt_tokens;
  bool cancelled = false;

  // What it has of the cache; nothing while it waits.
  PageTable pages;
  int64_t computed = 0;         // tokens whose cache is written
  int64_t published_pages = 0;  // that the prefix tree knows
  bool generating = false;      // has drawn a token since it was admitted

  int64_t reported = 0;  // prompt tokens behind the first whose log-probability is out

  // Another one is computing pages that this one can use: it waits for them while that one runs.
  struct Awaited {
    RequestId request;
    int64_t tokens;
  };
  std::optional<Awaited> awaited;

  int64_t cached_tokens = 0;  // of the prompt, found in the cache when it was first admitted
  int64_t overtaken = 0;
  int64_t preemptions = 0;
  const double arrived;
  std::optional<double> admitted;  // the first time
  double last_token = 0;

  int64_t known() const { return static_cast<int64_t>(tokens.size()); }
  int64_t generated() const { return known() - prompt_tokens; }
  bool reports_prompt() const { return prompt_logprobs >= 0 && reported < prompt_tokens - 1; }

  // The tokens whose pages may be taken from the cache: all, or those whose logits nobody needs
  // any more. The prefix tree leaves the last of them to compute.
  std::span<const int32_t> matchable() const;

  // Whether the step that computes `position` must leave its logits.
  bool NeedsLogits(int64_t position) const;

  SequenceView View() const;

  // One without anything new: what every event says of its request.
  TokenEvent MakeEvent() const;
};

}  // namespace fathom
