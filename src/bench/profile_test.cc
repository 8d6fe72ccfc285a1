#include "bench/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

using testing::HasSubstr;

ProfileLimits Limits() {
  ProfileLimits limits;
  limits.machine = {.flops = 100e9, .bf16_flops = 400e9, .read_bytes = 10e9};
  limits.core = {.flops = 50e9, .bf16_flops = 200e9, .read_bytes = 8e9};
  return limits;
}

OperationTotals Row(const char* name, double seconds, double flops = 0, double bytes = 0) {
  return {.name = name, .calls = 4, .seconds = seconds, .cost = {flops, bytes}};
}

TEST(Profile, LongestFirstAndTheRestIsOther) {
  const Profile profile =
      MakeProfile({Phase::kGeneration, 10, 0, 1}, 2, 10.0, {Row("short", 1), Row("long", 5)}, 2.5);
  ASSERT_EQ(profile.rows.size(), 4U);
  EXPECT_EQ(profile.rows[0].name, "long");
  EXPECT_EQ(profile.rows[1].name, "sampling");
  EXPECT_EQ(profile.rows[1].calls, 20);
  EXPECT_EQ(profile.rows[2].name, "short");
  EXPECT_EQ(profile.rows[3].name, "other");
  EXPECT_DOUBLE_EQ(profile.rows[3].seconds, 1.5);
}

TEST(Profile, NearestLimit) {
  // 2 GB in 1 s of 10 GB/s; 50 GFLOP in 1 s of 100.
  EXPECT_DOUBLE_EQ(NearestLimit(Row("", 1, 50e9, 2e9), Limits()).share, 0.5);
  EXPECT_EQ(NearestLimit(Row("", 1, 50e9, 2e9), Limits()).of, "f32 peak");
  EXPECT_DOUBLE_EQ(NearestLimit(Row("", 1, 5e9, 2e9), Limits()).share, 0.2);
  EXPECT_EQ(NearestLimit(Row("", 1, 5e9, 2e9), Limits()).of, "memory");
  EXPECT_EQ(NearestLimit(Row("sampling", 1), Limits()).of, "");
  EXPECT_EQ(NearestLimit(Row("", 0, 1, 1), Limits()).of, "");
}

TEST(Profile, ProductsThatMayRoundAreHeldToTheBF16Peak) {
  OperationTotals row = Row("", 1, 100e9, 1e9);
  row.rounds = true;
  ProfileLimits limits = Limits();
  EXPECT_EQ(NearestLimit(row, limits).of, "bf16 peak");
  EXPECT_DOUBLE_EQ(NearestLimit(row, limits).share, 0.25);
  limits.numerics = Numerics::kReference;
  EXPECT_EQ(NearestLimit(row, limits).of, "f32 peak");
  limits = Limits();
  limits.machine.bf16_flops = 0;
  EXPECT_EQ(NearestLimit(row, limits).of, "f32 peak");
}

TEST(Profile, TextHasSharesRatesAndLimits) {
  const Profile profile =
      MakeProfile({Phase::kPrompt, 100, 0, 2}, 2, 4.0,
                  {Row("experts", 2, 100e9, 4e9), Row("add", 0.004), Row("rope", 0.004)}, 0.5);
  const std::string text = ProfileText(profile, Limits());
  // 2 s of 4 s for 200 tokens; 50 GFLOP/s, 2 GB/s.
  EXPECT_THAT(
      text, testing::ContainsRegex("experts +50.0% +4 +10000.0 +4.00 +2.0 +50.0  50% of f32 peak"));
  EXPECT_THAT(text, HasSubstr("2 small ones together"));
  EXPECT_THAT(text, testing::ContainsRegex("other +37.3%"));
}

TEST(Profile, LimitsText) {
  EXPECT_EQ(LimitsText(Limits(), 2),
            "limits: one thread 8.0 GB/s read, 50 GFLOP/s in f32, 200 in bf16; 2 threads 10.0 GB/s "
            "read, 100 GFLOP/s in f32, 400 in bf16");
  EXPECT_EQ(LimitsText(Limits(), 1),
            "limits: one thread 8.0 GB/s read, 50 GFLOP/s in f32, 200 in bf16");
}

}  // namespace
}  // namespace fathom
