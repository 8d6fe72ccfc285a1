#include "grammar/budget.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace fathom::grammar {
namespace {

constexpr GrammarLimits kShort = {.states = 100, .seconds = 0.02};

TEST(Budget, TimeThatOthersHaveIsNotSpent) {
  Budget budget(kShort);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  for (int i = 0; i < 10; ++i) {
    const Status status = budget.Spend(1);
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

TEST(Budget, WorkEndsAtTheLimit) {
  Budget budget(kShort);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const ProcessorWatch watch;
  Status status;
  while (status.ok() && watch.seconds() < 60) status = budget.Spend(0);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(), "the schema takes more than 0.02 s of processor time to compile");
  EXPECT_GT(watch.seconds(), 0.01);
  EXPECT_FALSE(budget.Spend(0).ok());
}

TEST(Budget, StatesAreCounted) {
  Budget budget({.states = 100, .seconds = 60});
  EXPECT_TRUE(budget.Spend(60).ok());
  EXPECT_TRUE(budget.Spend(40).ok());
  EXPECT_EQ(budget.Spend(1).message(), "the schema needs more than 100 states");
}

}  // namespace
}  // namespace fathom::grammar
