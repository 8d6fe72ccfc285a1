#include "bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"
#include "json/write.h"

namespace fathom {
namespace {

using testing::HasSubstr;

BenchReport Report() {
  BenchReport report;
  report.setting = {"A Processor", "avx2", 2, "small", "fast", "bf16", "random tokens"};
  report.repetitions = 3;
  WorkCounters work;
  work.sparse_rows = 200;
  work.latent_rows_read = 200 * 64;
  work.latent_rows_held = 200 * 80;
  report.results = {
      {{Phase::kPrompt, 100, 16, 2}, {{0.5, work, 0.5}, {0.25, work, 0.25}, {1.0, work, 1.0}}},
      {{Phase::kGeneration, 10, 16, 2}, {{2.0, work, 2.0}, {4.0, work, 4.0}}},
  };
  return report;
}

TEST(Report, SpeedIsTheMedianOfRates) {
  const BenchReport report = Report();
  EXPECT_EQ(SpeedOf(report.results[0]).median, 200);
  EXPECT_EQ(SpeedOf(report.results[0]).min, 100);
  EXPECT_EQ(SpeedOf(report.results[0]).max, 400);
  EXPECT_EQ(SpeedOf(report.results[1]).median, (5 + 2.5) / 2);
}

TEST(Report, Table) {
  const BenchReport report = Report();
  const std::string text = HeadText(report) + ResultText(report.results[0]) +
                           ResultText(report.results[1]) + FootText(report);
  EXPECT_THAT(text, HasSubstr("small on A Processor, 2 cores, avx2; numerics fast, cache bf16"));
  EXPECT_THAT(text,
              testing::ContainsRegex("2  prompt +1 +100 +16 +200 +100 … 400 +0.500 s +64 of 80"));
  EXPECT_THAT(text,
              testing::ContainsRegex("2  generation +1 +10 +16 +3.75 +2.50 … 5.00 +– +64 of 80"));
  EXPECT_THAT(text, testing::Not(HasSubstr("interrupted")));
}

TEST(Report, FootHasTheProfilesAndSaysWhenItWasInterrupted) {
  BenchReport report = Report();
  EXPECT_EQ(FootText(report), "");
  report.interrupted = true;
  EXPECT_EQ(FootText(report), "\ninterrupted: this is what was measured before\n");
  report.interrupted = false;
  report.limits.emplace();
  report.limits->machine = report.limits->core = {.flops = 1e9, .read_bytes = 1e9};
  report.profiles = {MakeProfile({Phase::kPrompt, 100, 16, 2}, 3, 2.0, {}, 0.5)};
  EXPECT_THAT(FootText(report),
              HasSubstr("profile of prompt: 100 tokens at depth 16, 2 threads, 3 times"));
  EXPECT_THAT(FootText(report), HasSubstr("limits: one thread 1.0 GB/s read"));
}

TEST(Report, SaysWhenTheMachineWasBusy) {
  BenchReport report = Report();
  EXPECT_EQ(ProcessorShare(report), 1);
  // 1.75 s + 6 s by the clock, of which the last 4 s were half a processor's.
  report.results[1].samples[1].processor_seconds = 2;
  EXPECT_DOUBLE_EQ(ProcessorShare(report), 5.75 / 7.75);
  EXPECT_THAT(FootText(report), HasSubstr("busy machine: the measuring thread had a processor for "
                                          "74 % of the time"));
  EXPECT_EQ(ProcessorShare({}), 1);
}

TEST(Report, Json) {
  const auto parsed = json::Parse(json::Dump(ReportJson(Report()), json::Style::kPython));
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const json::Value& root = *parsed;
  EXPECT_EQ(root.Find("machine")->Find("processor")->string(), "A Processor");
  EXPECT_EQ(root.Find("machine")->Find("isa")->string(), "avx2");
  EXPECT_EQ(root.Find("machine")->Find("cores")->AsInt64(), 2);
  EXPECT_EQ(root.Find("model")->string(), "small");
  EXPECT_EQ(root.Find("numerics")->string(), "fast");
  EXPECT_EQ(root.Find("cache_type")->string(), "bf16");
  EXPECT_FALSE(root.Find("interrupted")->boolean());
  EXPECT_EQ(root.Find("processor_share")->AsDouble(), 1);
  const json::Array& results = root.Find("results")->array();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].Find("test")->string(), "prompt");
  EXPECT_EQ(results[0].Find("threads")->AsInt64(), 2);
  EXPECT_EQ(results[0].Find("tokens")->AsInt64(), 100);
  EXPECT_EQ(results[0].Find("depth")->AsInt64(), 16);
  EXPECT_EQ(results[0].Find("tokens_per_second")->Find("median")->AsDouble(), 200);
  EXPECT_EQ(results[0].Find("first_token_seconds")->Find("min")->AsDouble(), 0.25);
  EXPECT_EQ(results[0].Find("keys_read")->AsDouble(), 64);
  EXPECT_EQ(results[0].Find("keys_present")->AsDouble(), 80);
  EXPECT_EQ(results[0].Find("sample_seconds")->array().size(), 3U);
  EXPECT_EQ(results[0].Find("sample_processor_seconds")->array().at(1).AsDouble(), 0.25);
  EXPECT_EQ(results[1].Find("first_token_seconds"), nullptr);
  EXPECT_EQ(root.Find("profiles"), nullptr);
  EXPECT_EQ(root.Find("limits"), nullptr);
}

