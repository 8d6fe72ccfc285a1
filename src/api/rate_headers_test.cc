#include "api/rate_headers.h"

#include <gtest/gtest.h>

namespace fathom::api {
namespace {

TEST(RateHeaders, DurationsAreRoundedUp) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0, "0ms"},     {-1, "0ms"},      {0.0001, "1ms"},    {0.12, "120ms"},
      {0.9999, "1s"}, {1, "1s"},        {1.001, "2s"},      {59.5, "1m0s"},
      {360, "6m0s"},  {3600, "1h0m0s"}, {3605.5, "1h0m6s"}, {86'400, "24h0m0s"}};
  for (const auto& [seconds, text] : cases) EXPECT_EQ(RateDuration(seconds), text) << seconds;
}

TEST(RateHeaders, NoLimitNoHeader) {
  http::Headers headers;
  const QuotaState money = {.quota = Quota::kMoneyPerDay, .limit = 5};
  AddRateHeaders({}, {&money, 1}, &headers);
  EXPECT_EQ(headers.begin(), headers.end());
}

TEST(RateHeaders, TheTightestLimitOfTokensIsTold) {
  const std::vector<QuotaState> quotas = {
      {.quota = Quota::kTokensPerMinute, .limit = 100, .used = 10, .held = 20, .reset_seconds = 6},
      {.quota = Quota::kTokensPerDay, .limit = 1000, .used = 980, .held = 30, .reset_seconds = 60}};
  http::Headers headers;
  AddRateHeaders(KeyUse::RequestState{.limit = 60, .remaining = 59, .reset_seconds = 1}, quotas,
                 &headers);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"x-ratelimit-limit-requests", "60"},  {"x-ratelimit-remaining-requests", "59"},
      {"x-ratelimit-reset-requests", "1s"},  {"x-ratelimit-limit-tokens", "1000"},
      {"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "1m0s"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(headers.Find(name), value) << name;
}

}  // namespace
}  // namespace fathom::api
