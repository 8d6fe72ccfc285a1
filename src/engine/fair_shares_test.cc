#include "engine/fair_shares.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(FairShares, NewcomerStartsLevelWithTheLeastServed) {
  FairShares shares;
  shares.Begin(1);
  shares.Begin(2);
  shares.Charge(1, 500);
  shares.Charge(2, 300);
  shares.Begin(3);
  EXPECT_EQ(shares.Served(3), 300);
  EXPECT_EQ(shares.Served(1), 500);
}

TEST(FairShares, LeavingForAMomentForgivesNothing) {
  FairShares shares;
  shares.Begin(1);
  shares.Begin(2);
  shares.Charge(1, 500);
  shares.End(1);
  shares.Begin(1);
  EXPECT_EQ(shares.Served(1), 500);
}

TEST(FairShares, NobodyPaysForTimesWhenNobodyElseAsked) {
  FairShares shares;
  shares.Begin(1);
  shares.Charge(1, 1000000);
  shares.End(1);
  EXPECT_EQ(shares.remembered(), 0U);
  shares.Begin(2);
  shares.Begin(1);
  EXPECT_EQ(shares.Served(1), shares.Served(2));
}

TEST(FairShares, IdleTimeIsNoCredit) {
  FairShares shares;
  shares.Begin(1);
  shares.Begin(2);
  shares.End(2);
  shares.Charge(1, 1000);
  shares.Begin(2);
  EXPECT_EQ(shares.Served(2), 1000);
}

TEST(FairShares, OneOfSeveralRequestsEnds) {
  FairShares shares;
  shares.Begin(1);
  shares.Begin(1);
  shares.Charge(1, 10);
  shares.End(1);
  EXPECT_EQ(shares.Served(1), 10);
  shares.End(1);
  EXPECT_EQ(shares.remembered(), 0U);
}

TEST(FairShares, RemembersNoMoreThanItMust) {
  FairShares shares;
  shares.Begin(0);  // served nothing, so everybody else has to be remembered
  for (uint64_t user = 1; user < 5000; ++user) {
    shares.Begin(user);
    shares.Charge(user, 10);
    shares.End(user);
    ASSERT_LE(shares.remembered(), FairShares::kMostIdle + 1);
  }
}

TEST(FairSharesDeathTest, EndWithoutBeginning) {
  FairShares shares;
  EXPECT_DEATH(shares.End(7), "user 7 has no request");
}

}  // namespace
}  // namespace fathom