TEST(Report, ProfileInJson) {
  BenchReport report = Report();
  report.limits.emplace();
  report.limits->machine = report.limits->core = {.flops = 1e9, .read_bytes = 1e9};
  OperationTotals row = {.name = "experts", .calls = 2, .seconds = 1, .cost = {5e8, 1e8}};
  report.profiles = {MakeProfile({Phase::kPrompt, 100, 16, 2}, 1, 2.0, {row}, 0.5)};
  const json::Value root = ReportJson(report);
  const json::Value& profile = root.Find("profiles")->array().at(0);
  EXPECT_EQ(profile.Find("test")->string(), "prompt");
  EXPECT_EQ(profile.Find("seconds")->AsDouble(), 2.0);
  const json::Array& operations = profile.Find("operations")->array();
  ASSERT_EQ(operations.size(), 3U);
  EXPECT_EQ(operations[0].Find("name")->string(), "experts");
  EXPECT_EQ(operations[0].Find("share")->AsDouble(), 0.5);
  EXPECT_EQ(operations[0].Find("flops")->AsDouble(), 5e8);
  EXPECT_EQ(operations[0].Find("limit")->string(), "f32 peak");
  EXPECT_EQ(operations[0].Find("share_of_limit")->AsDouble(), 0.5);
  EXPECT_EQ(operations[2].Find("name")->string(), "other");
  EXPECT_EQ(operations[2].Find("limit"), nullptr);
  EXPECT_EQ(root.Find("limits")->Find("one_thread")->Find("read_gb_per_second")->AsDouble(), 1.0);
}

TEST(Report, Mtp) {
  MtpAcceptance found;
  found.positions = 200;
  found.accepted = 150;
  found.own_positions = 50;
  found.own_accepted = 40;
  found.windows = 2;
  EXPECT_THAT(MtpText(found), HasSubstr("75.0 % (150 of 200 positions in 2 windows)"));
  EXPECT_THAT(MtpText(found), HasSubstr("80.0 % (40 of 50 positions)"));
  const json::Value root = MtpJson(Report().setting, found);
  EXPECT_EQ(root.Find("acceptance")->AsDouble(), 0.75);
  EXPECT_EQ(root.Find("own_acceptance")->AsDouble(), 0.8);
  EXPECT_EQ(root.Find("positions")->AsInt64(), 200);
  EXPECT_THAT(MtpText({}), HasSubstr("interrupted"));
}

}  // namespace
}  // namespace fathom
