// What keys may use and how they are told, through the server's socket.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/api_client.h"
#include "support/service_fixture.h"
#include "support/temp_dir.h"

namespace fathom::api {
namespace {

using test::At;
using test::JsonOf;
using test::TextAt;

// sha256 of "abc", FIPS 180-2, and of "b".
constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kB = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d";

KeyRing Ring(const std::string& limits) {
  auto ring = KeyRing::FromJson(fmt::format(
      R"({{"keys": [{{"name": "abc", "sha256": "{}"{}{}}}, {{"name": "b", "sha256": "{}"}}]}})",
      kAbc, limits.empty() ? "" : ", ", limits, kB));
  FATHOM_CHECK(ring.ok(), "{}", ring.status().message());
  return *std::move(ring);
}

class ServiceQuotaTest : public test::ServiceFixture {
 protected:
  void Start(const std::string& limits, test::ScriptedServiceOptions options = {}) {
    options.lines = {{"weather", "It rains."}, {"long", std::string(3000, 'a')}};
    options.keys = Ring(limits);
    Serve(std::move(options));
  }

  test::HttpAnswer Post(const std::string& path, const std::string& body,
                        const std::string& key = "abc") const {
    return test::Post(port_, path, body, "x-api-key: " + key + "\r\n");
  }
  test::HttpAnswer Chat(const std::string& more = "", const std::string& key = "abc") const {
    return Post("/v1/chat/completions",
                R"({"messages": [{"role": "user", "content": "weather"}])" + more + "}", key);
  }
  json::Value Usage(const std::string& key = "abc") const {
    const auto answer = test::Get(port_, "/v1/usage", "x-api-key: " + key + "\r\n");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return JsonOf(answer);
  }
  int64_t Int(const json::Value& value, std::string_view path) const {
    const auto number = At(value, path).AsInt64();
    EXPECT_TRUE(number) << path << " of " << json::Dump(value, json::Style::kCompact);
    return number.value_or(-1);
  }
};

TEST_F(ServiceQuotaTest, AUsedUpDayIs429InEveryDialect) {
  Start(R"("tokens_per_day": 5)");
  const test::HttpAnswer first = Chat();
  ASSERT_EQ(first.status, 200) << first.body;
  const int64_t total = Int(JsonOf(first), "usage.total_tokens");
  const std::string message =
      fmt::format("this key may use 5 tokens a day (tokens_per_day), and has used {}", total);
  const std::string chat = R"("messages": [{"role": "user", "content": "weather"}])";
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"/v1/chat/completions", "{" + chat + "}"},
      {"/v1/chat/completions", "{" + chat + R"(, "stream": true})"},
      {"/v1/completions", R"({"prompt": "weather"})"},
      {"/v1/responses", R"({"input": "weather"})"},
      {"/v1/messages", R"({"max_tokens": 9, )" + chat + "}"}};
  for (const auto& [path, body] : requests) {
    const test::HttpAnswer refused = Post(path, body);
    EXPECT_EQ(refused.status, 429) << path;
    EXPECT_EQ(TextAt(JsonOf(refused), "error.message"), message) << path;
    EXPECT_EQ(TextAt(JsonOf(refused), "error.type"), "rate_limit_error") << path;
    EXPECT_EQ(refused.Header("x-ratelimit-remaining-tokens"), "0") << path;
    const int retry = std::stoi(refused.Header("Retry-After"));
    EXPECT_GT(retry, 0) << path;
    EXPECT_LE(retry, 86'400) << path;
  }
  // Another key is not concerned.
  EXPECT_EQ(Chat("", "b").status, 200);
  const std::string page = test::Get(port_, "/metrics", "x-api-key: b\r\n").body;
  EXPECT_NE(page.find("fathom_key_refused_total{key=\"abc\",limit=\"tokens_per_day\"} 5\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find(fmt::format("fathom_key_tokens_total{{key=\"abc\"}} {}\n", total)),
            std::string::npos)
      << page;
}

TEST_F(ServiceQuotaTest, UsageIsWhatTheAnswersSaid) {
  test::ScriptedServiceOptions options;
  options.api.prices = Prices{.currency = "EUR", .cache_hit = 1, .cache_miss = 2, .output = 3};
  Start(R"("tokens_per_minute": 100000, "money_per_day": 5, "requests_per_minute": 60)",
        std::move(options));
  int64_t prompt = 0, cached = 0, completion = 0;
  double cost = 0;
  for (int i = 0; i < 3; ++i) {
    const test::HttpAnswer answer = Chat();
    const json::Value usage = At(JsonOf(answer), "usage");
    prompt += Int(usage, "prompt_tokens");
    cached += Int(usage, "prompt_cache_hit_tokens");
    completion += Int(usage, "completion_tokens");
    cost += *At(usage, "cost").AsDouble();
    EXPECT_EQ(answer.Header("x-ratelimit-limit-tokens"), "100000");
    EXPECT_EQ(answer.Header("x-ratelimit-remaining-requests"), fmt::format("{}", 59 - i));
  }
  EXPECT_EQ(Chat(R"(, "temperature": 9)").status, 400);  // costs nothing
  const json::Value usage = Usage();
  EXPECT_EQ(TextAt(usage, "key"), "abc");
  EXPECT_EQ(Int(usage, "requests"), 3);
  EXPECT_EQ(Int(usage, "prompt_tokens"), prompt);
  EXPECT_EQ(Int(usage, "cached_tokens"), cached);
  EXPECT_EQ(Int(usage, "completion_tokens"), completion);
  EXPECT_EQ(Int(usage, "counted_tokens"), prompt - cached + completion);
  EXPECT_NEAR(*At(usage, "cost").AsDouble(), cost, 1e-9);
  EXPECT_EQ(TextAt(usage, "currency"), "EUR");
  EXPECT_NEAR(*At(usage, "limits.money_per_day.remaining").AsDouble(), 5 - cost, 1e-9);
  EXPECT_EQ(Int(usage, "limits.tokens_per_minute.held"), 0);
  EXPECT_EQ(Int(Usage("b"), "requests"), 0);
  EXPECT_EQ(At(Usage("b"), "limits").object().size(), 0U);
  EXPECT_EQ(test::Get(port_, "/v1/usage").status, 401);
}

TEST_F(ServiceQuotaTest, ManyAtOnceStayWithinTheLimit) {
  Start(R"("tokens_per_day": 300)");
  const int64_t one = Int(JsonOf(Chat(R"(, "max_tokens": 20)", "b")), "usage.total_tokens");
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0, refused = 0;
  for (int i = 0; i < 32; ++i) {
    clients.emplace_back([&] {
      const int status = Chat(R"(, "max_tokens": 20)").status;
      if (status == 200) ++answered;
      if (status == 429) ++refused;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered + refused, 32);
  EXPECT_GT(answered, 0);
  EXPECT_GT(refused, 0) << one;
  const json::Value usage = Usage();
  EXPECT_EQ(Int(usage, "limits.tokens_per_day.held"), 0);
  // The last may have been alone, and went over by itself at most.
  EXPECT_LT(Int(usage, "counted_tokens"), 300 + one);
}

TEST_F(ServiceQuotaTest, AClientThatLeavesPaysForWhatWasMade) {
  Start(R"("tokens_per_day": 100000)");
  {
    test::HttpClient client(port_);
    ASSERT_TRUE(client.Send(
        test::PostText("/v1/chat/completions",
                       R"({"messages": [{"role": "user", "content": "long"}], "stream": true})",
                       "x-api-key: abc\r\n")));
    ASSERT_FALSE(client.ReadUntil("\"content\":\"a").empty());  // it runs
  }
  while (service_->server->counts().answers > 0) std::this_thread::yield();
  const json::Value usage = Usage();
  EXPECT_EQ(Int(usage, "requests"), 1);
  EXPECT_GT(Int(usage, "prompt_tokens"), 0);
  EXPECT_EQ(Int(usage, "limits.tokens_per_day.held"), 0);
}

TEST_F(ServiceQuotaTest, NewKeysKeepTheCounts) {
  Start(R"("tokens_per_day": 5)");
  EXPECT_EQ(Chat().status, 200);
  EXPECT_EQ(Chat().status, 429);
  service_->keys->Replace(Ring(R"("tokens_per_day": 100000)"));
  EXPECT_EQ(Chat().status, 200);
  EXPECT_EQ(Int(Usage(), "requests"), 2);
  service_->keys->Replace(Ring(R"("tokens_per_day": 6)"));
  EXPECT_EQ(Chat().status, 429);
}

TEST_F(ServiceQuotaTest, ARestartKeepsTheCountsOfItsFile) {
  const test::TempDir dir;
  for (int run = 0; run < 2; ++run) {
    test::ScriptedServiceOptions options;
    options.api.usage_file = dir.File("usage.json");
    Start(R"("tokens_per_day": 5)", std::move(options));
    EXPECT_EQ(Chat().status, run == 0 ? 200 : 429);
  }
  test::ScriptedServiceOptions options;
  options.tokenizer = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";
  options.api.usage_file = dir.File("usage.json");
  service_.reset();  // writes its counts, which nobody wants to lose
  dir.Write("usage.json", "{");
  EXPECT_NE(test::ScriptedService::Start(std::move(options)).status().message().find("usage.json"),
            std::string::npos);
}

}  // namespace
}  // namespace fathom::api
