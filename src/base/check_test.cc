#include "base/check.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(CheckDeathTest, PrintsPlaceConditionAndValues) {
  const int page = 9, pages = 4;
  EXPECT_DEATH(FATHOM_CHECK(page < pages, "page {} of {}", page, pages),
               "check_test\\.cc:[0-9]+: check failed: page < pages: page 9 of 4");
}

TEST(Check, PassesQuietlyAndEvaluatesTheConditionOnce) {
  int evaluated = 0, described = 0;
  FATHOM_CHECK(++evaluated == 1, "described {} times", ++described);
  EXPECT_EQ(evaluated, 1);
  EXPECT_EQ(described, 0);
}

TEST(Check, IsOneStatement) {
  bool otherwise = false;
  if (otherwise)
    FATHOM_CHECK(false, "never reached");
  else
    otherwise = true;
  EXPECT_TRUE(otherwise);
}

#if defined(FATHOM_DCHECKS)
TEST(CheckDeathTest, DcheckStopsWhereItIsKept) {
  EXPECT_DEATH(FATHOM_DCHECK(1 == 2, "row {}", 3), "check failed: 1 == 2: row 3");
}
#else
TEST(Check, DcheckIsGoneFromOptimisedBuilds) {
  [[maybe_unused]] int evaluated = 0;
  FATHOM_DCHECK(++evaluated == 0, "never evaluated");
  EXPECT_EQ(evaluated, 0);
}
#endif

}  // namespace
}  // namespace fathom
