// Microseconds a row of 129,280 logits. The rows look like a model's: a broad normal bulk and, in
// the peaked ones, a few tokens that stand out as they do in running text.
#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "base/random.h"
#include "sampling/sampler.h"

namespace fathom {
namespace {

constexpr int kVocab = 129280, kTokens = 128815;

std::vector<float> Row(bool peaked) {
  std::vector<float> row(kVocab);
  for (size_t i = 0; i < row.size(); ++i) {
    const double u = 1 - RandomUniform(1, 0, i), v = RandomUniform(1, 1, i);
    row[i] =
        static_cast<float>(2.5 * std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v));
  }
  if (peaked) {
    for (int i = 0; i < 40; ++i) row[977 * static_cast<size_t>(i)] += 22 - 0.4F * i;
  }
  return row;
}

void Run(benchmark::State& state, const SamplingParams& params, bool peaked,
         std::span<const uint64_t> allowed = {}) {
  std::vector<bool> has_token(kVocab, false);
  std::fill(has_token.begin(), has_token.begin() + kTokens, true);
  Sampler sampler(has_token, {1});
  const std::vector<float> row = Row(peaked);
  Penalties penalties(params, {});
  for (int32_t i = 0; i < 2000; ++i) penalties.Add(i * 37 % kTokens);
  int64_t index = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sampler.Sample({.logits = row,
                                             .params = params,
                                             .penalties = penalties,
                                             .seed = 7,
                                             .index = index++,
                                             .allowed = allowed}));
  }
}

void Greedy(benchmark::State& state) { Run(state, {.temperature = 0}, true); }
void Everything(benchmark::State& state) { Run(state, {.top_p = 1}, true); }
void TopPPeaked(benchmark::State& state) { Run(state, {}, true); }
void TopPFlat(benchmark::State& state) { Run(state, {}, false); }
void TopK50(benchmark::State& state) { Run(state, {.top_p = 1, .top_k = 50}, true); }
void MinP(benchmark::State& state) { Run(state, {.top_p = 1, .min_p = 0.05}, true); }
// Under masks that leave every second token, and only a few.
void TopPHalfMasked(benchmark::State& state) {
  Run(state, {}, true, std::vector<uint64_t>(kVocab / 64, 0x5555555555555555));
}
void TopPMostlyMasked(benchmark::State& state) {
  std::vector<uint64_t> allowed(kVocab / 64);
  for (size_t i = 0; i < allowed.size(); i += 100) allowed[i] = 2;
  Run(state, {}, true, allowed);
}
void TopPLogprobs(benchmark::State& state) {
  Run(state, {.logprobs = true, .top_logprobs = 20}, true);
}
void AllPenalties(benchmark::State& state) {
  Run(state,
      {.repetition_penalty = 1.1,
       .presence_penalty = 0.5,
       .frequency_penalty = 0.2,
       .logit_bias = {{5, 1.0}, {6, -1.0}}},
      true);
}

BENCHMARK(Greedy)->Unit(benchmark::kMicrosecond);
BENCHMARK(Everything)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopPPeaked)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopPFlat)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopK50)->Unit(benchmark::kMicrosecond);
BENCHMARK(MinP)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopPHalfMasked)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopPMostlyMasked)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopPLogprobs)->Unit(benchmark::kMicrosecond);
BENCHMARK(AllPenalties)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace fathom
