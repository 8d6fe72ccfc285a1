// The loop: plan a step, run it, sample, report.
//
// Tokens only; text, JSON and chat format stay above. In its simplest form: the caller's thread
// runs the steps, sequences stand in one list, and a request gets the pages of its longest possible
// course when it starts, so that nothing ever has to be taken back.
//
// Pages of finished requests stay until they are needed: a request whose prompt continues one of
// them (the next turn of a conversation) starts behind what is cached. This changes no number,
// since a token's cache does not depend on the step it was computed in (backend.h).
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "engine/request.h"
#include "engine/scheduler.h"
#include "kv/kv_cache.h"
#include "kv/page_table.h"
#include "model/transformer.h"
#include "sampling/penalties.h"
#include "sampling/sampler.h"

namespace fathom {

struct EngineOptions {
  int64_t max_running = 8;  // sequences that share steps; at most the model's logit_rows
  std::vector<int32_t> eos_ids;
};

// Threads: all calls from one.
class Engine {
 public:
  // Model and cache outlive the engine. has_token [vocab_size]: ids that may be drawn.
  Engine(Transformer& model, KvCache& cache, const std::vector<bool>& has_token,
         EngineOptions options);

  // Queues a request. kInvalidArgument for an empty prompt, an id outside the vocabulary, a
  // sampling parameter out of range, or a prompt that leaves no room in the context.
  Result<RequestId> Submit(GenerateRequest request);

  // Runs one step and appends what it brought. False when there is nothing left to run.
  bool Step(std::vector<TokenEvent>* events);

  // The request ends with kCancelled at the next Step. Unknown ids (already finished) are ignored.
  void Cancel(RequestId id);

  // Of a request that has not finished; nothing for others.
  std::optional<RequestProgress> Progress(RequestId id) const;

  int64_t context() const { return model_.options().context; }

  // Spent in the sampler so far; the rest of a step is the model's.
  double sampling_seconds() const { return sampling_seconds_; }

 private:
  struct Sequence {
    Sequence(RequestId id, GenerateRequest request, uint64_t seed, PagePool& pool);

    RequestId id;
    SamplingParams sampling;
    uint64_t seed;
    Penalties penalties;
    std::vector<int32_t> tokens;  // prompt, then what was generated
    int64_t prompt_tokens;
    int64_t cached_tokens = 0;  // of the prompt, found in the cache
    int64_t computed = 0;       // tokens whose cache is written
    PageTable pages;
    bool cancelled = false;

    int64_t generated() const { return static_cast<int64_t>(tokens.size()) - prompt_tokens; }
  };

  // A finished request's pages and the tokens they hold.
  struct Retained {
    std::vector<int32_t> tokens;
    PageTable pages;
  };

  void AdmitWaiting();
  bool Admit(Sequence& sequence);
  void ReuseRetained(Sequence& sequence);
  int64_t LongestCourse(const Sequence& sequence) const;
  void DropCancelled(std::vector<TokenEvent>* events);
  void RunStep(std::vector<TokenEvent>* events);
  std::optional<FinishReason> FinishAfter(const Sequence& sequence, int32_t token) const;
  void Finish(std::list<Sequence>::iterator sequence);

  Transformer& model_;
  KvCache& cache_;
  Sampler sampler_;
  const EngineOptions options_;
  RequestId next_id_ = 1;
  std::list<Sequence> waiting_;
  std::list<Sequence> running_;    // in order of arrival
  std::deque<Retained> retained_;  // oldest first
  Batch batch_;
  double sampling_seconds_ = 0;
};

}  // namespace fathom
