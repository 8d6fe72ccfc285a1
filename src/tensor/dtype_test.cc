#include "tensor/dtype.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(DType, NamesReadBack) {
  for (const DTypeInfo& info : kDTypes) EXPECT_EQ(ParseDType(info.name), info.type);
}

TEST(DType, UnknownNameIsNothing) {
  EXPECT_EQ(ParseDType("F8_E5M2"), std::nullopt);
  EXPECT_EQ(ParseDType("f32"), std::nullopt);
  EXPECT_EQ(ParseDType(""), std::nullopt);
}

}  // namespace
}  // namespace fathom
