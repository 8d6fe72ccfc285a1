#include "terminal/history_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temp_dir.h"

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

std::vector<std::string> EntriesOf(const std::string& path) {
  auto file = HistoryFile::Open(path);
  EXPECT_TRUE(file.ok()) << file.status().message();
  return file->entries();
}

TEST(HistoryPath, FollowsTheEnvironment) {
  EXPECT_EQ(HistoryPath("/state", "/home/a"), "/state/fathom/history");
  EXPECT_EQ(HistoryPath(nullptr, "/home/a"), "/home/a/.local/state/fathom/history");
  EXPECT_EQ(HistoryPath("relative", "/home/a"), "/home/a/.local/state/fathom/history");
  EXPECT_EQ(HistoryPath("", nullptr), "");
}

TEST(HistoryFile, IsItsOwnersAlone) {
  const test::TempDir dir;
  const std::string path = dir.File("state/deep/fathom/history");
  EXPECT_THAT(EntriesOf(path), ElementsAre());
  EXPECT_EQ(ModeOf(path), 0600U);
  EXPECT_EQ(ModeOf(dir.File("state/deep/fathom")), 0700U);
  ::chmod(path.c_str(), 0644);
  EntriesOf(path);
  EXPECT_EQ(ModeOf(path), 0600U);
}

TEST(HistoryFile, KeepsWhatWasTyped) {
  const test::TempDir dir;
  const std::string path = dir.File("fathom/history");
  auto first = HistoryFile::Open(path);
  ASSERT_TRUE(first.ok());
  auto second = HistoryFile::Open(path);
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(first->Append("one\ntwo \\n").ok());
  EXPECT_TRUE(second->Append("other").ok());
  EXPECT_TRUE(first->Append("last").ok());
  EXPECT_TRUE(first->Append("last").ok()) << "again";
  EXPECT_TRUE(first->Append(" private").ok());
  EXPECT_THAT(EntriesOf(path), ElementsAre("one\ntwo \\n", "other", "last"));
}

TEST(HistoryFile, StaysBounded) {
  const test::TempDir dir;
  const std::string path = dir.File("fathom/history");
  EntriesOf(path);
  std::ofstream(path) << std::string(kHistoryBytes, 'x') << "\n" << std::string(100, 'y') << "\n";
  EXPECT_THAT(EntriesOf(path), ElementsAre(std::string(100, 'y')));
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 101);
  EXPECT_EQ(ModeOf(path), 0600U);
  std::ofstream many(path);
  for (size_t i = 0; i < kHistoryEntries + 5; ++i) many << i << "\n";
  many.close();
  EXPECT_EQ(EntriesOf(path).size(), kHistoryEntries);
  EXPECT_EQ(EntriesOf(path).front(), "5");
}

TEST(HistoryFile, ErrorsNameTheFile) {
  const auto failed = HistoryFile::Open("/proc/nothing/history");
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.status().message(), HasSubstr("/proc/nothing"));
}

}  // namespace
}  // namespace fathom
