#include "base/mapped_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace fathom {
namespace {

using testing::HasSubstr;

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

TEST(MappedFile, ShowsTheBytesOfAFile) {
  const test::TempDir folder;
  const std::string path = folder.Write("a.bin", std::string_view("one\0two", 7));
  const Result<MappedFile> file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->path(), path);
  EXPECT_EQ(file->size(), 7u);
  EXPECT_EQ(file->text(), std::string_view("one\0two", 7));
  EXPECT_EQ(file->bytes()[4], 't');
}

TEST(MappedFile, AnEmptyFileIsAnEmptyView) {
  const test::TempDir folder;
  const Result<MappedFile> file = MappedFile::Open(folder.Write("empty", ""));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->size(), 0u);
  EXPECT_TRUE(file->bytes().empty());
  file->Prefetch(0, 100);
}

TEST(MappedFile, MovingKeepsTheMapping) {
  const test::TempDir folder;
  Result<MappedFile> opened = MappedFile::Open(folder.Write("a", "content"));
  ASSERT_TRUE(opened.ok());
  MappedFile first = std::move(opened).value();
  MappedFile second(std::move(first));
  MappedFile third;
  third = std::move(second);
  EXPECT_EQ(third.text(), "content");
  EXPECT_EQ(third.path(), folder.File("a"));
}

TEST(MappedFile, OutlivesItsName) {
  const test::TempDir folder;
  const std::string path = folder.Write("a", "still here");
  const Result<MappedFile> file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_EQ(file->text(), "still here");
}

TEST(MappedFile, PrefetchIsAdviceInAnyRange) {
  const test::TempDir folder;
  const Result<MappedFile> file = MappedFile::Open(folder.Write("a", std::string(10000, 'x')));
  ASSERT_TRUE(file.ok());
  for (const size_t offset : {size_t{0}, size_t{4097}, size_t{9999}, size_t{10000}, kNoLimit}) {
    for (const size_t length : {size_t{0}, size_t{1}, size_t{10000}, kNoLimit}) {
      file->Prefetch(offset, length);
    }
  }
  EXPECT_EQ(file->text().back(), 'x');
}

// What is not a regular file is refused alike by both ways to read one.
struct Refusal {
  Code code;
  std::string text;
};
std::vector<Refusal> OpenBothWays(const std::string& path) {
  std::vector<Refusal> refusals;
  if (const auto file = MappedFile::Open(path); !file.ok()) {
    refusals.push_back({file.status().code(), file.status().message()});
  }
  if (const auto text = ReadFile(path, kNoLimit); !text.ok()) {
    refusals.push_back({text.status().code(), text.status().message()});
  }
  return refusals;
}

void ExpectRefused(const std::string& path, Code code, const std::string& message) {
  const auto refusals = OpenBothWays(path);
  EXPECT_EQ(refusals.size(), 2u) << path;
  for (const Refusal& refusal : refusals) {
    EXPECT_EQ(refusal.code, code) << refusal.text;
    EXPECT_EQ(refusal.text, message);
  }
}

TEST(MappedFile, NamesWhatIsMissing) {
  const test::TempDir folder;
  const std::string missing = folder.File("none");
  ExpectRefused(missing, Code::kNotFound, missing + ": No such file or directory");
  const std::string below_a_file = folder.Write("file", "x") + "/config.json";
  ExpectRefused(below_a_file, Code::kNotFound, below_a_file + ": Not a directory");
  ExpectRefused("", Code::kNotFound, ": No such file or directory");
}

TEST(MappedFile, RefusesFolders) {
  const test::TempDir folder;
  ExpectRefused(folder.path(), Code::kInvalidArgument,
                folder.path() + ": is a folder, expected a regular file");
}

