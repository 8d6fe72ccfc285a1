#include "cpu/machine_limits.h"

#include <immintrin.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <latch>
#include <numeric>
#include <thread>
#include <vector>

#include "base/aligned_buffer.h"

namespace fathom {
namespace {

constexpr double kBatchSeconds = 300e-6;
constexpr int64_t kPeakSteps = 20000;
constexpr int kPeakSums = 12;  // more than latency × throughput of any processor so far

// Independent chains of multiply-adds and nothing else. They start at different values, for the
// compiler would make one of equal ones.
__attribute__((target("sse2"))) float PeakLoop4() {
  __m128 sum[kPeakSums];
  for (int i = 0; i < kPeakSums; ++i) sum[i] = _mm_set1_ps(static_cast<float>(i));
  const __m128 a = _mm_set1_ps(0.5F);
  for (int64_t i = 0; i < kPeakSteps; ++i) {
#pragma GCC unroll 12
    for (__m128& s : sum) s = _mm_add_ps(_mm_mul_ps(s, a), a);
  }
  for (int i = 1; i < kPeakSums; ++i) sum[0] = _mm_add_ps(sum[0], sum[i]);
  return _mm_cvtss_f32(sum[0]);
}
__attribute__((target("avx2,fma"))) float PeakLoop8() {
  __m256 sum[kPeakSums];
  for (int i = 0; i < kPeakSums; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 a = _mm256_set1_ps(0.5F);
  for (int64_t i = 0; i < kPeakSteps; ++i) {
#pragma GCC unroll 12
    for (__m256& s : sum) s = _mm256_fmadd_ps(s, a, a);
  }
  for (int i = 1; i < kPeakSums; ++i) sum[0] = _mm256_add_ps(sum[0], sum[i]);
  return _mm256_cvtss_f32(sum[0]);
}
__attribute__((target("avx512f"))) float PeakLoop16() {
  __m512 sum[kPeakSums];
  for (int i = 0; i < kPeakSums; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 a = _mm512_set1_ps(0.5F);
  for (int64_t i = 0; i < kPeakSteps; ++i) {
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_fmadd_ps(s, a, a);
  }
  for (int i = 1; i < kPeakSums; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  return _mm512_cvtss_f32(sum[0]);
}
__attribute__((target("avx512f,avx512vl,avx512bf16"))) float PeakLoopBF16() {
  __m512 sum[kPeakSums];
  for (int i = 0; i < kPeakSums; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const auto half = (__m512bh)_mm512_set1_epi32(0x3F003F00);  // 0.5 in both
  for (int64_t i = 0; i < kPeakSteps; ++i) {
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_dpbf16_ps(s, half, half);
  }
  for (int i = 1; i < kPeakSums; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  return _mm512_cvtss_f32(sum[0]);
}

// The sum of what rate(thread) returns, for threads that begin together.
double SumOverThreads(int threads, const std::function<double(int)>& rate) {
  std::vector<double> rates(static_cast<size_t>(threads));
  std::latch begin(threads);
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      begin.arrive_and_wait();
      rates[static_cast<size_t>(i)] = rate(i);
    });
  }
  for (std::thread& thread : running) thread.join();
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

// What keeps the compiler from leaving a loop out.
template <typename T>
void Keep(T value) {
  asm volatile("" : : "m"(value) : "memory");
}

constexpr double kPeakBudget = 0.2, kReadBudget = 0.5;  // seconds

double LoopRate(float (*loop)(), double flops_of_step, int threads) {
  return SumOverThreads(threads, [=](int) {
    return flops_of_step * kPeakSteps * kPeakSums / FastSeconds(kPeakBudget, [=] { Keep(loop()); });
  });
}

uint64_t SumOfWords(const uint64_t* words, int64_t count) {
  uint64_t sum[8] = {};
  for (int64_t i = 0; i < count; i += 8) {
    for (int j = 0; j < 8; ++j) sum[j] += words[i + j];
  }
  return std::accumulate(sum, sum + 8, uint64_t{0});
}

}  // namespace

double ProcessorSeconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double FastSeconds(double budget, const std::function<void()>& run) {
  run();
  double begin = ProcessorSeconds();
  run();
  const double once = std::max(1e-9, ProcessorSeconds() - begin);
  const int calls = std::max(1, static_cast<int>(kBatchSeconds / once));
  std::vector<double> batches;
  const double stop = ProcessorSeconds() + budget;
  do {
    begin = ProcessorSeconds();
    for (int i = 0; i < calls; ++i) run();
    batches.push_back((ProcessorSeconds() - begin) / calls);
  } while (ProcessorSeconds() < stop);
  const auto tenth = batches.begin() + static_cast<int64_t>(batches.size() / 10);
  std::nth_element(batches.begin(), tenth, batches.end());
  return *tenth;
}

double PeakFlops(int lanes, int threads) {
  const auto loop = lanes == 4 ? PeakLoop4 : lanes == 8 ? PeakLoop8 : PeakLoop16;
  return LoopRate(loop, 2.0 * lanes, threads);
}

double PeakBF16Flops(int threads) { return LoopRate(PeakLoopBF16, 2.0 * 32, threads); }

Result<double> PeakReadBytes(int threads) {
  constexpr int64_t kBytes = int64_t{512} << 20;
  FATHOM_ASSIGN_OR_RETURN(const AlignedBuffer memory, AlignedBuffer::Allocate(kBytes));
  std::memset(memory.data(), 1, kBytes);
  const auto* words = reinterpret_cast<const uint64_t*>(memory.data());
  const int64_t share = kBytes / 8 / threads / 8 * 8;  // words of a thread
  return SumOverThreads(threads, [=](int thread) {
    const uint64_t* own = words + thread * share;
    return static_cast<double>(share * 8) /
           FastSeconds(kReadBudget, [=] { Keep(SumOfWords(own, share)); });
  });
}

Result<MachineLimits> MeasureMachineLimits(const KernelTable& table, int threads) {
  MachineLimits limits;
  limits.flops = PeakFlops(table.lanes, threads);
  if (table.bf16_dot) limits.bf16_flops = PeakBF16Flops(threads);
  FATHOM_ASSIGN_OR_RETURN(limits.read_bytes, PeakReadBytes(threads));
  return limits;
}

}  // namespace fathom
