#include "line_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

#include "support/temp_dir.h"

namespace fathom {
namespace {

std::vector<std::string> LinesOf(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST(LineLog, IsContinuedAndItsOwnersAlone) {
  const test::TempDir dir;
  const std::string path = dir.File("log");
  for (const char* line : {"first", "second"}) {
    auto log = LineLog::Open(path);
    ASSERT_TRUE(log.ok()) << log.status().message();
    (*log)->Write(line);
  }
  EXPECT_THAT(LinesOf(path), testing::ElementsAre("first", "second"));
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(LineLog, LinesOfManyThreadsStayWhole) {
  const test::TempDir dir;
  const std::string path = dir.File("log");
  auto log = LineLog::Open(path);
  ASSERT_TRUE(log.ok());
  constexpr size_t kThreads = 4, kLines = 200;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (size_t n = 0; n < kLines; ++n) (*log)->Write(std::string(300, char('a' + i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<std::string, size_t> counts;
  for (const std::string& line : LinesOf(path)) ++counts[line];
  ASSERT_EQ(counts.size(), kThreads);
  for (const auto& [line, count] : counts) {
    EXPECT_EQ(line.size(), 300U);
    EXPECT_EQ(count, kLines);
  }
}

// A rotation that copies and truncates needs no signal: the next line is the file's first.
TEST(LineLog, GoesOnAtTheEndOfWhatWasTruncated) {
  const test::TempDir dir;
  const std::string path = dir.File("log");
  auto log = LineLog::Open(path);
  ASSERT_TRUE(log.ok());
  (*log)->Write("before");
  ASSERT_EQ(::truncate(path.c_str(), 0), 0);
  (*log)->Write("behind");
  EXPECT_THAT(LinesOf(path), testing::ElementsAre("behind"));
}

TEST(LineLog, WhatCannotBeWrittenIsSaidOnce) {
  auto log = LineLog::Open("/dev/full");
  ASSERT_TRUE(log.ok());
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) (*log)->Write("lost");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("/dev/full: No space left on device"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST(LineLog, AnErrorNamesTheFile) {
  EXPECT_EQ(LineLog::Open("/nonexistent/log").status().message(),
            "/nonexistent/log: No such file or directory");
}

}  // namespace
}  // namespace fathom