// Nobody writes to this FIFO: an open that waits for a writer would hang the test.
TEST(MappedFile, RefusesAFifoWithoutWaiting) {
  const test::TempDir folder;
  const std::string fifo = folder.File("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  ExpectRefused(fifo, Code::kInvalidArgument, fifo + ": is not a file, expected a regular file");
  ExpectRefused("/dev/zero", Code::kInvalidArgument,
                "/dev/zero: is not a file, expected a regular file");
}

TEST(MappedFile, RefusesAPathThatTheSystemWouldCutShort) {
  const test::TempDir folder;
  const std::string path = folder.Write("real", "x");
  ExpectRefused(path + std::string("\0.safetensors", 13), Code::kInvalidArgument,
                path + ": a path with a zero byte at " + std::to_string(path.size()));
}

TEST(ReadFile, HoldsTheLimitExactly) {
  const test::TempDir folder;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{70000}}) {
    const std::string content(size, 'y');
    const std::string path = folder.Write("file", content);
    for (const size_t limit : {size, size + 1, kNoLimit - 1, kNoLimit}) {
      const Result<std::string> text = ReadFile(path, limit);
      ASSERT_TRUE(text.ok()) << text.status().message();
      EXPECT_EQ(text->size(), size) << limit;
      EXPECT_EQ(*text, content);
    }
    if (size == 0) continue;
    const Result<std::string> refused = ReadFile(path, size - 1);
    ASSERT_FALSE(refused.ok()) << size;
    EXPECT_EQ(refused.status().code(), Code::kResourceExhausted);
    EXPECT_EQ(refused.status().message(),
              fmt::format("{}: {} bytes, more than the limit of {}", path, size, size - 1));
  }
}

// The files of /proc announce no size and have content all the same.
TEST(ReadFile, ReadsWhatAnnouncesNothing) {
  const Result<std::string> text = ReadFile("/proc/self/status", 1 << 20);
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_THAT(*text, HasSubstr("Name:"));

  const Result<std::string> refused = ReadFile("/proc/self/status", 10);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().message(), "/proc/self/status: more than the limit of 10 bytes");
}

// Each child maps a file, cuts it and reads past the new end.
class GuardDeathTest : public testing::Test {
 protected:
  // `mappings` of the file at a time; the last one is read.
  static void ReadBehindTheCut(const std::string& path, int mappings) {
    GuardMappedFiles();
    std::vector<MappedFile> files;
    for (int i = 0; i < mappings; ++i) {
      Result<MappedFile> file = MappedFile::Open(path);
      if (!file.ok()) ::_exit(3);
      files.push_back(std::move(file).value());
    }
    if (::truncate(path.c_str(), 10) != 0) ::_exit(4);
    volatile uint8_t byte = files.back().bytes()[20000];
    ::_exit(byte == 'z' ? 5 : 6);
  }

  const test::TempDir folder_;
  const std::string content_ = std::string(30000, 'z');
  const std::string path_ = folder_.Write("weights.bin", content_);
};

TEST_F(GuardDeathTest, ACutFileEndsTheProgramWithItsName) {
  EXPECT_EXIT(
      ReadBehindTheCut(path_, 1), testing::ExitedWithCode(1),
      "^error: .*weights\\.bin: the file became shorter, or could not be read, while it was "
      "in use\n$");
}

TEST_F(GuardDeathTest, AMappingBeyondTheTableDiesAsWithoutAGuard) {
  EXPECT_EXIT(ReadBehindTheCut(path_, kGuardedFiles + 1), testing::KilledBySignal(SIGBUS), "");
}

// A slot kept too long would lie at the same address and blame the first file.
TEST_F(GuardDeathTest, SlotsAreGivenBack) {
  const std::string other = folder_.Write("other.bin", content_);
  const auto run = [&] {
    for (int i = 0; i < kGuardedFiles * 2; ++i) {
      if (!MappedFile::Open(path_).ok()) ::_exit(3);
    }
    ReadBehindTheCut(other, 1);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(1), "other\\.bin: the file became shorter");
}

TEST_F(GuardDeathTest, ALongPathKeepsItsEnd) {
  std::string deep;
  for (int i = 0; i < 4; ++i) deep += std::string(100, static_cast<char>('a' + i)) + "/";
  const std::string path = folder_.Write(deep + "end.bin", content_);
  EXPECT_EXIT(ReadBehindTheCut(path, 1), testing::ExitedWithCode(1),
              "^error: b*/c+/d+/end\\.bin: the file became");
}

}  // namespace
}  // namespace fathom
