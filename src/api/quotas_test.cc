#include "api/quotas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "json/write.h"

namespace fathom::api {
namespace {

constexpr int64_t kDay = 86'400;
constexpr int64_t kNoon = 20'000 * kDay + kDay / 2;  // 2024-10-04

QuotaTime At(double seconds, int64_t start = kNoon) {
  return {.unix_seconds = start + static_cast<int64_t>(seconds), .steady_seconds = seconds};
}

Spending Tokens(int64_t prompt, int64_t cached, int64_t completion) {
  return {.requests = 1,
          .prompt_tokens = prompt,
          .cached_tokens = cached,
          .completion_tokens = completion};
}

// A request that begins and ends at once.
Status RunOne(Quotas* quotas, const KeyHolder& holder, const Spending& spent, QuotaTime now,
              double* retry) {
  const auto hold = quotas->Hold(holder, spent.prompt_tokens, spent.completion_tokens, now, retry);
  if (!hold.ok()) return hold.status();
  quotas->Settle(holder, *hold, spent, now);
  return {};
}

TEST(Quotas, ADaysTokensAreUsedUpAndComeBackAtMidnight) {
  Quotas quotas(nullptr);
  const KeyHolder holder{.name = "a", .scope = 7, .tokens_per_day = 100};
  double retry = 0;
  EXPECT_TRUE(RunOne(&quotas, holder, Tokens(50, 10, 30), At(0), &retry).ok());
  EXPECT_EQ(quotas.States(holder, At(0))[0].used, 70);
  EXPECT_EQ(quotas.States(holder, At(0))[0].remaining(), 30);
  // Alone it may go over.
  EXPECT_TRUE(RunOne(&quotas, holder, Tokens(40, 0, 20), At(1), &retry).ok());
  const Status refused = RunOne(&quotas, holder, Tokens(1, 0, 1), At(2), &retry);
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.message(),
            "this key may use 100 tokens a day (tokens_per_day), and has used 130");
  EXPECT_EQ(retry, kDay / 2 - 2);
  EXPECT_EQ(quotas.Check(holder, At(2), &retry).message(), refused.message());
  EXPECT_TRUE(quotas.Check(holder, At(kDay / 2), &retry).ok());
  EXPECT_EQ(quotas.Today(holder, At(kDay / 2)), Spending());
  EXPECT_EQ(quotas.DayOf(holder, At(kDay / 2)), "2024-10-05");
}

TEST(Quotas, AClockThatIsSetBackBringsNothingBack) {
  Quotas quotas(nullptr);
  const KeyHolder holder{.name = "a", .scope = 7, .tokens_per_day = 100};
  double retry = 0;
  EXPECT_TRUE(RunOne(&quotas, holder, Tokens(100, 0, 0), At(0), &retry).ok());
  EXPECT_FALSE(quotas.Check(holder, At(0, kNoon - 3 * kDay), &retry).ok());
  EXPECT_EQ(retry, 3 * kDay + kDay / 2);
}

TEST(Quotas, AMinutesTokensComeBackEvenly) {
  Quotas quotas(nullptr);
  const KeyHolder holder{.name = "a", .scope = 7, .tokens_per_minute = 600};
  double retry = 0;
  EXPECT_TRUE(RunOne(&quotas, holder, Tokens(500, 0, 200), At(0), &retry).ok());
  EXPECT_FALSE(quotas.Check(holder, At(0), &retry).ok());
  EXPECT_NEAR(retry, 10.1, 1e-9);  // until 599 are used
  EXPECT_FALSE(quotas.Check(holder, At(10), &retry).ok());
  EXPECT_TRUE(quotas.Check(holder, At(10.2), &retry).ok());
  EXPECT_EQ(quotas.States(holder, At(40))[0].used, 300);
  EXPECT_NEAR(quotas.States(holder, At(40))[0].reset_seconds, 30, 1e-9);
  // A long pause is worth one minute and no more.
  EXPECT_EQ(quotas.States(holder, At(1e6))[0].remaining(), 600);
}

TEST(Quotas, MoneyIsCountedByThePrices) {
  const Prices prices{.currency = "EUR", .cache_hit = 0.1, .cache_miss = 1, .output = 2};
  Quotas quotas(&prices);
  const KeyHolder holder{.name = "a", .scope = 7, .money_per_day = 0.003};
  double retry = 0;
  EXPECT_TRUE(RunOne(&quotas, holder, Tokens(1000, 400, 500), At(0), &retry).ok());
  // 400 · 100 + 600 · 1,000 + 500 · 2,000 billionths.
  EXPECT_EQ(quotas.Today(holder, At(0)).nanos, 1'640'000);
  const auto first = quotas.Hold(holder, 1000, 100, At(0), &retry);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->nanos, 1'200'000);
  const Status second = quotas.Hold(holder, 100, 100, At(0), &retry).status();
  EXPECT_EQ(second.message(),
            "this key may use 0.003 EUR a day (money_per_day): it has used 0.00164 EUR, 0.0012 EUR "
            "more are held for its running requests, and this one may need 0.0003 EUR");
  quotas.Settle(holder, *first, {}, At(0));
  EXPECT_TRUE(quotas.Hold(holder, 100, 100, At(0), &retry).ok());
}

