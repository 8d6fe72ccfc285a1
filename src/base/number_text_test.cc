#include "base/number_text.h"

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

TEST(FormatCount, GroupsThreeDigits) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(685'396'921'376), "685,396,921,376");
  EXPECT_EQ(FormatCount(-100), "-100");
  EXPECT_EQ(FormatCount(-1234567), "-1,234,567");
}

TEST(ParseBytes, SizesAsPeopleWriteThem) {
  const auto bytes = [](std::string_view text) {
    const auto parsed = ParseBytes(text);
    return parsed.ok() ? *parsed : -1;
  };
  EXPECT_EQ(bytes("0"), 0);
  EXPECT_EQ(bytes("1000000"), 1'000'000);
  EXPECT_EQ(bytes("17B"), 17);
  EXPECT_EQ(bytes("8GB"), 8'000'000'000);
  EXPECT_EQ(bytes("1.5 GB"), 1'500'000'000);
  EXPECT_EQ(bytes("2kB"), 2000);
  EXPECT_EQ(bytes("512 MiB"), int64_t{512} << 20);
  EXPECT_EQ(bytes("1TiB"), int64_t{1} << 40);
  for (const char* text : {"", "GB", "-1", "-1GB", "1GBs", "1 X", "1iB", "1e30GB", "nan", "inf",
                           "0x10", "1,5GB", "99999999PB"}) {
    EXPECT_EQ(bytes(text), -1) << text;
  }
}

}  // namespace
}  // namespace fathom
