#include "engine/metrics.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Histogram, CountsByUpperBound) {
  static constexpr std::array<double, 3> kBounds = {1, 2, 5};
  Histogram histogram{kBounds};
  for (const double value : {0.0, 1.0, 1.5, 2.0, 5.0, 5.1, 1e9}) histogram.Add(value);
  EXPECT_EQ(histogram.counts[0], 2);
  EXPECT_EQ(histogram.counts[1], 2);
  EXPECT_EQ(histogram.counts[2], 1);
  EXPECT_EQ(histogram.counts[3], 2);
  EXPECT_EQ(histogram.total, 7);
  EXPECT_DOUBLE_EQ(histogram.sum, 14.6 + 1e9);
}

TEST(EstimatedWait, GrowsWithThoseBefore) {
  EngineStats stats;
  stats.max_running = 4;
  stats.running = 3;
  EXPECT_EQ(EstimatedWait(stats), 0);
  stats.running = 4;
  EXPECT_EQ(EstimatedWait(stats), 0.25);  // nothing known: a second each
  stats.mean_running_seconds = 8;
  EXPECT_EQ(EstimatedWait(stats), 2);
  stats.waiting = 3;
  EXPECT_EQ(EstimatedWait(stats), 8);
}

TEST(EngineStats, AgeOfTheOldestWaiting) {
  EngineStats stats;
  stats.now = 10;
  EXPECT_EQ(stats.oldest_waiting_seconds(), 0);
  stats.oldest_waiting_since = 4;
  EXPECT_EQ(stats.oldest_waiting_seconds(), 6);
}

}  // namespace
}  // namespace fathom
