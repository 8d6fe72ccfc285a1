#include "agent/file_tool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "support/temp_dir.h"

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A folder for the tools, beside a file that they must never reach.
class FileToolTest : public testing::Test {
 protected:
  FileToolTest() {
    secret_ = dir_.Write("outside/secret.txt", "the secret");
    dir_.Write("inside/notes.txt", "Anna has the small key.\n");
    dir_.Write("inside/sub/deep.txt", "grün");
    folder_.emplace(FileFolder::Open(dir_.File("inside")).value());
  }

  std::string Inside(std::string_view name) const {
    return dir_.File("inside/") + std::string(name);
  }
  void Link(const std::string& target, std::string_view name) {
    std::filesystem::create_symlink(target, Inside(name));
  }

  // The text, or "error: …".
  std::string Read(std::string_view path) const {
    const Result<std::string> text = folder_->Read(path);
    return text.ok() ? *text : "error: " + text.status().message();
  }

  test::TempDir dir_;
  std::string secret_;
  std::optional<FileFolder> folder_;
};

constexpr std::string_view kOutside =
    ": outside the folder that may be read; paths are relative to it, such as notes.txt";
constexpr std::string_view kLinked = ": a symbolic link, or behind one; links are not followed";

std::string Error(std::string_view path, std::string_view what) {
  return "error: " + std::string(path) + std::string(what);
}

TEST_F(FileToolTest, ReadsFilesBelowTheFolder) {
  EXPECT_EQ(Read("notes.txt"), "Anna has the small key.\n");
  EXPECT_EQ(Read("sub/deep.txt"), "grün");
  EXPECT_EQ(Read("./sub//deep.txt"), "grün");
  EXPECT_EQ(Read("sub/../notes.txt"), "Anna has the small key.\n");  // stays beneath
}

TEST_F(FileToolTest, AnEmptyFileIsEmptyText) {
  dir_.Write("inside/empty", "");
  EXPECT_EQ(Read("empty"), "");
}

TEST_F(FileToolTest, NothingOutsideIsReached) {
  for (const std::string& path :
       {std::string("../outside/secret.txt"), std::string("sub/../../outside/secret.txt"), secret_,
        std::string("/etc/passwd"), std::string("/"), std::string("..")}) {
    EXPECT_EQ(Read(path), Error(path, kOutside));
  }
}

TEST_F(FileToolTest, LinksAreNotFollowed) {
  Link(secret_, "absolute");
  Link("../outside/secret.txt", "relative");
  Link("nowhere", "dangling");
  Link("../outside", "middle");
  Link("notes.txt", "harmless");
  Link("sub", "harmless_folder");
  Link("loop", "loop");
  for (const std::string path :
       {"absolute", "relative", "dangling", "middle/secret.txt", "harmless",
        "harmless_folder/deep.txt", "sub/../absolute", "loop"}) {
    EXPECT_EQ(Read(path), Error(path, kLinked));
  }
}

TEST_F(FileToolTest, MagicLinksAreNotFollowed) {
  const FileFolder proc = FileFolder::Open("/proc").value();
  for (const char* path : {"self/cwd", "self/root/etc/passwd", "self/fd/0"}) {
    const Status status = proc.Read(path).status();
    EXPECT_THAT(status.message(), HasSubstr(kLinked)) << path;
  }
}

