#include "parallel/thread_pool.h"

#include <immintrin.h>

#include "base/check.h"

namespace fathom {
namespace {

// About 20 µs on the machines at hand: longer than the gap between two loops of a decode step
// (2 to 10 µs), far shorter than a scheduler's time slice.
constexpr int kSpins = 2000;

// Spins, then sleeps, until `value` differs from `old`.
template <typename T>
void WaitForChange(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    _mm_pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  FATHOM_CHECK(threads >= 1, "{} threads", threads);
  workers_.reserve(static_cast<size_t>(threads - 1));
  for (int worker = 1; worker < threads; ++worker) {
    workers_.emplace_back([this, worker] { WorkerMain(worker); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::TakeItems(int worker) {
  while (true) {
    const int64_t item = next_item_.fetch_add(1, std::memory_order_relaxed);
    if (item >= items_) return;
    call_(body_, item, worker);
  }
}

// False when the loop has been closed, or there is none.
bool ThreadPool::Join() {
  uint32_t members = members_.load(std::memory_order_relaxed);
  while ((members & kOpen) != 0) {
    if (members_.compare_exchange_weak(members, members + 1, std::memory_order_acquire))
      return true;
  }
  return false;
}

void ThreadPool::Leave() {
  // The caller waits only after it has closed the loop.
  if (members_.fetch_sub(1, std::memory_order_release) == 1) members_.notify_one();
}

void ThreadPool::WorkerMain(int worker) {
  uint32_t seen = 0;
  while (true) {
    WaitForChange(generation_, seen);
    seen = generation_.load(std::memory_order_acquire);
    if (stopping_.load(std::memory_order_relaxed)) return;
    if (!Join()) continue;
    TakeItems(worker);
    Leave();
  }
}

void ThreadPool::RunErased(int64_t items, Call call, void* body) {
  if (workers_.empty() || items <= 1) {
    for (int64_t item = 0; item < items; ++item) call(body, item, 0);
    return;
  }
  call_ = call;
  body_ = body;
  items_ = items;
  next_item_.store(0, std::memory_order_relaxed);
  members_.store(kOpen, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  TakeItems(0);
  uint32_t members = members_.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
  while (members != 0) {
    WaitForChange(members_, members);
    members = members_.load(std::memory_order_acquire);
  }
}

}  // namespace fathom
