#include "api/prices.h"

#include <gtest/gtest.h>

namespace fathom::api {
namespace {

TEST(Prices, CostOfARequest) {
  const auto prices = Prices::FromJson(
      R"({"currency": "EUR", "per_million": {"cache_hit": 0.5, "cache_miss": 2, "output": 10}})");
  ASSERT_TRUE(prices.ok()) << prices.status().message();
  EXPECT_EQ(prices->currency, "EUR");
  EXPECT_DOUBLE_EQ(prices->Cost(1'000'000, 400'000, 100'000), 0.2 + 1.2 + 1.0);
  EXPECT_EQ(prices->Cost(0, 0, 0), 0);
}

TEST(Prices, ErrorsNameTheField) {
  const auto error = [](std::string_view text) {
    return Prices::FromJson(text).status().message();
  };
  EXPECT_EQ(error("3"), "price file: expected object, found number");
  EXPECT_EQ(error("{}"), "per_million: missing");
  EXPECT_EQ(error(R"({"per_million": {"cache_hit": -1}})"),
            "per_million.cache_hit: -1 is outside [0, inf]");
}

}  // namespace
}  // namespace fathom::api
