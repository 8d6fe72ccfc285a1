// A few threads that run tasks in the order they came. For work that may wait a moment: reading
// requests, turning tokens into text. The loops of kernels have thread_pool.h.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fathom {

class TaskQueue {
 public:
  explicit TaskQueue(int threads);
  ~TaskQueue();  // runs what is queued, then ends
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Any thread, tasks included.
  void Post(std::function<void()> task);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fathom