TEST_F(FileToolTest, OnlyRegularFilesAreRead) {
  ASSERT_EQ(::mkfifo(Inside("pipe").c_str(), 0600), 0);
  EXPECT_EQ(Read("pipe"), "error: pipe: a pipe, expected a regular file");  // and doesn't wait
  EXPECT_EQ(Read("sub"), "error: sub: a folder, expected a regular file");
  EXPECT_EQ(Read("."), "error: .: a folder, expected a regular file");

  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  Inside("socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(Read("socket"), "error: socket: not a regular file");
  ::close(server);

  const FileFolder devices = FileFolder::Open("/dev").value();
  EXPECT_EQ(devices.Read("null").status().message(), "null: a device, expected a regular file");
  EXPECT_EQ(devices.Read("zero").status().message(), "zero: a device, expected a regular file");
}

TEST_F(FileToolTest, SaysWhatIsWrongWithAPath) {
  EXPECT_EQ(Read(""), "error: path: empty");
  EXPECT_EQ(Read(std::string_view("notes.txt\0.png", 14)), "error: path: has a zero byte");
  EXPECT_EQ(Read(std::string(5000, 'a')), "error: path: 5000 bytes, more than 4095");
  EXPECT_EQ(Read(std::string(300, 'a')), Error(std::string(300, 'a'), ": File name too long"));
  EXPECT_EQ(Read("missing.txt"), "error: missing.txt: there is no such file or folder");
  EXPECT_EQ(Read("notes.txt/more"), "error: notes.txt/more: there is no such file or folder");
}

TEST_F(FileToolTest, TooLargeAFileIsRefused) {
  dir_.Write("inside/largest", std::string(kMaxToolFileBytes, 'x'));
  EXPECT_THAT(Read("largest"), SizeIs(kMaxToolFileBytes));
  dir_.Write("inside/larger", std::string(kMaxToolFileBytes + 1, 'x'));
  EXPECT_EQ(Read("larger"), "error: larger: 1048577 bytes, more than the limit of 1048576");
  // A file of holes: announced in full, never read.
  dir_.Write("inside/sparse", "");
  ASSERT_EQ(::truncate(Inside("sparse").c_str(), off_t{1} << 40), 0);
  EXPECT_EQ(Read("sparse"), "error: sparse: 1099511627776 bytes, more than the limit of 1048576");
}

TEST_F(FileToolTest, FilesThatAnnounceNoSizeAreReadInFull) {
  const FileFolder proc = FileFolder::Open("/proc").value();
  const Result<std::string> text = proc.Read("version");  // fstat says 0 bytes
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_THAT(*text, HasSubstr("Linux"));
}

TEST_F(FileToolTest, OnlyTextIsReturned) {
  dir_.Write("inside/latin1", "gr\xFCn");
  dir_.Write("inside/binary", std::string("ELF\0\1", 5));
  EXPECT_EQ(Read("latin1"), "error: latin1: not UTF-8 text (from byte 2)");
  EXPECT_EQ(Read("binary"), "error: binary: not a text file (byte 3 is zero)");
}

TEST_F(FileToolTest, ListsWhatCanBeOpened) {
  Link("notes.txt", "link");
  ASSERT_EQ(::mkfifo(Inside("pipe").c_str(), 0600), 0);
  dir_.Write("inside/.hidden", "");
  dir_.Write("inside/bad\xFFname", "");
  EXPECT_THAT(folder_->List(".").value().names, ElementsAre(".hidden", "notes.txt", "sub/"));
  EXPECT_THAT(folder_->List("").value().names, ElementsAre(".hidden", "notes.txt", "sub/"));
  EXPECT_THAT(folder_->List("sub").value().names, ElementsAre("deep.txt"));
  EXPECT_EQ(folder_->List("sub").value().left_out, 0U);
}

TEST_F(FileToolTest, ListsNothingOutside) {
  Link("../outside", "link");
  EXPECT_EQ(folder_->List("link").status().message(), "link" + std::string(kLinked));
  EXPECT_EQ(folder_->List("../outside").status().message(), "../outside" + std::string(kOutside));
  EXPECT_EQ(folder_->List("notes.txt").status().message(),
            "notes.txt: there is no such file or folder");
}

TEST_F(FileToolTest, ALongListIsCut) {
  for (size_t i = 0; i < kMaxListedEntries + 7; ++i) {
    dir_.Write(fmt::format("inside/many/{:05}", i), "");
  }
  const auto listing = folder_->List("many").value();
  EXPECT_THAT(listing.names, SizeIs(kMaxListedEntries));
  EXPECT_EQ(listing.names.front(), "00000");
  EXPECT_EQ(listing.names.back(), "00999");
  EXPECT_EQ(listing.left_out, 7U);
}

// A folder on the way is exchanged for a link to the outside, over and over, while it is read
// through. Whatever the moment, the secret doesn't come. Goes on until both outcomes were seen.
TEST_F(FileToolTest, SwappingAFolderForALinkLeadsNowhere) {
  dir_.Write("inside/folder/secret.txt", "harmless");
  Link("../outside", "trap");
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) {
      ::renameat2(AT_FDCWD, Inside("folder").c_str(), AT_FDCWD, Inside("trap").c_str(),
                  RENAME_EXCHANGE);
    }
  });
  int read = 0, refused = 0;
  for (int i = 0; i < 20000 || read == 0 || refused == 0; ++i) {
    const Result<std::string> text = folder_->Read("folder/secret.txt");
    if (text.ok()) {
      ASSERT_EQ(*text, "harmless");
      ++read;
    } else {
      ++refused;
    }
    const auto listing = folder_->List("folder");
    if (listing.ok()) {
      ASSERT_THAT(listing->names, ElementsAre("secret.txt"));
    }
  }
  done = true;
  swapper.join();
}

TEST_F(FileToolTest, AFolderThatMovesStaysTheFolder) {
  std::filesystem::rename(dir_.File("inside"), dir_.File("moved"));
  std::filesystem::create_directory_symlink(dir_.File("outside"), dir_.File("inside"));
  EXPECT_EQ(Read("notes.txt"), "Anna has the small key.\n");
  EXPECT_EQ(Read("secret.txt"), "error: secret.txt: there is no such file or folder");
}

TEST_F(FileToolTest, TheFolderMustExistAndBeOne) {
  EXPECT_EQ(FileFolder::Open(dir_.File("none")).status().code(), Code::kNotFound);
  EXPECT_THAT(FileFolder::Open(Inside("notes.txt")).status().message(),
              HasSubstr("notes.txt: Not a directory"));
}

// Answers openat2 with ENOSYS from now on, as a kernel before 5.6 does. For this process.
bool ForbidOpenAt2() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {.len = std::size(filter), .filter = filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(FileToolTest, WithoutOpenAt2ThereAreNoFileTools) {
  const std::string folder = dir_.File("inside");
  const auto try_without = [&] {
    if (!ForbidOpenAt2()) ::_exit(3);
    const Result<FileFolder> opened = FileFolder::Open(folder);
    if (opened.ok()) ::_exit(4);
    ::fprintf(stderr, "%s\n", opened.status().message().c_str());
    ::_exit(opened.status().code() == Code::kUnsupported ? 0 : 5);
  };
  EXPECT_EXIT(try_without(), testing::ExitedWithCode(0),
              "inside: the file tools need the system call openat2 .*Function not implemented");
}

}  // namespace
}  // namespace fathom
