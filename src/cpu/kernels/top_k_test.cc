// The k largest against a sort.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/test_data.h"

namespace fathom {
namespace {

using test::Guarded;
using test::Random;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// NaN before everything; -0 equals +0.
bool Before(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
  return a > b;
}

std::vector<int32_t> ReferenceTopK(const float* scores, int64_t count, int64_t k) {
  std::vector<int32_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    if (Before(scores[a], scores[b]) || Before(scores[b], scores[a])) {
      return Before(scores[a], scores[b]);
    }
    return a < b;
  });
  order.resize(static_cast<size_t>(k));
  std::sort(order.begin(), order.end());
  return order;
}

class TopKTest : public test::KernelTest {
 protected:
  void Check(const std::vector<float>& values, int64_t k) const {
    const auto count = static_cast<int64_t>(values.size());
    Guarded<float> scores(count);
    std::copy(values.begin(), values.end(), scores.begin());
    Guarded<int32_t> selected(k);
    Guarded<uint32_t> scratch(kTopKScratch);
    // What an earlier call left behind must not matter.
    std::fill(scratch.begin(), scratch.end(), 0xDEADBEEF);
    table().top_k({scores.data(), count, k, selected.data(), scratch.data()});
    const std::vector<int32_t> expected = ReferenceTopK(scores.data(), count, k);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), selected.begin()))
        << k << " of " << count;
    ASSERT_TRUE(selected.Intact() && scratch.Intact());
  }

  // Every k that could be special for this count.
  void CheckAll(const std::vector<float>& values) const {
    const auto count = static_cast<int64_t>(values.size());
    for (const int64_t k :
         {int64_t{1}, int64_t{2}, int64_t{7}, count / 3, count / 2, count - 2, count - 1}) {
      if (k > 0 && k < count) Check(values, k);
    }
  }
};

TEST_P(TopKTest, EverySmallCountAndK) {
  Random random(1);
  for (int64_t count = 2; count <= 70; ++count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& x : values) x = random.Symmetric();
    for (int64_t k = 1; k < count; ++k) Check(values, k);
  }
}

TEST_P(TopKTest, ManyRandomValues) {
  Random random(2);
  for (const int64_t count : {100, 513, 2049, 10007, 131072, 200001}) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& x : values) x = random.Symmetric();
    CheckAll(values);
    if (count > 2048) Check(values, 2048);
    if (count > 512) Check(values, 512);
  }
}

TEST_P(TopKTest, ValuesThatDifferInTheLastBitsOnly) {
  Random random(3);
  for (const float base : {1.0F, -1.0F, 3.0e-39F}) {
    std::vector<float> values(5000);
    for (float& x : values) {
      uint32_t bits;
      std::memcpy(&bits, &base, 4);
      bits += static_cast<uint32_t>(random.Below(3000));
      std::memcpy(&x, &bits, 4);
    }
    CheckAll(values);
  }
}

TEST_P(TopKTest, TiesGoToTheLowerPosition) {
  Random random(4);
  for (const int64_t distinct : {1, 2, 3, 10}) {
    for (const int64_t count : {2, 3, 17, 64, 65, 1000, 4099}) {
      std::vector<float> values(static_cast<size_t>(count));
      for (float& x : values) x = static_cast<float>(random.Below(distinct)) - 1.0F;
      CheckAll(values);
    }
  }
}

TEST_P(TopKTest, BothZerosAreEqual) {
  Random random(5);
  std::vector<float> values(999);
  for (float& x : values) x = random.Below(2) == 0 ? 0.0F : -0.0F;
  CheckAll(values);
  values[500] = 0x1p-149F;
  values[501] = -0x1p-149F;
  CheckAll(values);
}

TEST_P(TopKTest, InfinitiesAndNaNOfBothSigns) {
  Random random(6);
  const float special[] = {kInfinity, -kInfinity, kNaN,     -kNaN, 0.0F,
                           -0.0F,     3.0e38F,    -3.0e38F, 1.0F,  -1.0F};
  for (const int64_t count : {9, 64, 700}) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& x : values) x = special[random.Below(10)];
    CheckAll(values);
    std::fill(values.begin(), values.end(), -kInfinity);
    CheckAll(values);
    values.back() = -kNaN;
    CheckAll(values);
  }
}

TEST_P(TopKTest, SortedBothWays) {
  std::vector<float> values(3000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 1500.0F;
  CheckAll(values);
  std::reverse(values.begin(), values.end());
  CheckAll(values);
}

INSTANTIATE_TEST_SUITE_P(EveryTable, TopKTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
