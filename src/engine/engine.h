// The loop: admit, plan a step, run it, sample, report.
//
// Tokens only; text, JSON and chat format stay above. Who waits, runs and gives way is decided in
// scheduler.h; here it is carried out. A sequence gets pages as it grows. Its whole pages are told
// to the prefix tree as they fill, where the next turn of the conversation, or a neighbour with the
// same beginning, finds them. When pages run out, the tree gives up what nobody holds, and then the
// lowest-ranking sequence its own: it waits again and is computed anew later. None of this changes
// a number, since a token's cache does not depend on the step it was computed in (backend.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "engine/fair_shares.h"
#include "engine/metrics.h"
#include "engine/request.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include "kv/kv_cache.h"
#include "kv/prefix_tree.h"
#include "model/step_model.h"
#include "sampling/sampler.h"

namespace fathom {

// Seconds since some moment, of a clock that never goes back.
double MonotonicSeconds();

struct EngineOptions {
  int64_t max_running = 8;  // sequences that share steps; at most the model's logit_rows
  std::vector<int32_t> eos_ids;
  // Tokens of prompts in a step that others wait for, who are generating. A longer piece would use
  // the machine better and make every stream falter whenever somebody comes.
  int64_t mixed_prompt_tokens = 256;
  std::function<double()> clock = MonotonicSeconds;  // any thread
};

// Threads: all calls from one, but for those that say otherwise.
class Engine {
 public:
  // Model and cache outlive the engine. The cache has pages for one context at least, and no other
  // engine at the same time. has_token [vocab_size]: ids that may be drawn.
  Engine(StepModel& model, KvCache& cache, const std::vector<bool>& has_token,
         EngineOptions options);

  // Queues a request. Errors: those of Check.
  Result<RequestId> Submit(GenerateRequest request);

  // Submit in its parts, for who takes requests on other threads. Check and NewId: any thread.
  // kInvalidArgument for an empty prompt, an id outside the vocabulary, a parameter out of range,
  // or a prompt that leaves no room in the context.
  Status Check(const GenerateRequest& request) const;
  RequestId NewId() { return next_id_++; }
  void Enqueue(RequestId id, GenerateRequest request, double arrived);  // checked; by the clock

  // Runs one step and appends what it brought. False when there is nothing left to run.
  bool Step(std::vector<TokenEvent>* events);

  // The request ends with kCancelled at the next Step. Unknown ids (already finished) are ignored.
  void Cancel(RequestId id);

  // Of a request that has not finished; nothing for others.
  std::optional<RequestProgress> Progress(RequestId id) const;

  EngineStats Stats() const;

  int64_t context() const { return model_.options().context; }  // any thread
  int64_t vocab_size() const { return model_.vocab_size(); }    // any thread
  const EngineOptions& options() const { return options_; }     // any thread

  // Spent in the sampler and in guides so far; the rest of a step is the model's.
  double sampling_seconds() const { return sampling_seconds_; }

 private:
  using Place = std::list<Sequence>::iterator;
  // What a sequence computes in a step.
  struct Share {
    Place sequence;
    int64_t first, tokens;  // positions
  };

  void DropCancelled(std::list<Sequence>& list, std::vector<TokenEvent>* events);
  void AdmitWaiting();
  bool IsComputed(const Sequence::Awaited& awaited) const;
  bool WaitsForNeighbour(Sequence& sequence) const;
  bool TryToAdmit(Sequence& sequence);
  void CountOvertaken(const Sequence& admitted);
  int64_t AvailablePages() const;

  std::vector<Share> PlanShares();
  void Preempt(Place sequence);
  void GrowTo(Sequence& sequence, int64_t tokens);
  void RunStep(std::vector<TokenEvent>* events);
  void AddToBatch(const Share& share);
  TokenEvent TakeResults(const Share& share, int64_t* row);
  Status TakeRow(Sequence& sequence, int64_t position, int64_t row, TokenEvent* event);
  Result<SampledToken> NextToken(Sequence& sequence, std::span<const float> logits);
  Result<SampledToken> ForcedToken(const Sequence& sequence, int32_t token,
                                   std::span<const float> logits);
  void Keep(Sequence& sequence, SampledToken token, TokenEvent* event);
  std::optional<FinishReason> FinishAfter(const Sequence& sequence, int32_t token) const;
  void Publish(Sequence& sequence);
  void Finish(std::list<Sequence>& list, Place sequence, FinishReason reason);

  StepModel& model_;
  KvCache& cache_;
  Sampler sampler_;
  const EngineOptions options_;
  const bool reuse_;  // pages of one sequence may serve another
  std::atomic<RequestId> next_id_ = 1;
  PrefixTree tree_;
  FairShares shares_;
  std::list<Sequence> waiting_;
  std::list<Sequence> running_;
  Batch batch_;
  std::vector<int32_t> wanted_rows_;  // of the share that goes into the batch
  EngineStats stats_;                 // what is counted; Stats adds what can be looked up
  double sampling_seconds_ = 0;
};

}  // namespace fathom
