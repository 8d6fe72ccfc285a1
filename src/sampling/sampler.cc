#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/random.h"

namespace fathom {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// The stream of base/random.h that draws come from; whatever else a request may ever draw takes
// another one.
constexpr uint64_t kDrawStream = 0;

// Lower ones, but for 0, act like this one, as in the reference code (spec 3.8).
constexpr double kLowestTemperature = 1e-5;

// This many weights of at most 2^57 add up in 64 bits.
constexpr size_t kBlock = 64;

uint64_t RandomBits(uint64_t seed, int64_t index) {
  const auto bits = Philox(seed, kDrawStream, static_cast<uint64_t>(index));
  return uint64_t{bits[0]} << 32 | bits[1];
}

// floor(total · random / 2^64): uniform in [0, total).
Mass ShareOf(Mass total, uint64_t random) {
  const auto low = static_cast<uint64_t>(total);
  return (total >> 64) * random + (Mass{low} * random >> 64);
}

}  // namespace

Sampler::Sampler(const std::vector<bool>& has_token, std::vector<int32_t> eos_ids)
    : eos_ids_(std::move(eos_ids)), logits_(has_token.size()), weights_(has_token.size()) {
  for (size_t i = 0; i < has_token.size(); ++i) {
    if (!has_token[i]) without_token_.push_back(static_cast<int32_t>(i));
  }
  for (const int32_t id : eos_ids_) {
    FATHOM_CHECK(id >= 0 && id < vocab_size(), "end of sequence {} of {}", id, vocab_size());
  }
}

Result<SampledToken> Sampler::Sample(const SampleInput& input) {
  const SamplingParams& params = input.params;
  FATHOM_RETURN_IF_ERROR(Load(input.logits));
  SampledToken sampled;
  double log_sum = 0;
  if (params.logprobs) {
    sampled.logprobs = ReportTop(static_cast<size_t>(params.top_logprobs), &log_sum);
  }
  if (!input.allowed.empty()) MaskAllBut(input.allowed);
  if (input.index < params.min_tokens) MaskStops(input);
  input.penalties.Apply(logits_);

  const std::optional<int32_t> likeliest = Likeliest();
  if (!likeliest) {
    return InvalidArgument("no token can be drawn: all {} are {} or have a logit of -infinity",
                           vocab_size(),
                           input.allowed.empty() ? "masked" : "ruled out by the answer's guide");
  }
  sampled.token =
      params.temperature == 0 ? *likeliest : Draw(input, logits_[static_cast<size_t>(*likeliest)]);
  if (sampled.logprobs) {
    sampled.logprobs->chosen = input.logits[static_cast<size_t>(sampled.token)] - log_sum;
  }
  return sampled;
}

Result<Logprobs> Sampler::Report(std::span<const float> logits, int32_t token, int64_t top) {
  FATHOM_CHECK(token >= 0 && token < vocab_size(), "token {} of {}", token, vocab_size());
  FATHOM_RETURN_IF_ERROR(Load(logits));
  double log_sum = 0;
  Logprobs report = ReportTop(static_cast<size_t>(top), &log_sum);
  report.chosen = logits_[static_cast<size_t>(token)] - log_sum;
  return report;
}

Status Sampler::Load(std::span<const float> row) {
  FATHOM_CHECK(row.size() == logits_.size(), "{} logits for a vocabulary of {}", row.size(),
               logits_.size());
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  bool possible = true;  // false for NaN as well
  for (size_t i = 0; i < row.size(); ++i) {
    logits_[i] = row[i];
    possible &= row[i] < kInfinity;
  }
  if (!possible) {
    const auto bad = std::find_if(row.begin(), row.end(), [](float x) { return !(x < kInfinity); });
    return DataLoss("the logit of token {} is {}", bad - row.begin(), *bad);
  }
  for (const int32_t id : without_token_) logits_[static_cast<size_t>(id)] = kNever;
  return {};
}

