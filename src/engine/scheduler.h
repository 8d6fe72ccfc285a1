// Decides who waits, who runs, what a step computes and who gives way. Pure: it reads small
// snapshots and returns plans, so every question of policy can be tested without a model.
//
// Sequences that are generating go first, since a waiting reader notices a late token more than a
// late start; prompts share what is left of the step. Among equals the rank decides: the higher
// priority, then the earlier arrival. Whoever ranks highest always advances, so there is no
// livelock, and nobody can be overtaken without end. docs/engine.md tells the whole policy.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fathom {

// A request that waits.
struct WaitingView {
  int priority = 0;
  int64_t served = 0;     // tokens its user has been served (fair_shares.h)
  int64_t overtaken = 0;  // how many of its priority came later and were admitted before it
  int64_t arrival = 0;
};

// A request that was overtaken this often goes before all others of its priority, whoever its user
// is: an endless stream of new users must not keep an old one out.
inline constexpr int64_t kMostOvertaken = 64;

// Priority, then those overtaken too often, then the user served least, then arrival. Nothing when
// there are no views.
std::optional<size_t> NextToAdmit(std::span<const WaitingView> views);

struct AdmissionView {
  int64_t needed = 0;   // pages that its known tokens and one more need beside those it shares
  int64_t owed = 0;     // pages that running sequences still need for what is known of them
  int64_t running = 0;  // sequences; each is left a page to grow into
  int64_t pages = 0;    // free ones and those that can be given up
};

// Whether one more sequence can run. Always when it is the only one.
bool HasRoomFor(const AdmissionView& view);

// A sequence that runs.
struct SequenceView {
  int64_t uncached = 0;     // known tokens that the cache does not hold
  bool generating = false;  // it has drawn a token since it began; its uncached tokens are few
  bool all_rows = false;    // every token needs a row of logits, not the last known one alone
  int64_t room = 0;         // tokens that fit into its pages behind what is cached
  int priority = 0;
  int64_t arrival = 0;
};

struct StepLimits {
  int64_t step_tokens = 0;
  int64_t mixed_prompt_tokens = 0;  // of prompts, while others are generating
  int64_t logit_rows = 0;           // at least one for each sequence
  int64_t pages = 0;                // free ones and those that can be given up
};

struct StepShare {
  size_t sequence = 0;  // index into the views
  int64_t tokens = 0;   // how many of its uncached tokens run, from the first
};

// Either what runs, or who gives its pages back before another plan is made.
struct StepPlan {
  std::vector<StepShare> shares;
  std::optional<size_t> preempt;
};

// Never more than the limits. Where a sequence's turn has come and there is no page for it, the one
// that ranks lowest gives way: never the one that ranks highest, so one sequence alone must find
// its pages. A generating sequence is never skipped for a prompt.
StepPlan PlanStep(std::span<const SequenceView> views, const StepLimits& limits);

}  // namespace fathom