TEST(Quotas, ManyAtOnceCannotPassALimitTogether) {
  Quotas quotas(nullptr);
  const KeyHolder holder{.name = "a", .scope = 7, .tokens_per_day = 1000};
  double retry = 0;
  std::vector<QuotaHold> holds;
  for (int i = 0; i < 100; ++i) {
    const auto hold = quotas.Hold(holder, 20, 40, At(0), &retry);
    if (hold.ok()) holds.push_back(*hold);
  }
  EXPECT_EQ(holds.size(), 16U);  // 16 · 60 = 960
  EXPECT_EQ(retry, 5);
  for (const QuotaHold& hold : holds) quotas.Settle(holder, hold, Tokens(20, 0, 40), At(1));
  EXPECT_EQ(quotas.States(holder, At(1))[0].used, 960);
  EXPECT_EQ(quotas.States(holder, At(1))[0].held, 0);
}

TEST(Quotas, KeysDoNotPayForEachOther) {
  Quotas quotas(nullptr);
  const KeyHolder a{.name = "a", .scope = 7, .tokens_per_day = 10};
  const KeyHolder b{.name = "b", .scope = 8, .tokens_per_day = 10};
  double retry = 0;
  EXPECT_TRUE(RunOne(&quotas, a, Tokens(10, 0, 10), At(0), &retry).ok());
  EXPECT_FALSE(quotas.Check(a, At(0), &retry).ok());
  EXPECT_TRUE(quotas.Check(b, At(0), &retry).ok());
  // A key that is given more by a reload keeps its count.
  KeyHolder more = a;
  more.tokens_per_day = 21;
  EXPECT_TRUE(quotas.Check(more, At(0), &retry).ok());
  EXPECT_EQ(quotas.States(more, At(0))[0].used, 20);
}

