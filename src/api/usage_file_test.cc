#include "api/usage_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "api/generation_run.h"
#include "support/temp_dir.h"

namespace fathom::api {
namespace {

const KeyHolder kHolder{.name = "a", .scope = 7, .tokens_per_day = 1'000'000};

void Charge(Quotas* quotas, int64_t tokens) {
  double retry = 0;
  const auto hold = quotas->Hold(kHolder, tokens, 0, QuotaNow(), &retry);
  ASSERT_TRUE(hold.ok());
  quotas->Settle(kHolder, *hold, {.requests = 1, .prompt_tokens = tokens}, QuotaNow());
}

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(UsageFile, ARestartForgetsNothing) {
  const test::TempDir dir;
  const std::string path = dir.File("usage.json");
  for (int64_t run = 0; run < 3; ++run) {
    Quotas quotas(nullptr);
    const auto file = UsageFile::Open(path, quotas, std::chrono::hours(1));
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(quotas.Today(kHolder, QuotaNow()).requests, run);
    EXPECT_EQ(quotas.Today(kHolder, QuotaNow()).prompt_tokens, 5 * run);
    Charge(&quotas, 5);
  }
  struct stat info;
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(UsageFile, IsWrittenWhileTheServerRuns) {
  const test::TempDir dir;
  const std::string path = dir.File("usage.json");
  Quotas quotas(nullptr);
  const auto file = UsageFile::Open(path, quotas, std::chrono::milliseconds(2));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_NE(Content(path).find("\"keys\": []"), std::string::npos) << Content(path);
  Charge(&quotas, 4321);
  while (Content(path).find("4321") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(UsageFile, ABrokenFileEndsTheStartAndStays) {
  const test::TempDir dir;
  const std::string path = dir.File("usage.json");
  for (const std::string broken : {"", "{\"day\": \"2026-03-01\", \"keys\": [", "null"}) {
    std::ofstream(path) << broken;
    Quotas quotas(nullptr);
    const Status status = UsageFile::Open(path, quotas).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(status.message().find(path), 0U) << status.message();
    EXPECT_EQ(UsageFile::Check(path).message(), status.message());
    EXPECT_EQ(Content(path), broken);
  }
}

TEST(UsageFile, AFolderThatIsNotThereIsToldAtOnce) {
  const test::TempDir dir;
  Quotas quotas(nullptr);
  const Status status = UsageFile::Open(dir.File("none/usage.json"), quotas).status();
  EXPECT_NE(status.message().find("none/usage.json"), std::string::npos) << status.message();
  EXPECT_TRUE(UsageFile::Check(dir.File("usage.json")).ok());
  EXPECT_FALSE(std::filesystem::exists(dir.File("usage.json")));
}

}  // namespace
}  // namespace fathom::api
