#include "parallel/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "parallel/partition.h"
#include "parallel/topology.h"

namespace fathom {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, RunsEveryItemOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const int64_t items : {0, 1, 2, 3, 7, 64, 1000}) {
    std::vector<std::atomic<int>> runs(static_cast<size_t>(items));
    pool.Run(items, [&](int64_t item, int worker) {
      ASSERT_GE(worker, 0);
      ASSERT_LT(worker, pool.threads());
      runs[static_cast<size_t>(item)].fetch_add(1);
    });
    for (const auto& count : runs) EXPECT_EQ(count.load(), 1);
  }
}

TEST_P(ThreadPoolTest, LoopsFollowOneAnother) {
  ThreadPool pool(GetParam());
  std::vector<int64_t> values(97, 0);
  for (int loop = 0; loop < 3000; ++loop) {
    pool.Run(97, [&](int64_t item, int) { values[static_cast<size_t>(item)] += item; });
  }
  for (int64_t i = 0; i < 97; ++i) EXPECT_EQ(values[static_cast<size_t>(i)], i * 3000);
}

TEST_P(ThreadPoolTest, WakesWorkersThatWentToSleep) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> runs = 0;
    pool.Run(10, [&](int64_t, int) { runs.fetch_add(1); });
    EXPECT_EQ(runs.load(), 10);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 8));

TEST(Partition, PiecesCoverTheRange) {
  for (const int64_t total : {1, 5, 64, 100}) {
    for (const int64_t grain : {1, 3, 64, 200}) {
      int64_t next = 0;
      for (int64_t i = 0; i < CeilDiv(total, grain); ++i) {
        const Range piece = Piece(total, grain, i);
        EXPECT_EQ(piece.begin, next);
        EXPECT_GT(piece.size(), 0);
        next = piece.end;
      }
      EXPECT_EQ(next, total);
    }
  }
}

TEST(Partition, GrainIsAligned) {
  EXPECT_EQ(GrainFor(1000, 4, 2, 4) % 4, 0);
  EXPECT_EQ(GrainFor(1000, 4, 2, 4), 128);
  EXPECT_EQ(GrainFor(3, 4, 16), 4);
}

TEST(Topology, AtLeastOneCore) { EXPECT_GE(UsableCores(), 1); }

}  // namespace
}  // namespace fathom