// Against a list of everything that was ever charged, added up anew each time.
TEST(Quotas, RandomRequestsAreCountedExactly) {
  const Prices prices{.currency = "USD", .cache_hit = 0.028, .cache_miss = 0.28, .output = 0.42};
  Quotas quotas(&prices);
  std::mt19937_64 random(6);
  const auto upto = [&](int64_t most) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(most + 1));
  };
  const KeyHolder holder{.name = "a", .scope = 7, .tokens_per_day = 40'000, .money_per_day = 0.012};
  struct Running {
    int64_t prompt, answer;
    QuotaHold hold;
  };
  struct Charged {
    int64_t day;
    Spending spent;
  };
  std::vector<Running> running;
  std::vector<Charged> charged;
  double now = 0;
  int admitted = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<double>(upto(200));
    const int64_t day = (kNoon + static_cast<int64_t>(now)) / kDay;
    int64_t tokens = 0, nanos = 0, held_tokens = 0, held_nanos = 0;
    for (const Charged& one : charged) {
      if (one.day != day) continue;
      tokens += one.spent.counted_tokens();
      nanos += one.spent.nanos;
    }
    for (const Running& one : running) {
      held_tokens += one.prompt + one.answer;
      held_nanos += one.prompt * 280 + one.answer * 420;
    }
    const std::vector<QuotaState> states = quotas.States(holder, At(now));
    ASSERT_EQ(states[0].used, tokens);
    ASSERT_EQ(states[0].held, held_tokens);
    ASSERT_EQ(states[1].used, nanos);
    ASSERT_EQ(states[1].held, held_nanos);
    if (running.empty() || upto(1) == 0) {
      const int64_t prompt = upto(2000), answer = upto(3000);
      double retry = 0;
      const auto hold = quotas.Hold(holder, prompt, answer, At(now), &retry);
      const bool fits = tokens + held_tokens + prompt + answer <= 40'000 &&
                        nanos + held_nanos + prompt * 280 + answer * 420 <= 12'000'000;
      const bool left = tokens < 40'000 && nanos < 12'000'000;
      ASSERT_EQ(hold.ok(), left && (fits || running.empty()));
      hold.ok() ? ++admitted : ++refused;
      if (hold.ok()) running.push_back({prompt, answer, *hold});
    } else {
      const auto at = running.begin() + upto(static_cast<int64_t>(running.size()) - 1);
      Spending spent = Tokens(at->prompt, upto(at->prompt), upto(at->answer));
      quotas.Settle(holder, at->hold, spent, At(now));
      spent.nanos = spent.cached_tokens * 28 + (spent.prompt_tokens - spent.cached_tokens) * 280 +
                    spent.completion_tokens * 420;
      charged.push_back({day, spent});
      running.erase(at);
    }
    std::erase_if(charged, [&](const Charged& one) { return one.day < day; });
  }
  EXPECT_GT(admitted, 100);
  EXPECT_GT(refused, 100);
}

