#include "base/write_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/temp_dir.h"

namespace fathom {
namespace {

using testing::HasSubstr;

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

size_t FilesIn(const std::string& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

TEST(WriteFile, WritesForItsOwnerAlone) {
  const test::TempDir dir;
  const std::string path = dir.File("a"), bytes(100'000, '\0');
  const auto written = WriteFile(path, bytes, Existing::kKeep);
  ASSERT_TRUE(written.ok()) << written.status().message();
  EXPECT_TRUE(*written);
  EXPECT_EQ(ContentOf(path), bytes);
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(FilesIn(dir.path()), 1U) << "no temporary file stays";
}

TEST(WriteFile, KeepsOrReplacesWhatIsThere) {
  const test::TempDir dir;
  const std::string path = dir.Write("a", "old");
  EXPECT_FALSE(*WriteFile(path, "new", Existing::kKeep));
  EXPECT_EQ(ContentOf(path), "old");
  EXPECT_TRUE(*WriteFile(path, "new", Existing::kReplace));
  EXPECT_EQ(ContentOf(path), "new");
  EXPECT_EQ(FilesIn(dir.path()), 1U);
}

TEST(WriteFile, ErrorsNameTheFile) {
  const test::TempDir dir;
  const auto failed = WriteFile(dir.File("no/a"), "x", Existing::kKeep);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.status().message(), HasSubstr("no/a: No such file or directory"));
  EXPECT_FALSE(WriteFile(dir.path(), "x", Existing::kReplace).ok()) << "a folder";
}

}  // namespace
}  // namespace fathom
