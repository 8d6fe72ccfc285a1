#include "parallel/task_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace fathom {
namespace {

TEST(TaskQueue, OneThreadKeepsTheOrder) {
  std::vector<int> seen;
  {
    TaskQueue queue(1);
    for (int i = 0; i < 1000; ++i) queue.Post([&seen, i] { seen.push_back(i); });
  }
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)], i);
}

TEST(TaskQueue, EveryTaskOfManyThreadsRunsOnce) {
  std::vector<std::atomic<int>> runs(8000);
  {
    TaskQueue queue(4);
    std::vector<std::thread> posters;
    for (size_t p = 0; p < 8; ++p) {
      posters.emplace_back([&, p] {
        for (size_t i = 0; i < 1000; ++i)
          queue.Post([&, p, i] { runs[p * 1000 + i].fetch_add(1); });
      });
    }
    for (std::thread& poster : posters) poster.join();
  }
  for (const auto& count : runs) EXPECT_EQ(count.load(), 1);
}

TEST(TaskQueue, TasksRunSideBySide) {
  std::promise<void> first, second, both;
  TaskQueue queue(2);
  queue.Post([&] {
    first.set_value();
    second.get_future().wait();
    both.set_value();
  });
  queue.Post([&] {
    first.get_future().wait();
    second.set_value();
  });
  both.get_future().wait();
}

TEST(TaskQueue, ATaskMayPostWhileTheQueueEnds) {
  std::atomic<int> depth = 0;
  std::function<void()> deeper;
  {
    TaskQueue queue(2);
    deeper = [&] {
      if (depth.fetch_add(1) < 99) queue.Post(deeper);
    };
    queue.Post(deeper);
  }
  EXPECT_EQ(depth.load(), 100);
}

TEST(TaskQueue, LetsGoOfATaskThatHasRun) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  std::promise<void> ran, next;
  TaskQueue queue(1);
  queue.Post([held = std::move(held), &ran] { ran.set_value(); });
  ran.get_future().wait();
  held.reset();
  queue.Post([&] { next.set_value(); });
  next.get_future().wait();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace fathom