// The `count` best of logits_ in no order, but for the last, which is the worst of them; fewer when
// fewer are possible. One pass: once there are `count`, only better ones than the worst get in, and
// on a row in random order those are few.
std::vector<Sampler::Candidate>& Sampler::KeepBest(size_t count) {
  candidates_.clear();
  if (count == 0) return candidates_;
  const auto cut = [&] {
    if (candidates_.empty()) return;
    const size_t kept = std::min(count, candidates_.size());
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(kept) - 1,
                     candidates_.end(), Better);
    candidates_.resize(kept);
  };
  const size_t room = std::max(2 * count, size_t{256});
  double worst = kNever;
  for (size_t i = 0; i < logits_.size(); ++i) {
    if (!(logits_[i] > worst)) continue;  // an equal one has the higher id
    candidates_.push_back({logits_[i], 0, static_cast<int32_t>(i)});
    if (candidates_.size() == room) {
      cut();
      worst = candidates_.back().logit;
    }
  }
  cut();
  return candidates_;
}

// The report of the raw logits, which logits_ holds now, but for the chosen token.
// log_sum: the logarithm of the sum of their exponentials.
Logprobs Sampler::ReportTop(size_t count, double* log_sum) {
  Logprobs report = {.chosen = kNever, .top = {}};
  const std::optional<int32_t> likeliest = Likeliest();
  if (!likeliest) return report;
  const double best = logits_[static_cast<size_t>(*likeliest)];
  const Mass total = Weigh(best, 1, {kNever, 0, vocab_size()});
  *log_sum = best + std::log(static_cast<double>(total) / static_cast<double>(kFullWeight));
  std::vector<Candidate>& top = KeepBest(count);
  std::sort(top.begin(), top.end(), Better);
  for (const Candidate& c : top) report.top.push_back({c.id, c.logit - *log_sum});
  return report;
}

void Sampler::MaskAllBut(std::span<const uint64_t> allowed) {
  const size_t vocab = logits_.size();
  FATHOM_CHECK(allowed.size() == (vocab + 63) / 64, "{} words of a mask for a vocabulary of {}",
               allowed.size(), vocab);
  for (size_t begin = 0; begin < vocab; begin += 64) {
    const uint64_t word = allowed[begin / 64];
    if (word == ~uint64_t{0}) continue;
    const size_t end = std::min(begin + 64, vocab);
    if (word == 0) {
      std::fill(logits_.data() + begin, logits_.data() + end, kNever);
      continue;
    }
    for (size_t i = begin; i < end; ++i) {
      if ((word >> (i - begin) & 1) == 0) logits_[i] = kNever;
    }
  }
}

// Under a guide an answer may have come to its end before min_tokens: then the stops stay.
void Sampler::MaskStops(const SampleInput& input) {
  const auto mask = [&](const std::vector<int32_t>& ids) {
    for (const int32_t id : ids) logits_[static_cast<size_t>(id)] = kNever;
  };
  mask(eos_ids_);
  mask(input.params.stop_token_ids);
  if (input.allowed.empty() || Likeliest()) return;
  const auto unmask = [&](const std::vector<int32_t>& ids) {
    for (const int32_t id : ids) {
      const auto i = static_cast<size_t>(id);
      if ((input.allowed[i / 64] >> (i % 64) & 1) != 0) logits_[i] = input.logits[i];
    }
  };
  unmask(eos_ids_);
  unmask(input.params.stop_token_ids);
  for (const int32_t id : without_token_) logits_[static_cast<size_t>(id)] = kNever;
}

// The lowest id of the largest logit; nothing when no token is possible.
std::optional<int32_t> Sampler::Likeliest() const {
  std::optional<int32_t> likeliest;
  double best = kNever;
  for (size_t i = 0; i < logits_.size(); ++i) {
    if (logits_[i] > best) {
      best = logits_[i];
      likeliest = static_cast<int32_t>(i);
    }
  }
  return likeliest;
}

