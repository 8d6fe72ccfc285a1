#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

namespace fathom {
namespace {

using Words = std::array<uint32_t, 4>;

// The rows of philox4x32 10 in the kat_vectors file that accompanies the paper. Its counter words
// are, lowest first, our position and stream; its two key words are our seed.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox(0, 0, 0), (Words{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}));
  EXPECT_EQ(Philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}),
            (Words{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}));
  EXPECT_EQ(Philox(0x299F31D0A4093822, 0x0370734413198A2E, 0x85A308D3243F6A88),
            (Words{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}));
}

TEST(Philox, EveryInputBitChangesTheOutput) {
  std::set<Words> seen = {Philox(1, 2, 3)};
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t flip = uint64_t{1} << bit;
    seen.insert(Philox(1 ^ flip, 2, 3));
    seen.insert(Philox(1, 2 ^ flip, 3));
    seen.insert(Philox(1, 2, 3 ^ flip));
  }
  EXPECT_EQ(seen.size(), 1u + 3 * 64);
}

TEST(RandomUniform, IsTheTop53BitsOfTheFirstTwoWords) {
  // 0x6627E8D5E169C58D >> 11, over 2^53.
  EXPECT_EQ(RandomUniform(0, 0, 0), static_cast<double>(0x6627E8D5E169C58D >> 11) * 0x1p-53);
}

// 100,000 draws of a uniform number have mean 1/2 and variance 1/12, with standard errors of
// 0.00091 and 0.00024; five of them are allowed. The numbers are fixed, so this never flickers.
TEST(RandomUniform, StaysInRangeAndIsFlat) {
  constexpr int kDraws = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = RandomUniform(7, 1, static_cast<uint64_t>(i));
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, 0.5, 0.0046);
  EXPECT_NEAR(squares / kDraws - mean * mean, 1.0 / 12, 0.0012);
}

}  // namespace
}  // namespace fathom
