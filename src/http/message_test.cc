#include "http/message.h"

#include <gtest/gtest.h>

namespace fathom::http {
namespace {

TEST(Headers, FindIgnoresCaseAndTakesTheFirst) {
  const Headers headers{{"Content-Type", "a"}, {"content-type", "b"}, {"X", ""}};
  EXPECT_EQ(headers.Find("CONTENT-TYPE"), "a");
  EXPECT_EQ(headers.Find("x"), "");
  EXPECT_EQ(headers.Find("Content"), std::nullopt);
  EXPECT_EQ(headers.Find("Content-Type2"), std::nullopt);
}

TEST(ReasonPhrase, KnowsWhatTheServerSays) {
  for (const int status :
       {200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 417, 421, 429, 431, 500, 501, 503, 505}) {
    EXPECT_NE(ReasonPhrase(status), "") << status;
  }
  EXPECT_EQ(ReasonPhrase(404), "Not Found");
  EXPECT_EQ(ReasonPhrase(299), "");
}

TEST(PercentDecode, Cases) {
  const struct {
    std::string_view text;
    std::optional<std::string> decoded;
  } cases[] = {
      {"", ""},
      {"plain+text", "plain+text"},
      {"a%20b", "a b"},
      {"%2F%2f", "//"},
      {"%ff%00", std::string("\xff\0", 2)},
      {"%25%32%30", "%20"},
      {"%", std::nullopt},
      {"%2", std::nullopt},
      {"%2g", std::nullopt},
      {"%g2", std::nullopt},
      {"100%", std::nullopt},
      {"% 2", std::nullopt},
      {"\xc3\xa9", "\xc3\xa9"},
  };
  for (const auto& test : cases) EXPECT_EQ(PercentDecode(test.text), test.decoded) << test.text;
}

TEST(QueryParameter, Cases) {
  const struct {
    std::string_view query, name;
    std::optional<std::string> value;
  } cases[] = {
      {"", "a", std::nullopt},
      {"a=1&b=2", "a", "1"},
      {"a=1&b=2", "b", "2"},
      {"a=1&a=2", "a", "1"},
      {"aa=1", "a", std::nullopt},
      {"a", "a", ""},
      {"a=", "a", ""},
      {"a=b=c", "a", "b=c"},
      {"&&a=1&", "a", "1"},
      {"%61=x+y%2Bz", "a", "x y+z"},
      {"a=%zz", "a", std::nullopt},
      {"%zz=1&a=2", "a", "2"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(QueryParameter(test.query, test.name), test.value) << test.query;
  }
}

}  // namespace
}  // namespace fathom::http
