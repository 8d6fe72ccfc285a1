#include "base/byte_size.h"

#include <gtest/gtest.h>

#include <limits>

namespace fathom {
namespace {

TEST(FormatBytes, ChoosesAUnit) {
  EXPECT_EQ(FormatBytes(0), "0 bytes");
  EXPECT_EQ(FormatBytes(999), "999 bytes");
  EXPECT_EQ(FormatBytes(1000), "1.0 kB");
  EXPECT_EQ(FormatBytes(999'949), "999.9 kB");
  EXPECT_EQ(FormatBytes(999'950), "1.0 MB");
  EXPECT_EQ(FormatBytes(689'500'000'000), "689.5 GB");
  EXPECT_EQ(FormatBytes(std::numeric_limits<int64_t>::max()), "9223.4 PB");
}

}  // namespace
}  // namespace fathom
