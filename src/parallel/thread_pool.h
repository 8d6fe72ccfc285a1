// A fixed set of workers that run one loop at a time.
//
// A step of the model is some hundred short loops, so handing one over must cost about a
// microsecond: workers spin briefly for the next loop and only then sleep. Spinning longer gains
// nothing and ruins machines whose cores are shared. For the same reason nobody waits for a worker
// that has not begun: the caller takes items too, and a loop ends when its items are done, however
// many workers came to help.
//
// Items are handed out one by one, in order, to whoever is free; a body must therefore give the
// same result whoever runs it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace fathom {

// Threads: Run is called by one thread at a time, never from inside a body.
class ThreadPool {
 public:
  // `threads` ≥ 1 counts the calling thread; `threads` - 1 workers are started.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(item, worker) for every item in [0, items), worker in [0, threads()), and returns
  // when all are done. A single item runs on the calling thread alone.
  template <typename Body>
  void Run(int64_t items, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    RunErased(
        items,
        [](void* erased, int64_t item, int worker) {
          (*static_cast<Plain*>(erased))(item, worker);
        },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  using Call = void (*)(void* body, int64_t item, int worker);

  void RunErased(int64_t items, Call call, void* body);
  void WorkerMain(int worker);
  void TakeItems(int worker);
  bool Join();
  void Leave();

  std::vector<std::thread> workers_;

  // The loop under way; written while no worker takes part, read by those that do.
  Call call_ = nullptr;
  void* body_ = nullptr;
  int64_t items_ = 0;

  // Whether workers may join the loop, and how many are in it. One word, so that joining and
  // closing cannot miss each other.
  static constexpr uint32_t kOpen = uint32_t{1} << 31;

  alignas(64) std::atomic<int64_t> next_item_{0};
  alignas(64) std::atomic<uint32_t> generation_{
      0};                                         // one more for every loop: what workers wait for
  alignas(64) std::atomic<uint32_t> members_{0};  // kOpen, plus the workers taking part
  std::atomic<bool> stopping_{false};
};

}  // namespace fathom
