#include "bench/spread.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Spread, OddCountTakesTheMiddle) {
  const Spread spread = SpreadOf({5, 1, 9});
  EXPECT_EQ(spread.median, 5);
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.max, 9);
}

TEST(Spread, EvenCountTakesTheMeanOfTheMiddleTwo) {
  const Spread spread = SpreadOf({8, 1, 2, 4});
  EXPECT_EQ(spread.median, 3);
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.max, 8);
}

TEST(Spread, OneValueIsAllThree) {
  const Spread spread = SpreadOf({2.5});
  EXPECT_EQ(spread.median, 2.5);
  EXPECT_EQ(spread.min, 2.5);
  EXPECT_EQ(spread.max, 2.5);
}

TEST(Spread, OneSlowRunDoesNotMoveTheMedian) { EXPECT_EQ(SpreadOf({100, 101, 3}).median, 100); }

}  // namespace
}  // namespace fathom