int32_t Sampler::Draw(const SampleInput& input, double best) {
  const SamplingParams& params = input.params;
  Candidate worst = {kNever, 0, vocab_size()};
  if (params.top_k > 0 && params.top_k < vocab_size()) {
    worst = KeepBest(static_cast<size_t>(params.top_k)).back();
  }
  Mass total = Weigh(best, params.temperature, worst);
  if (params.top_p < 1 || params.min_p > 0) total = Truncate(total, params.top_p, params.min_p);
  return Pick(total, RandomBits(input.seed, input.index));
}

// Sets the weight of every token that isn't worse than `worst`, and of the rest to 0; returns the
// sum.
Mass Sampler::Weigh(double best, double temperature, const Candidate& worst) {
  const double sharpness = 1 / std::max(temperature, kLowestTemperature);
  Mass total = 0;
  for (size_t begin = 0; begin < logits_.size(); begin += kBlock) {
    const size_t end = std::min(begin + kBlock, logits_.size());
    Weight sum = 0;
    for (size_t i = begin; i < end; ++i) {
      const double logit = logits_[i];
      const bool kept =
          logit > worst.logit || (logit == worst.logit && static_cast<int32_t>(i) <= worst.id);
      weights_[i] = kept ? WeightOf((logit - best) * sharpness) : 0;
      sum += weights_[i];
    }
    total += sum;
  }
  return total;
}

// Sets the weights outside top_p and min_p to 0; returns the sum of those left.
//
// top_p keeps the smallest set of best tokens that weighs at least top_p · total. All tokens
// lighter than (1 - top_p) · total / V weigh less than (1 - top_p) · total together, so that set
// holds none of them, and few tokens remain for a search by halves: each step partitions what is
// left around its middle and keeps the half in which the sum is reached. min_p drops a tail, so
// dropping it first changes nothing.
Mass Sampler::Truncate(Mass total, double top_p, double min_p) {
  const auto all = static_cast<double>(total);
  const double nucleus_floor = 0.999 * (1 - top_p) * all / static_cast<double>(logits_.size());
  const double share_floor = min_p * static_cast<double>(kFullWeight);
  const auto floor = static_cast<Weight>(std::ceil(std::max({nucleus_floor, share_floor, 1.0})));
  candidates_.clear();
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] >= floor) {
      candidates_.push_back({logits_[i], weights_[i], static_cast<int32_t>(i)});
    }
    weights_[i] = 0;
  }

  const auto weigh = [](auto begin, auto end) {
    Mass sum = 0;
    for (; begin != end; ++begin) sum += begin->weight;
    return sum;
  };
  // Those before `begin` weigh less than the target, those before `end` reach it.
  auto begin = candidates_.begin(), end = candidates_.end();
  Mass before = 0;
  while (end - begin > 1) {
    const auto middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end, Better);
    const Mass with_half = before + weigh(begin, middle);
    if (static_cast<double>(with_half) >= top_p * all) {
      end = middle;
    } else {
      before = with_half;
      begin = middle;
    }
  }
  Mass left = 0;
  for (auto c = candidates_.begin(); c != end; ++c) {
    weights_[static_cast<size_t>(c->id)] = c->weight;
    left += c->weight;
  }
  return left;
}

// The first id whose cumulative weight exceeds the share random / 2^64 of `total`, which is the sum
// of all weights.
int32_t Sampler::Pick(Mass total, uint64_t random) const {
  Mass left = ShareOf(total, random);
  for (size_t begin = 0; begin < weights_.size(); begin += kBlock) {
    const size_t end = std::min(begin + kBlock, weights_.size());
    Weight sum = 0;
    for (size_t i = begin; i < end; ++i) sum += weights_[i];
    if (left >= sum) {
      left -= sum;
      continue;
    }
    for (size_t i = begin; i < end; ++i) {
      if (left < weights_[i]) return static_cast<int32_t>(i);
      left -= weights_[i];
    }
  }
  FATHOM_CHECK(false, "the weights add up to less than their total");
  return -1;
}

}  // namespace fathom
