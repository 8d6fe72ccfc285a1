#include "tensor/shape.h"

#include <gtest/gtest.h>

#include <vector>

namespace fathom {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ((Shape{7168, 576}).elements(), 7168 * 576);
  EXPECT_EQ((Shape{5, 0, 3}).elements(), 0);
}

TEST(Shape, FromARunOfNumbers) {
  const std::vector<int64_t> dims = {4, 5, 6};
  EXPECT_EQ(Shape(dims), (Shape{4, 5, 6}));
  EXPECT_EQ(Shape(std::span<const int64_t>()), Shape());
}

TEST(Shape, PrintsLikeAList) {
  EXPECT_EQ(Shape().ToString(), "[]");
  EXPECT_EQ((Shape{7168, 576}).ToString(), "[7168, 576]");
}

TEST(Shape, ComparesRankAndDimensions) {
  EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
  EXPECT_FALSE((Shape{2, 3}) == (Shape{2, 3, 1}));
}

}  // namespace
}  // namespace fathom