TEST(Quotas, ThreadsDoNotLoseACharge) {
  Quotas quotas(nullptr);
  const KeyHolder holder{.name = "a", .scope = 7, .tokens_per_day = int64_t{1} << 40};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      double retry = 0;
      for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(RunOne(&quotas, holder, Tokens(3, 1, 2), At(0), &retry).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(quotas.Today(holder, At(0)), (Spending{4000, 12'000, 4000, 8000, 0}));
}

TEST(Quotas, SumsStayAtTheLargestNumber) {
  const Prices prices{.currency = "X", .cache_hit = 1e300, .cache_miss = 1e300, .output = 1e300};
  Quotas quotas(&prices);
  const KeyHolder holder{.name = "a", .scope = 7, .money_per_day = 1e9};
  double retry = 0;
  for (int i = 0; i < 20; ++i) {
    const auto hold = quotas.Hold(holder, 1, 1, At(i * double(kDay)), &retry);
    ASSERT_TRUE(hold.ok());
    quotas.Settle(holder, *hold, Tokens(1, 0, 1), At(i * double(kDay)));
  }
  const auto totals = quotas.TotalsByName(10);
  EXPECT_EQ(totals.at("a").spent.nanos, int64_t{1} << 60);
}

TEST(Quotas, WhatWasWrittenIsReadAgain) {
  Quotas quotas(nullptr);
  const KeyHolder a{.name = "a \"b\"", .scope = 7, .tokens_per_day = 10};
  const KeyHolder b{.name = "b", .scope = ~uint64_t{0}, .tokens_per_day = 10};
  const KeyHolder idle{.name = "c", .scope = 9, .tokens_per_day = 10};
  double retry = 0;
  EXPECT_TRUE(RunOne(&quotas, a, Tokens(10, 3, 10), At(0), &retry).ok());
  EXPECT_TRUE(RunOne(&quotas, b, Tokens(1, 0, 2), At(0), &retry).ok());
  EXPECT_TRUE(quotas.Check(idle, At(0), &retry).ok());
  const std::string text = json::Dump(quotas.ToJson(At(5)), json::Style::kPython);
  EXPECT_EQ(text.find("\"c\""), std::string::npos) << text;
  Quotas again(nullptr);
  ASSERT_TRUE(again.Load(text, At(5)).ok()) << again.Load(text, At(5)).message();
  EXPECT_EQ(again.Today(a, At(5)), quotas.Today(a, At(5)));
  EXPECT_EQ(again.Today(b, At(5)), quotas.Today(b, At(5)));
  EXPECT_FALSE(again.Check(a, At(5), &retry).ok());
  EXPECT_EQ(json::Dump(again.ToJson(At(5)), json::Style::kPython), text);
  // Another day's counts are no use.
  Quotas next_day(nullptr);
  ASSERT_TRUE(next_day.Load(text, At(kDay)).ok());
  EXPECT_TRUE(next_day.Check(a, At(kDay), &retry).ok());
}

TEST(Quotas, AWrongFileIsRefusedByItsField) {
  struct Case {
    std::string text, message;
  };
  const std::string good =
      R"("name": "a", "requests": 1, "prompt_tokens": 5, "cached_tokens": 0, "completion_tokens": 1,
      "nanos": 0)";
  const auto keys = [](const std::string& entries) {
    return R"({"day": "2026-03-01", "keys": [)" + entries + "]}";
  };
  const std::string entry = R"({"scope": "00000000000000ff", )" + good + "}";
  const std::vector<Case> cases = {
      {"", "byte 0: expecting value"},
      {"[]", "usage file: expected object, found array"},
      {"{}", "day: missing"},
      {R"({"day": "2026-02-30"})", "day: expected one such as 2026-03-01, found \"2026-02-30\""},
      {R"({"day": "2026-3-01"})", "day: expected one such as 2026-03-01, found \"2026-3-01\""},
      {R"({"day": "2026-03-01"})", "keys: missing"},
      {keys("3"), "keys[0]: expected object, found number"},
      {keys(R"({"scope": "ff"})"), "keys[0].scope: expected 16 of 0-9 and a-f"},
      {keys(R"({"scope": "00000000000000FF"})"), "keys[0].scope: expected 16 of 0-9 and a-f"},
      {keys(R"({"scope": "00000000000000ff"})"), "keys[0].name: missing"},
      {keys(entry + ", " + entry), "keys[1].scope: stands there twice"}};
  for (const Case& one : cases) {
    Quotas quotas(nullptr);
    EXPECT_EQ(quotas.Load(one.text, At(0)).message(), one.message) << one.text;
  }
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = keys(entry);
    text.replace(text.find(from), from.size(), to);
    Quotas quotas(nullptr);
    return quotas.Load(text, At(0));
  };
  EXPECT_TRUE(with("", "").ok());
  EXPECT_FALSE(with("\"requests\": 1", "\"requests\": -1").ok());
  EXPECT_FALSE(with("\"requests\": 1", "\"requests\": 9e30").ok());
  EXPECT_EQ(with("\"cached_tokens\": 0", "\"cached_tokens\": 6").message(),
            "keys[0].cached_tokens: 6 of a prompt of 5");
}

// Every cut of a good file is refused, and changes nothing.
TEST(Quotas, ACutFileIsRefused) {
  Quotas quotas(nullptr);
  const KeyHolder holder{.name = "a", .scope = 7, .tokens_per_day = 10};
  double retry = 0;
  EXPECT_TRUE(RunOne(&quotas, holder, Tokens(10, 3, 10), At(0), &retry).ok());
  const std::string text = json::Dump(quotas.ToJson(At(0)), json::Style::kPython);
  Quotas other(nullptr);
  EXPECT_TRUE(RunOne(&other, holder, Tokens(1, 0, 1), At(0), &retry).ok());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(other.Load(std::string_view(text).substr(0, size), At(0)).ok()) << size;
  }
  EXPECT_EQ(other.Today(holder, At(0)).prompt_tokens, 1);
}

TEST(Quotas, FewNamesStandForManyKeys) {
  Quotas quotas(nullptr);
  double retry = 0;
  for (uint64_t i = 1; i <= 26; ++i) {
    const KeyHolder holder{.name = std::string(1, static_cast<char>('a' + i - 1)), .scope = i};
    EXPECT_TRUE(RunOne(&quotas, holder, Tokens(1, 0, 1), At(0), &retry).ok());
  }
  const KeyHolder twin{.name = "a", .scope = 99};
  EXPECT_TRUE(RunOne(&quotas, twin, Tokens(1, 0, 1), At(0), &retry).ok());
  const auto totals = quotas.TotalsByName(3);
  EXPECT_EQ(totals.size(), 4U);
  EXPECT_EQ(totals.at("a").spent.requests, 2);
  EXPECT_EQ(totals.at("other").spent.requests, 23);
  EXPECT_EQ(quotas.TotalsByName(26).size(), 26U);
}

}  // namespace
}  // namespace fathom::api
