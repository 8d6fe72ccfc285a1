#include "checkpoint/weight_check.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/temp_dir.h"
#include "support/tiny_checkpoint.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

using test::kTinyShard1, test::kTinyShard2;
using test::TempDir;
using test::TinyCheckpoint;

constexpr const char* kMatrix = "model.layers.1.mlp.experts.3.down_proj.weight";  // [160, 64]
constexpr const char* kScales = "model.layers.1.mlp.experts.3.down_proj.weight_scale_inv";
constexpr const char* kNorm = "model.norm.weight";

struct Checked {
  std::string small, all;
};

Checked Check(const TinyCheckpoint& tiny, const TempDir& dir) {
  tiny.Write(dir.path());
  const Checkpoint checkpoint = OpenCheckpoint(dir.path()).value();
  return {CheckSmallTensors(checkpoint).message(), CheckAllTensors(checkpoint).message()};
}

TEST(WeightCheck, HealthyCheckpointsPass) {
  for (const DType type : {DType::kF8E4M3, DType::kBF16, DType::kF16, DType::kF32}) {
    const TempDir dir;
    const Checked checked = Check(TinyCheckpoint(type), dir);
    EXPECT_EQ(checked.small, "") << Name(type);
    EXPECT_EQ(checked.all, "") << Name(type);
  }
}

// The place is exact wherever in the tensor the element lies.
TEST(WeightCheck, FindsEveryBadElementOfAMatrix) {
  for (const int64_t at : {0, 1, 63, 64, 4095, 4096, 4097, 160 * 64 - 1}) {
    for (const uint8_t nan : {0x7F, 0xFF}) {
      const TempDir dir;
      TinyCheckpoint tiny;
      tiny.Find(kMatrix).At<uint8_t>(static_cast<size_t>(at)) = nan;
      const Checked checked = Check(tiny, dir);
      EXPECT_EQ(checked.small, "");
      EXPECT_EQ(checked.all, fmt::format("{}: {}[{}, {}] is NaN", dir.File(kTinyShard2), kMatrix,
                                         at / 64, at % 64));
    }
  }
}

TEST(WeightCheck, SmallTensorsAreCheckedByBoth) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find(kNorm).At<BF16>(159) = ToBF16(std::nanf(""));
  const std::string expected = dir.File(kTinyShard1) + ": model.norm.weight[159] is NaN";
  const Checked checked = Check(tiny, dir);
  EXPECT_EQ(checked.small, expected);
  EXPECT_EQ(checked.all, expected);
}

TEST(WeightCheck, EveryTypeKnowsItsInfinities) {
  const float inf = std::numeric_limits<float>::infinity();
  const struct {
    DType type;
    uint32_t bits;
    std::string value;
  } cases[] = {
      {DType::kF32, 0x7F800000, "inf"},        {DType::kF32, 0xFF800000, "-inf"},
      {DType::kF32, 0x7F800001, "NaN"},        {DType::kF32, 0xFFFFFFFF, "NaN"},
      {DType::kBF16, ToBF16(inf).bits, "inf"}, {DType::kBF16, 0xFF80, "-inf"},
      {DType::kBF16, 0x7F81, "NaN"},           {DType::kF16, ToF16(inf).bits, "inf"},
      {DType::kF16, 0xFC00, "-inf"},           {DType::kF16, 0xFE00, "NaN"},
  };
  for (const auto& c : cases) {
    const TempDir dir;
    TinyCheckpoint tiny(c.type);
    memcpy(&tiny.Find(kMatrix).At<std::byte>(0) + 65 * Bytes(c.type), &c.bits,
           static_cast<size_t>(Bytes(c.type)));
    EXPECT_EQ(Check(tiny, dir).all,
              fmt::format("{}: {}[1, 1] is {}", dir.File(kTinyShard2), kMatrix, c.value));
  }
}

// The largest and smallest finite numbers are numbers.
TEST(WeightCheck, ExtremeValuesPass) {
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.Find(kMatrix).At<uint8_t>(0) = 0x7E;
  tiny.Find(kMatrix).At<uint8_t>(1) = 0xFE;
  tiny.Find(kMatrix).At<uint8_t>(2) = 0x80;
  tiny.Find(kScales).At<float>(0) = std::numeric_limits<float>::max();
  tiny.Find(kScales).At<float>(1) = std::numeric_limits<float>::denorm_min();
  tiny.Find(kNorm).At<BF16>(0).bits = 0x7F7F;
  tiny.Find(kNorm).At<BF16>(1).bits = 0xFF7F;
  const Checked checked = Check(tiny, dir);
  EXPECT_EQ(checked.all, "");
}

TEST(WeightCheck, ScalesMustBePositive) {
  const std::pair<float, std::string> cases[] = {
      {std::nanf(""), "NaN"},
      {std::numeric_limits<float>::infinity(), "inf"},
      {0.0F, "0"},
      {-0.0F, "-0"},
      {-0.5F, "-0.5"},
  };
  for (const auto& [value, text] : cases) {
    const TempDir dir;
    TinyCheckpoint tiny;
    tiny.Find(kScales).At<float>(1) = value;
    const std::string expected = fmt::format("{}: {}[1, 0] is {}, expected a positive scale",
                                             dir.File(kTinyShard2), kScales, text);
    const Checked checked = Check(tiny, dir);
    EXPECT_EQ(checked.small, expected);
    EXPECT_EQ(checked.all, expected);
  }
  const TempDir dir;
  TinyCheckpoint tiny;
  tiny.UseE8M0Scales();
  EXPECT_EQ(Check(tiny, dir).all, "");
  tiny.Find(kScales).At<uint8_t>(1) = 0xFF;
  EXPECT_EQ(Check(tiny, dir).small, fmt::format("{}: {}[1, 0] is NaN, expected a positive scale",
                                                dir.File(kTinyShard2), kScales));
}

TEST(WeightCheck, CountsBytesAndStopsWhenAsked) {
  const TempDir dir;
  TinyCheckpoint().Write(dir.path());
  const Checkpoint checkpoint = OpenCheckpoint(dir.path()).value();
  int64_t last = 0;
  EXPECT_TRUE(CheckAllTensors(checkpoint, [&](int64_t done) {
                EXPECT_GE(done, last);
                last = done;
                return Status();
              }).ok());
  EXPECT_EQ(last, checkpoint.tensors.bytes());
  int calls = 0;
  const Status stopped = CheckAllTensors(
      checkpoint, [&](int64_t) { return ++calls == 3 ? Cancelled("enough") : Status(); });
  EXPECT_EQ(stopped.code(), Code::kCancelled);
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace fathom
