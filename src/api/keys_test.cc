#include "api/keys.h"

#include <gtest/gtest.h>

#include "json/parse.h"

namespace fathom::api {
namespace {

// sha256 of "abc", FIPS 180-2.
constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string File(const std::string& fields) {
  return fmt::format(R"({{"keys": [{{"name": "a", "sha256": "{}"{}}}]}})", kAbc, fields);
}

TEST(KeyRing, FindsAKeyByItsHash) {
  const auto ring = KeyRing::FromJson(File(R"(, "max_running": 3, "priority": -2)"));
  ASSERT_TRUE(ring.ok()) << ring.status().message();
  EXPECT_FALSE(ring->open());
  const auto holder = ring->Find("abc");
  ASSERT_NE(holder, nullptr);
  EXPECT_EQ(holder->name, "a");
  EXPECT_EQ(holder->max_running, 3);
  EXPECT_EQ(holder->priority, -2);
  EXPECT_NE(holder->scope, 0U);
  EXPECT_EQ(ring->Find("abd"), nullptr);
  EXPECT_EQ(ring->Find(""), nullptr);
  EXPECT_EQ(ring->Find(std::string(100'000, 'a')), nullptr);
}

TEST(KeyRing, ReadsEveryLimit) {
  const auto ring = KeyRing::FromJson(
      File(R"(, "requests_per_minute": 60, "tokens_per_minute": 100000, "tokens_per_day": 5000000,
              "money_per_day": 2.5, "thinking_budget": 0)"));
  ASSERT_TRUE(ring.ok()) << ring.status().message();
  const KeyHolder& holder = *ring->Find("abc");
  EXPECT_EQ(holder.requests_per_minute, 60);
  EXPECT_EQ(holder.tokens_per_minute, 100'000);
  EXPECT_EQ(holder.tokens_per_day, 5'000'000);
  EXPECT_EQ(holder.money_per_day, 2.5);
  EXPECT_EQ(holder.thinking_budget, 0);
  EXPECT_TRUE(ring->needs_prices());
  const auto free = KeyRing::FromJson(File(""));
  EXPECT_EQ(free->Find("abc")->thinking_budget, std::nullopt);
  EXPECT_FALSE(free->needs_prices());
  for (const std::string name : {"max_running", "requests_per_minute", "tokens_per_minute",
                                 "tokens_per_day", "money_per_day", "thinking_budget"}) {
    for (const std::string wrong : {"-1", "1e30", "\"many\"", "[]"}) {
      const Status status = KeyRing::FromJson(File(", \"" + name + "\": " + wrong)).status();
      EXPECT_EQ(status.message().find("keys[0]." + name + ": "), 0U) << status.message();
    }
  }
}

TEST(KeyRing, ARevokedKeyIsNone) {
  const auto ring = KeyRing::FromJson(File(R"(, "revoked": true)"));
  ASSERT_TRUE(ring.ok());
  EXPECT_EQ(ring->Find("abc"), nullptr);
}

TEST(KeyRing, WithoutKeysEverybodyIsLocal) {
  const KeyRing ring = KeyRing::Open();
  EXPECT_TRUE(ring.open());
  EXPECT_EQ(ring.local()->name, "local");
}

TEST(KeyRing, ErrorsNameTheField) {
  const auto error = [](const std::string& text) {
    return KeyRing::FromJson(text).status().message();
  };
  EXPECT_EQ(error("{"), "byte 1: expecting property name enclosed in double quotes");
  EXPECT_EQ(error("[]"), "keys file: expected object, found array");
  EXPECT_EQ(error("{}"), "keys: missing");
  EXPECT_EQ(error(R"({"keys": [3]})"), "keys[0]: expected object, found number");
  EXPECT_EQ(error(R"({"keys": [{"name": "a", "sha256": "12"}]})"),
            "keys[0].sha256: expected 64 hexadecimal digits");
  EXPECT_EQ(error(R"({"keys": [{"name": "", "sha256": "12"}]})"), "keys[0].name: empty");
  EXPECT_EQ(error(fmt::format(R"({{"keys": [{{"name": "a", "sha256": "{0}"}},
                                  {{"name": "b", "sha256": "{0}"}}]}})",
                              kAbc)),
            "keys[1].sha256: the same key stands there twice");
}

TEST(MakeKey, ItsEntryLetsItIn) {
  const NewKey made = MakeKey({.name = "bob \"the\" builder"});
  const auto ring = KeyRing::FromJson(fmt::format(R"({{"keys": [{}]}})", made.entry));
  ASSERT_TRUE(ring.ok()) << ring.status().message();
  ASSERT_NE(ring->Find(made.key), nullptr);
  EXPECT_EQ(ring->Find(made.key)->name, "bob \"the\" builder");
  EXPECT_EQ(made.key.size(), 7 + 43U);
  EXPECT_NE(MakeKey({.name = "a"}).key, MakeKey({.name = "a"}).key);
}

TEST(MakeKey, ItsEntryHoldsTheLimits) {
  const KeyHolder asked{.name = "bob",
                        .max_running = 4,
                        .requests_per_minute = 60,
                        .tokens_per_minute = 1000,
                        .tokens_per_day = 9000,
                        .money_per_day = 0.1,
                        .thinking_budget = 512,
                        .priority = -3};
  const NewKey made = MakeKey(asked);
  const auto ring = KeyRing::FromJson(fmt::format(R"({{"keys": [{}]}})", made.entry));
  ASSERT_TRUE(ring.ok()) << ring.status().message();
  KeyHolder read = *ring->Find(made.key);
  read.scope = 0;
  EXPECT_EQ(read, asked);
  EXPECT_EQ(MakeKey({.name = "bob"}).entry.find("max_running"), std::string::npos);
}

TEST(KeyUse, HoldsTheLimitOfRequestsAtOnce) {
  KeyUse use;
  const KeyHolder holder{.name = "a", .scope = 7, .max_running = 2};
  double retry = 0;
  EXPECT_TRUE(use.Begin(holder, 0, &retry).ok());
  EXPECT_TRUE(use.Begin(holder, 0, &retry).ok());
  const Status third = use.Begin(holder, 0, &retry);
  EXPECT_EQ(third.code(), Code::kResourceExhausted);
  EXPECT_EQ(third.message(), "this key has 2 requests running, which is its limit");
  EXPECT_TRUE(use.Begin({.name = "b", .scope = 8, .max_running = 1}, 0, &retry).ok());
  use.End(holder);
  EXPECT_TRUE(use.Begin(holder, 0, &retry).ok());
}

TEST(KeyUse, HoldsTheLimitOfRequestsAMinute) {
  KeyUse use;
  const KeyHolder holder{.name = "a", .scope = 7, .requests_per_minute = 6};
  double retry = 0;
  const auto begin = [&](double now) {
    const bool ok = use.Begin(holder, now, &retry).ok();
    if (ok) use.End(holder);
    return ok;
  };
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(begin(100)) << i;
  EXPECT_FALSE(begin(100));
  EXPECT_NEAR(retry, 10, 1e-9);
  EXPECT_FALSE(begin(109));
  EXPECT_NEAR(retry, 1, 1e-9);
  EXPECT_TRUE(begin(110));
  EXPECT_FALSE(begin(110));
  EXPECT_EQ(use.Requests(holder, 120)->remaining, 1);
  EXPECT_NEAR(use.Requests(holder, 120)->reset_seconds, 50, 1e-9);
  EXPECT_EQ(use.Requests({.name = "b", .scope = 8}, 120), std::nullopt);
  // A long pause is worth one minute's requests and no more.
  int begun = 0;
  while (begin(1e6)) ++begun;
  EXPECT_EQ(begun, 6);
}

TEST(RandomText, HasTheBitsAndOnlyLettersAndDigits) {
  EXPECT_EQ(RandomText(128).size(), 22U);
  EXPECT_NE(RandomText(128), RandomText(128));
  for (const char c : RandomText(6000)) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)));
}

}  // namespace
}  // namespace fathom::api
