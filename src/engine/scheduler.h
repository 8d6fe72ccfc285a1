// Chooses what the next step runs. Pure: it reads a snapshot and returns a plan, so every policy
// question can be tested without a model. Sequences that are generating go first, since a waiting
// reader notices a late token more than a late start; prompts share what is left of the step, the
// oldest first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fathom {

struct SequenceView {
  int64_t uncached_tokens = 0;  // known tokens that the cache does not hold: 1 while generating
};

struct StepShare {
  size_t sequence = 0;  // index into the views
  int64_t tokens = 0;   // how many of its uncached tokens run, from the first
};

// `views` are in order of arrival. Never more than `step_tokens` in all; every sequence with
// uncached tokens gets its turn as long as step_tokens ≥ the number of sequences.
std::vector<StepShare> PlanStep(std::span<const SequenceView> views, int64_t step_tokens);

}  // namespace fathom
