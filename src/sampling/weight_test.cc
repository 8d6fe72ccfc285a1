#include "sampling/weight.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fathom {
namespace {

// The value before it is cut to an integer, from the C library in extended precision.
long double Exact(double x) { return std::exp(static_cast<long double>(x)) * 0x1p57L; }

TEST(Weight, IsTheExponential) {
  for (double x = 0; x > -41; x -= 0.000731) {
    const long double exact = Exact(x);
    const auto weight = static_cast<long double>(WeightOf(x));
    EXPECT_LE(weight, exact * (1 + 5e-16L)) << x;
    EXPECT_GE(weight, exact * (1 - 5e-16L) - 1) << x;
  }
}

TEST(Weight, IsExactAtTheEnds) {
  EXPECT_EQ(WeightOf(0), kFullWeight);
  EXPECT_EQ(WeightOf(-0.0), kFullWeight);
  EXPECT_EQ(WeightOf(-std::numeric_limits<double>::denorm_min()), kFullWeight);
  EXPECT_EQ(WeightOf(-39.50), 1U);  // 1.009
  EXPECT_EQ(WeightOf(-39.51), 0U);  // 0.999
  EXPECT_EQ(WeightOf(-1e300), 0U);
  EXPECT_EQ(WeightOf(-std::numeric_limits<double>::infinity()), 0U);
}

// Bit for bit on every machine and with every compiler.
TEST(Weight, HasTheseBits) {
  EXPECT_EQ(WeightOf(-0.0078125), 142993674784612944U);
  EXPECT_EQ(WeightOf(-1), 53017014853663160U);
  EXPECT_EQ(WeightOf(-2.5), 11829695014889544U);
  EXPECT_EQ(WeightOf(-20), 297043541U);
}

}  // namespace
}  // namespace fathom
