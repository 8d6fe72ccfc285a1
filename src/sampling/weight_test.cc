#include "sampling/weight.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fathom {
namespace {

// The value before rounding to an integer, from the C library in extended precision.
long double Exact(double x) { return std::exp(static_cast<long double>(x)) * 0x1p57L; }

TEST(Weight, IsTheExponential) {
  for (double x = 0; x > -41; x -= 0.000731) {
    const long double exact = Exact(x);
    EXPECT_LE(std::abs(static_cast<long double>(WeightOf(x)) - exact), 0.5L + exact * 5e-16L) << x;
  }
}

TEST(Weight, IsExactAtTheEnds) {
  EXPECT_EQ(WeightOf(0), kFullWeight);
  EXPECT_EQ(WeightOf(-0.0), kFullWeight);
  EXPECT_EQ(WeightOf(-std::numeric_limits<double>::denorm_min()), kFullWeight);
  EXPECT_EQ(WeightOf(-40.2), 1U);  // 0.50 rounds up
  EXPECT_EQ(WeightOf(-40.21), 0U);
  EXPECT_EQ(WeightOf(-1e300), 0U);
  EXPECT_EQ(WeightOf(-std::numeric_limits<double>::infinity()), 0U);
}

// Bit for bit on every machine and with every compiler.
TEST(Weight, HasTheseBits) {
  EXPECT_EQ(WeightOf(-0.0078125), 142993674784612944U);
  EXPECT_EQ(WeightOf(-1), 53017014853663160U);
  EXPECT_EQ(WeightOf(-2.5), 11829695014889544U);
  EXPECT_EQ(WeightOf(-20), 297043542U);
}

}  // namespace
}  // namespace fathom
