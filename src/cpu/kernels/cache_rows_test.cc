// Rows into the cache: byte for byte what the layout and the quantiser of spec 6.2 define.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "cpu/kernels/kernel_test.h"
#include "cpu/kernels/test_data.h"
#include "tensor/float_formats.h"

namespace fathom {
namespace {

using test::Guarded;
using test::kCacheTypes;
using test::Random;
using test::Values;

// Shapes of the real model, and odd ones that only the wider types take.
std::vector<CacheLayout> Layouts() {
  std::vector<CacheLayout> layouts;
  for (const CacheType type : kCacheTypes) {
    layouts.push_back({type, 512, 64, 128});
    layouts.push_back({type, 128, 16, 128});
    layouts.push_back({type, 256, 6, 128});
    if (type != CacheType::kFP8) layouts.push_back({type, 20, 6, 12});
  }
  return layouts;
}

class CacheRowsTest : public test::KernelTest {
 protected:
  void CheckLatent(const CacheLayout& layout, const Guarded<float>& kv) const {
    const Guarded<std::byte> row(layout.LatentBytes()), expected(layout.LatentBytes());
    test::EncodeLatent(layout, kv.data(), expected.data());
    table().write_latent(kv.data(), layout.latent_dim, layout.rope_dim,
                         static_cast<uint8_t>(layout.type), row.data());
    for (int64_t i = 0; i < row.size(); ++i) ASSERT_EQ(row[i], expected[i]) << "byte " << i;
    EXPECT_TRUE(row.Intact());
  }

  void CheckIndexKey(const CacheLayout& layout, const Guarded<float>& key, int64_t slot) const {
    const int64_t bytes = 64 * layout.IndexKeyBytes();
    const Guarded<std::byte> page(bytes), expected(bytes);
    // The other slots must stay as they are.
    for (int64_t i = 0; i < bytes; ++i) page[i] = expected[i] = static_cast<std::byte>(i * 7);
    test::EncodeIndexKey(layout, key.data(), slot, expected.data());
    table().write_index_key(key.data(), layout.index_dim, static_cast<uint8_t>(layout.type), slot,
                            page.data());
    for (int64_t i = 0; i < bytes; ++i) ASSERT_EQ(page[i], expected[i]) << "byte " << i;
    EXPECT_TRUE(page.Intact());
  }

  // `fill` makes the values of a row.
  void CheckBoth(const std::function<float()>& fill) const {
    for (const CacheLayout& layout : Layouts()) {
      SCOPED_TRACE(
          fmt::format("{}, {} + {}", Name(layout.type), layout.latent_dim, layout.rope_dim));
      const Guarded<float> kv(layout.latent_dim + layout.rope_dim), key(layout.index_dim);
      std::generate(kv.begin(), kv.end(), fill);
      std::generate(key.begin(), key.end(), fill);
      CheckLatent(layout, kv);
      for (const int64_t slot : {0, 1, 31, 63}) CheckIndexKey(layout, key, slot);
    }
  }
};

TEST_P(CacheRowsTest, RandomRows) {
  Random random(1);
  for (int round = 0; round < 20; ++round) {
    CheckBoth([&] { return random.Symmetric(); });
    CheckBoth([&] { return test::Draw(random, Values::kWide); });
  }
}

TEST_P(CacheRowsTest, MagnitudesFromDenormalToHuge) {
  Random random(2);
  for (int exponent = -149; exponent <= 120; ++exponent) {
    CheckBoth([&] { return std::ldexp(random.Symmetric(), exponent); });
  }
}

TEST_P(CacheRowsTest, ZerosKeepTheirSign) {
  CheckBoth([] { return 0.0F; });
  CheckBoth([] { return -0.0F; });
}

// Around 448 * 2^n the scale steps; around the amax floor 1e-4 it stops falling.
TEST_P(CacheRowsTest, BordersOfTheScale) {
  Random random(3);
  for (const float top : {448.0F, 0x1.cp-3F, 0x1.cp-14F, 1e-4F, 1e-4F * 0.999F, 1.0F, 449.0F}) {
    for (int step = -3; step <= 3; ++step) {
      float most = top;
      for (int i = 0; i < std::abs(step); ++i) most = std::nextafter(most, step < 0 ? 0.0F : 1e9F);
      bool first = true;
      CheckBoth([&] {
        const float x = first ? -most : most * random.Symmetric();
        first = false;
        return x;
      });
    }
  }
}

// All values half way between two e4m3 numbers, subnormal ones among them.
TEST_P(CacheRowsTest, TiesRoundToEven) {
  const CacheLayout layout{CacheType::kFP8, 128, 4, 128};
  const Guarded<float> kv(132);
  for (int64_t code = 0; code < 0x7E; ++code) {
    kv[code] = (ToFloat(E4M3{static_cast<uint8_t>(code)}) +
                ToFloat(E4M3{static_cast<uint8_t>(code + 1)})) /
               2;
    if (code % 3 == 0) kv[code] = -kv[code];
  }
  kv[127] = 448.0F;  // scale 1
  CheckLatent(layout, kv);
  const Guarded<float> key(128);
  std::copy_n(kv.begin(), 128, key.begin());
  CheckIndexKey(layout, key, 5);
}

// A damaged block is read back as NaN, whatever e4m3 can say.
TEST_P(CacheRowsTest, NaNAndInfinityMakeTheirBlockNaN) {
  const CacheLayout layout{CacheType::kFP8, 256, 64, 128};
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN(),
        std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
    for (const int64_t at : {0, 5, 127}) {
      const Guarded<float> kv(320);
      std::fill(kv.begin(), kv.end(), 1.0F);
      kv[128 + at] = bad;
      const Guarded<std::byte> row(layout.LatentBytes());
      table().write_latent(kv.data(), 256, 64, static_cast<uint8_t>(layout.type), row.data());
      for (int64_t d = 0; d < 320; ++d) {
        const double read = test::DecodeLatent(layout, row.data(), d);
        ASSERT_EQ(std::isnan(read), d >= 128 && d < 256) << d;
      }
      const Guarded<std::byte> page(64 * layout.IndexKeyBytes());
      table().write_index_key(kv.data() + 128, 128, static_cast<uint8_t>(layout.type), 9,
                              page.data());
      for (int64_t d = 0; d < 128; ++d) {
        ASSERT_TRUE(std::isnan(test::DecodeIndexKey(layout, page.data(), 9, d)));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, CacheRowsTest, test::kEveryTable, test::TableName);

}  // namespace
}  // namespace fathom
