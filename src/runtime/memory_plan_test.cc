#include "runtime/memory_plan.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

MemoryPlan Plan(int64_t weights, int64_t cache, int64_t available) {
  MemoryPlan plan;
  plan.weights = weights;
  plan.cache = cache;
  plan.activations = 1000;
  plan.available = available;
  plan.context = 4096;
  plan.token_bytes = 1000;
  plan.cache_type = "bf16";
  return plan;
}

TEST(MemoryPlan, FitsUpToTheLastByte) {
  EXPECT_TRUE(Plan(1000, 2000, 4000).Check(false).ok());
  EXPECT_FALSE(Plan(1000, 2000, 3999).Check(false).ok());
}

TEST(MemoryPlan, RefusalHoldsTheNumbersAndWhatWouldFit) {
  const Status status = Plan(1'000'000, 4'096'000, 2'000'000).Check(false);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "this does not fit into memory: weights 1.0 MB + cache 4.1 MB (4096 tokens, bf16) + "
            "activations 1.0 kB = 5.1 MB of 2.0 MB available; a context of 960 tokens would fit");
}

TEST(MemoryPlan, WeightsMayStayOnDisk) {
  const MemoryPlan plan = Plan(700'000'000'000, 1000, 20'000'000);
  const Status status = plan.Check(false);
  EXPECT_NE(status.message().find("--weights-from-disk"), std::string::npos) << status.message();
  EXPECT_TRUE(plan.Check(true).ok());
}

TEST(AvailableMemory, IsPlausible) { EXPECT_GT(AvailableMemory(), int64_t{1} << 20); }

}  // namespace
}  // namespace fathom
