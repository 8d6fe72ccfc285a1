// One row of logits → one token.
//
// The order of operations (docs/sampling.md has the reasons):
//
//   mask       ids without a token; those that the answer's guide (token_guide.h) rules out; until
//              min_tokens are there, also every id that would stop
//   penalties  bias, repetition, frequency, presence (penalties.h)
//   greedy     temperature 0 ends here: the largest logit, the lowest id among equals
//   temperature, then top_k, top_p, min_p, each on what the one before left
//   draw       the first id, in id order, whose cumulative weight exceeds a random share of the sum
//
// Log-probabilities are those of the raw logits over the ids that have a token: before bias,
// penalties, temperature and truncation, as OpenAI and vLLM report them by default.
//
// The draw is a function of (logits, params, penalties, seed, index) alone. It doesn't depend on
// the batch, on the thread, on the machine or on earlier draws.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "sampling/penalties.h"
#include "sampling/sampling_params.h"
#include "sampling/weight.h"

namespace fathom {

struct SampleInput {
  std::span<const float> logits;  // [V]
  const SamplingParams& params;   // validated
  const Penalties& penalties;     // of the same request
  uint64_t seed;                  // params.seed, or the RandomSeed() drawn when the request came
  int64_t index;                  // how many tokens the request has generated before this one
  // Ids that may be drawn, a bit each [(V + 63) / 64]; empty: all of them.
  std::span<const uint64_t> allowed = {};
};

struct TokenLogprob {
  int32_t token;
  double logprob;  // natural logarithm
};

struct Logprobs {
  double chosen;
  std::vector<TokenLogprob> top;  // likeliest first; fewer than asked for when fewer are possible
};

struct SampledToken {
  int32_t token;
  std::optional<Logprobs> logprobs;  // when params.logprobs
};

// Holds the work space, about 16 bytes an id, so that a token allocates nothing beyond what it
// reports. Used by one thread at a time.
class Sampler {
 public:
  // has_token [V]: false for ids that have a row of the output matrix but no token; they are never
  // drawn. eos_ids: what ends a sequence of this model; masked until min_tokens are there.
  Sampler(const std::vector<bool>& has_token, std::vector<int32_t> eos_ids);

  int vocab_size() const { return static_cast<int>(logits_.size()); }

  // kDataLoss for a NaN or +infinity among the logits (-infinity is a token that can't come),
  // kInvalidArgument when every token is masked. Where `allowed` leaves nothing but what would
  // stop, min_tokens gives way.
  Result<SampledToken> Sample(const SampleInput& input);

  // What a row [V] of logits says of a token that came by other means, and of the `top` likeliest
  // ones. kDataLoss as above.
  Result<Logprobs> Report(std::span<const float> logits, int32_t token, int64_t top);

 private:
  // A token as the partial sorts see it; sorted by logit, the lower id first among equals.
  struct Candidate {
    double logit;
    Weight weight;
    int32_t id;
  };
  static bool Better(const Candidate& a, const Candidate& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  }

  Status Load(std::span<const float> row);
  std::vector<Candidate>& KeepBest(size_t count);
  Logprobs ReportTop(size_t count, double* log_sum);
  void MaskAllBut(std::span<const uint64_t> allowed);
  void MaskStops(const SampleInput& input);
  std::optional<int32_t> Likeliest() const;
  int32_t Draw(const SampleInput& input, double best);
  Mass Weigh(double best, double temperature, const Candidate& worst);
  Mass Truncate(Mass total, double top_p, double min_p);
  int32_t Pick(Mass total, uint64_t random) const;

  std::vector<int32_t> without_token_;
  std::vector<int32_t> eos_ids_;
  std::vector<double> logits_;         // [V]  after masks and penalties; -infinity: can't come
  std::vector<Weight> weights_;        // [V]
  std::vector<Candidate> candidates_;  // of a partial sort
};

}  // namespace fathom
