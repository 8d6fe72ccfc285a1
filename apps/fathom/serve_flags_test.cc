#include "serve_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "settings_source.h"
#include "support/temp_dir.h"

namespace fathom {
namespace {

std::vector<std::string> NamesOf(const api::ServedModels& models) {
  std::vector<std::string> names;
  for (const api::ModelName& name : models.names) {
    names.push_back(name.name + (!name.thinking.has_value() ? ""
                                 : *name.thinking           ? "=thinking"
                                                            : "=chat"));
  }
  return names;
}

TEST(ServeFlags, Defaults) {
  const ServeFlags flags;
  const auto options = flags.ToApiOptions("nano");
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->http.host, "127.0.0.1");
  EXPECT_EQ(options->http.port, 8080);
  EXPECT_EQ(options->http.connections, 4096U);
  EXPECT_EQ(options->http.body_bytes, 32'000'000U);
  EXPECT_EQ(options->memory.bytes, 256'000'000U);
  EXPECT_FALSE(options->thinking);
  EXPECT_FALSE(options->share_cache);
  EXPECT_FALSE(options->prices.has_value());
  EXPECT_THAT(NamesOf(options->models),
              testing::ElementsAre("nano", "deepseek-chat=chat", "deepseek-reasoner=thinking"));
  const auto keys = flags.ToKeys();
  ASSERT_TRUE(keys.ok());
  EXPECT_TRUE(keys->open());
}

TEST(ServeFlags, NamesGivenGoBeforeThoseThatAreThere) {
  ServeFlags flags;
  flags.served_names = {"deepseek-chat"};
  flags.aliases = {"deepseek-reasoner=chat", "mine"};
  EXPECT_THAT(NamesOf(flags.ToApiOptions("nano")->models),
              testing::ElementsAre("deepseek-chat", "deepseek-reasoner=chat", "mine"));
}

TEST(ServeFlags, OffLoopbackAKeyIsNeeded) {
  for (const char* host : {"127.0.0.1", "127.8.8.8", "::1", "localhost"}) {
    ServeFlags flags;
    flags.host = host;
    EXPECT_TRUE(flags.ToKeys().ok()) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.org", "", "LOCALHOST.",
                           "::ffff:127.0.0.1"}) {
    ServeFlags flags;
    flags.host = host;
    EXPECT_FALSE(flags.ToKeys().ok()) << host;
    flags.api_key = "0123456789abcdef";
    const auto keys = flags.ToKeys();
    ASSERT_TRUE(keys.ok()) << host;
    EXPECT_FALSE(keys->open());
    EXPECT_EQ(keys->size(), 1U);
  }
}

TEST(ServeFlags, RequestsThatRunTogetherShareTheCachesMemory) {
  ServeFlags flags;
  flags.model.model = "/m";
  flags.max_running = 5;
  flags.cache_memory = "2 GB";
  const auto options = flags.ToModelOptions();
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->folder, "/m");
  EXPECT_EQ(options->sequences, 5);
  EXPECT_EQ(options->logit_rows, 5);
  EXPECT_EQ(options->cache_bytes, 2'000'000'000);
  EXPECT_TRUE(options->share_memory);
}

TEST(ServeFlags, ErrorsNameTheFlag) {
  struct Case {
    std::function<void(ServeFlags*)> set;
    const char* message;
  };
  const Case cases[] = {
      {[](ServeFlags* f) { f->port = 65536; }, "--port: 65536 is outside [0, 65535]"},
      {[](ServeFlags* f) { f->port = -1; }, "--port: -1 is outside [0, 65535]"},
      {[](ServeFlags* f) { f->max_waiting = 0; }, "--max-waiting: 0 is outside [1, 1048576]"},
      {[](ServeFlags* f) { f->connections = 0; }, "--connections: 0 is outside [1, 1048576]"},
      {[](ServeFlags* f) { f->workers = 65; }, "--workers: 65 is outside [1, 64]"},
      {[](ServeFlags* f) { f->drain_seconds = -1; }, "--drain-seconds: -1 is outside [0, 3600]"},
      {[](ServeFlags* f) { f->tls_key = "k"; }, "--tls-certificate and --tls-key: TLS needs both"},
      {[](ServeFlags* f) {
         f->aliases = {"a", "a=chat"};
       },
       "the model's name \"a\" is given twice"},
  };
  for (const Case& one : cases) {
    ServeFlags flags;
    one.set(&flags);
    EXPECT_EQ(flags.ToApiOptions("nano").status().message(), one.message);
  }
  ServeFlags flags;
  for (std::string* size : {&flags.body_limit, &flags.answer_memory}) {
    const std::string before = std::exchange(*size, "much");
    EXPECT_THAT(
        flags.ToApiOptions("nano").status().message(),
        testing::StartsWith(size == &flags.body_limit ? "--body-limit: " : "--answer-memory: "));
    *size = before;
  }
}

TEST(ServeFlags, SpecialeHasNoNameThatDoesNotThink) {
  ServeFlags flags;
  flags.profile = "speciale";
  const auto options = flags.ToApiOptions("nano");
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->profile->name, "speciale");
  EXPECT_THAT(NamesOf(options->models), testing::ElementsAre("nano", "deepseek-reasoner=thinking"));
  flags.aliases = {"fast=chat"};
  EXPECT_EQ(flags.ToApiOptions("nano").status().message(),
            "--alias fast=chat: DeepSeek-V3.2-Speciale always thinks");
}

TEST(ServeFlags, MoneyNeedsPrices) {
  const test::TempDir dir;
  const api::NewKey made = api::MakeKey({.name = "a", .money_per_day = 1});
  ServeFlags flags;
  flags.api_keys = dir.Write("keys.json", "{\"keys\": [" + made.entry + "]}");
  EXPECT_EQ(flags.ToKeys().status().message(), *flags.api_keys + ": money_per_day needs --prices");
  flags.prices = dir.Write("prices.json",
                           R"({"per_million": {"cache_hit": 1, "cache_miss": 2, "output": 3}})");
  EXPECT_TRUE(flags.ToKeys().ok());
}

TEST(ServeFlags, AUsageFileIsTriedBeforeTheModelIsRead) {
  const test::TempDir dir;
  ServeFlags flags;
  flags.usage_file = dir.File("usage.json");
  EXPECT_EQ(flags.ToApiOptions("nano")->usage_file, *flags.usage_file);
  dir.Write("usage.json", "[]");
  EXPECT_EQ(flags.ToApiOptions("nano").status().message(),
            *flags.usage_file + ": usage file: expected object, found array");
}

TEST(ServeFlags, EveryFlagHasANameOfItsOwnEverywhere) {
  ServeFlags flags;
  std::set<std::string> settings, variables;
  for (const Flag& flag : ServeFlagTable(&flags)) {
    EXPECT_TRUE(settings.insert(SettingName(flag)).second) << flag.name;
    EXPECT_TRUE(variables.insert(EnvironmentName(flag)).second) << flag.name;
    EXPECT_NE(flag.help, "") << flag.name;
  }
}

}  // namespace
}  // namespace fathom
