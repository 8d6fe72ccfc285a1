#include "api/metrics_page.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace fathom::api {
namespace {

TEST(MetricsPage, EveryLineIsOfTheTextForm) {
  EngineStats engine;
  engine.first_token_seconds.Add(0.02);
  engine.first_token_seconds.Add(100);
  ServerMetrics requests;
  requests.CountRequest("/v1/models", 200);
  requests.CountRequest("a \"b\\\n", 404);
  AnswerRecord record;
  record.end = "stop";
  requests.CountAnswer(record);
  const Quotas::Totals totals = {.spent = {.requests = 2,
                                           .prompt_tokens = 9,
                                           .cached_tokens = 4,
                                           .completion_tokens = 3,
                                           .nanos = 1'500'000'000},
                                 .refused = {0, 1, 0}};
  const std::string page =
      MetricsPage(engine, {}, {}, {}, requests.Get(), {{"a \"b\\\n", totals}, {"c", totals}});
  EXPECT_NE(page.find("fathom_key_tokens_total{key=\"c\"} 8\n"), std::string::npos);
  EXPECT_NE(page.find("fathom_key_cost_total{key=\"c\"} 1.5\n"), std::string::npos);
  EXPECT_NE(page.find("fathom_key_refused_total{key=\"c\",limit=\"tokens_per_day\"} 1\n"),
            std::string::npos);
  const std::regex sample(
      R"re(fathom_[a-z_]+(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? -?[0-9.e+-]+)re");
  const std::regex comment(R"(# (HELP|TYPE) fathom_[a-z_]+ .+)");
  std::istringstream lines(page);
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(std::regex_match(line, sample) || std::regex_match(line, comment)) << line;
    EXPECT_TRUE(seen.insert(line).second) << "twice: " << line;
  }
  EXPECT_EQ(page.back(), '\n');
}

TEST(MetricsPage, BucketsAreCumulative) {
  EngineStats engine;
  for (const double seconds : {0.0005, 0.002, 0.002, 100.0})
    engine.first_token_seconds.Add(seconds);
  const std::string page = MetricsPage(engine, {}, {}, {}, {});
  const auto has = [&](const std::string& line) {
    return page.find("\nfathom_time_to_first_token_seconds" + line + "\n") != std::string::npos;
  };
  EXPECT_TRUE(has("_bucket{le=\"0.001\"} 1"));
  EXPECT_TRUE(has("_bucket{le=\"0.0025\"} 3"));
  EXPECT_TRUE(has("_bucket{le=\"60\"} 3"));
  EXPECT_TRUE(has("_bucket{le=\"+Inf\"} 4"));
  EXPECT_TRUE(has("_count 4"));
}

TEST(MetricsPage, CountsByRouteStatusAndEnd) {
  ServerMetrics requests;
  requests.CountRequest("/v1/models", 200);
  requests.CountRequest("/v1/models", 200);
  requests.CountRequest("other", 404);
  AnswerRecord record;
  record.end = "gone";
  record.usage.reasoning_tokens = 7;
  requests.CountAnswer(record);
  const std::string page = MetricsPage({}, {}, {}, {}, requests.Get());
  EXPECT_NE(page.find("fathom_http_requests_total{route=\"/v1/models\",status=\"200\"} 2\n"),
            std::string::npos);
  EXPECT_NE(page.find("fathom_answers_total{end=\"gone\"} 1\n"), std::string::npos);
  EXPECT_NE(page.find("fathom_reasoning_tokens_total 7\n"), std::string::npos);
}

}  // namespace
}  // namespace fathom::api
