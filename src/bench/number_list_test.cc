#include "bench/number_list.h"

#include <gtest/gtest.h>

#include <string>

namespace fathom {
namespace {

std::string Error(std::string_view text) {
  return ParseNumberList("--depth", text, 0, 100).status().message();
}

TEST(NumberList, KeepsTheOrder) {
  EXPECT_EQ(ParseNumberList("--depth", "16,4,64", 0, 100).value(),
            (std::vector<int64_t>{16, 4, 64}));
  EXPECT_EQ(ParseNumberList("--depth", "0", 0, 100).value(), std::vector<int64_t>{0});
}

TEST(NumberList, ErrorsNameTheFlagAndWhatWasFound) {
  for (const char* text : {"", ",", "1,", "1,,2", "a", "1 2", "1.5", " 1", "+1"}) {
    EXPECT_EQ(Error(text), std::string("--depth: \"") + text +
                               "\" is no list of whole numbers such as 128,1024");
  }
  EXPECT_EQ(Error("7,101"), "--depth: 101 is outside [0, 100]");
  EXPECT_EQ(Error("-1"), "--depth: -1 is outside [0, 100]");
  EXPECT_EQ(Error("99999999999999999999"),
            "--depth: \"99999999999999999999\" is no list of whole numbers such as 128,1024");
}

TEST(NumberList, IsBounded) {
  std::string text = "1";
  for (int i = 0; i < 32; ++i) text += ",1";
  EXPECT_EQ(Error(text), "--depth: more than 32 numbers");
}

}  // namespace
}  // namespace fathom
