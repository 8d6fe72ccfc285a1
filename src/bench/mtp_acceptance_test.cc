// Counts against those of golden logits, which come from another implementation.
#include "bench/mtp_acceptance.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/golden_file.h"

namespace fathom {
namespace {

std::unique_ptr<LoadedModel> Open(const std::string& folder) {
  ModelOptions options;
  options.folder = folder;
  options.numerics = Numerics::kReference;
  options.threads = 2;
  FitMtpOptions(&options);
  auto model = OpenModel(options);
  EXPECT_TRUE(model.ok()) << model.status().message();
  return std::move(model).value();
}

Status GoOn() { return {}; }

int32_t Best(std::span<const float> row) {
  return static_cast<int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

// The same counts from golden logits, which are given for every position of these cases.
MtpAcceptance FromGolden(const GoldenCase& golden) {
  MtpAcceptance counts;
  counts.windows = 1;
  for (int64_t i = 0; i + 1 < golden.size(); ++i) {
    const int32_t next = golden.ids[static_cast<size_t>(i + 1)];
    const bool own = Best(golden.logits->row(i)) == next;
    const bool accepted = Best(golden.mtp_logits->row(i)) == Best(golden.logits->row(i + 1));
    ++counts.positions;
    counts.accepted += accepted ? 1 : 0;
    counts.own_positions += own ? 1 : 0;
    counts.own_accepted += own && accepted ? 1 : 0;
  }
  return counts;
}

TEST(MtpAcceptance, EqualsTheGoldenLogits) {
  const std::unique_ptr<LoadedModel> model = Open(FATHOM_GOLDEN_DIR "/tiny-fp8");
  const auto cases = ReadGolden(FATHOM_GOLDEN_DIR "/tiny-fp8/golden.safetensors");
  ASSERT_TRUE(cases.ok()) << cases.status().message();
  int compared = 0;
  for (const GoldenCase& golden : *cases) {
    if (!golden.mtp_logits || golden.size() < 4) continue;
    const std::span<const int32_t> ids(golden.ids);
    const auto found = MeasureMtpAcceptance(*model, ids.subspan(1), ids[0], GoOn);
    ASSERT_TRUE(found.ok()) << found.status().message();
    const MtpAcceptance expected = FromGolden(golden);
    EXPECT_EQ(found->positions, expected.positions) << golden.name;
    EXPECT_EQ(found->accepted, expected.accepted) << golden.name;
    EXPECT_EQ(found->own_positions, expected.own_positions) << golden.name;
    EXPECT_EQ(found->own_accepted, expected.own_accepted) << golden.name;
    EXPECT_EQ(found->windows, 1);
    ++compared;
  }
  EXPECT_GE(compared, 2);
}

TEST(MtpAcceptance, CutsLongTextsIntoWindows) {
  const std::unique_ptr<LoadedModel> model = Open(FATHOM_GOLDEN_DIR "/tiny-fp8");
  std::vector<int32_t> text;
  for (int32_t i = 0; i < kMtpWindow + 100; ++i) text.push_back(2 + i * 7 % 500);
  const auto both = MeasureMtpAcceptance(*model, text, 0, GoOn);
  ASSERT_TRUE(both.ok()) << both.status().message();
  EXPECT_EQ(both->windows, 2);
  EXPECT_EQ(both->positions, kMtpWindow + 100);
  const std::span<const int32_t> all(text);
  const auto first = MeasureMtpAcceptance(*model, all.first(kMtpWindow), 0, GoOn);
  const auto second = MeasureMtpAcceptance(*model, all.subspan(kMtpWindow), 0, GoOn);
  EXPECT_EQ(both->accepted, first->accepted + second->accepted);
}

TEST(MtpAcceptance, AnInterruptKeepsWholeWindows) {
  const std::unique_ptr<LoadedModel> model = Open(FATHOM_GOLDEN_DIR "/tiny-fp8");
  const std::vector<int32_t> text(2 * kMtpWindow, 5);
  int asked = 0;
  // A window with its first token takes nine steps of 128.
  const auto found = MeasureMtpAcceptance(
      *model, text, 0, [&] { return ++asked > 12 ? Cancelled("interrupted") : Status(); });
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_TRUE(found->interrupted);
  EXPECT_EQ(found->windows, 1);
  EXPECT_EQ(found->positions, kMtpWindow);
}

TEST(MtpAcceptance, RefusesATextWithoutPositions) {
  const std::unique_ptr<LoadedModel> model = Open(FATHOM_GOLDEN_DIR "/tiny-fp8");
  EXPECT_EQ(MeasureMtpAcceptance(*model, std::vector<int32_t>{1, 2}, 0, GoOn).status().message(),
            "a text of 2 tokens, at least 3");
}

TEST(MtpAcceptance, NeedsTheLayer) {
  ModelOptions options;
  options.folder = FATHOM_GOLDEN_DIR "/tiny-f32";
  FitMtpOptions(&options);
  EXPECT_EQ(OpenModel(options).status().message(), options.folder + ": has no MTP layer");
}

}  // namespace
}  // namespace fathom
