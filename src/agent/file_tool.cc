#include "agent/file_tool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/utf8.h"

namespace fathom {
namespace {

constexpr size_t kMaxPathBytes = 4095;
// The kernel answers EAGAIN when a folder on the way was renamed while it looked; a second look
// nearly always succeeds.
constexpr int kAttempts = 64;

int OpenAt2(int folder, const char* path, int flags) {
  struct open_how how = {};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 1;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, folder, path, &how, sizeof(how));
    const bool again = fd < 0 && (errno == EAGAIN || errno == EINTR) && attempt < kAttempts;
    if (!again) return static_cast<int>(fd);
  }
}

Status OpenFailure(std::string_view path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return NotFound("{}: there is no such file or folder", path);
    case EXDEV:
      return InvalidArgument(
          "{}: outside the folder that may be read; paths are relative to it, such as notes.txt",
          path);
    case ELOOP:
      return InvalidArgument("{}: a symbolic link, or behind one; links are not followed", path);
    case ENXIO:  // a socket
      return InvalidArgument("{}: not a regular file", path);
    default:
      return Internal("{}: {}", path, ::strerror(error));
  }
}

std::string_view KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "not a regular file";
}

// Reads to the end, but no more than `limit` + 1 bytes.
Result<std::string> ReadUpTo(int fd, size_t size_hint, size_t limit) {
  std::string text(std::min(size_hint, limit) + 1, '\0');
  size_t have = 0;
  while (true) {
    if (have == text.size()) {
      if (have > limit) return text;
      text.resize(std::min(text.size() * 2, limit + 1));
    }
    const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Internal("{}", ::strerror(errno));
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  text.resize(have);
  return text;
}

Status CheckText(std::string_view path, std::string_view text) {
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return InvalidArgument("{}: not a text file (byte {} is zero)", path, zero);
  }
  if (const size_t bad = FindInvalidUtf8(text); bad != std::string_view::npos) {
    return InvalidArgument("{}: not UTF-8 text (from byte {})", path, bad);
  }
  return {};
}

}  // namespace

Result<FileFolder> FileFolder::Open(const std::string& folder) {
  FileDescriptor fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    const int error = errno;
    return Status(error == ENOENT ? Code::kNotFound : Code::kInvalidArgument,
                  fmt::format("{}: {}", folder, ::strerror(error)));
  }
  const FileDescriptor probe(OpenAt2(fd.get(), ".", O_PATH | O_DIRECTORY));
  if (!probe.valid()) {
    return Unsupported(
        "{}: the file tools need the system call openat2 (Linux 5.6 or newer, allowed by the "
        "sandbox), which keeps them inside the folder: {}",
        folder, ::strerror(errno));
  }
  return FileFolder(std::move(fd));
}

Result<FileDescriptor> FileFolder::OpenBeneath(std::string_view path, int flags) const {
  if (path.empty()) return InvalidArgument("path: empty");
  if (path.size() > kMaxPathBytes) {
    return InvalidArgument("path: {} bytes, more than {}", path.size(), kMaxPathBytes);
  }
  if (path.find('\0') != std::string_view::npos) {
    return InvalidArgument("path: has a zero byte");
  }
  const std::string name(path);
  // O_NONBLOCK: a pipe must not wait for its writer.
  FileDescriptor file(
      OpenAt2(folder_.get(), name.c_str(), flags | O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return OpenFailure(path, errno);
  return file;
}

Result<std::string> FileFolder::Read(std::string_view path) const {
  FATHOM_ASSIGN_OR_RETURN(const FileDescriptor file, OpenBeneath(path, 0));
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return OpenFailure(path, errno);
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument("{}: {}, expected a regular file", path, KindOf(info.st_mode));
  }
  const auto size = static_cast<size_t>(info.st_size);
  if (size > kMaxToolFileBytes) {
    return ResourceExhausted("{}: {} bytes, more than the limit of {}", path, size,
                             kMaxToolFileBytes);
  }
  Result<std::string> text = ReadUpTo(file.get(), size, kMaxToolFileBytes);
  if (!text.ok()) return text.status().At(path);
  if (text->size() > kMaxToolFileBytes) {
    return ResourceExhausted("{}: grew beyond the limit of {} bytes while it was read", path,
                             kMaxToolFileBytes);
  }
  FATHOM_RETURN_IF_ERROR(CheckText(path, *text));
  return text;
}

Result<FileFolder::Listing> FileFolder::List(std::string_view path) const {
  if (path.empty()) path = ".";
  FATHOM_ASSIGN_OR_RETURN(const FileDescriptor file, OpenBeneath(path, O_DIRECTORY));
  const int own = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);  // closedir closes it
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(own < 0 ? nullptr : ::fdopendir(own),
                                                    &::closedir);
  if (entries == nullptr) {
    const int error = errno;
    if (own >= 0) ::close(own);
    return OpenFailure(path, error);
  }
  Listing listing;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name == "." || name == ".." || !IsValidUtf8(name)) continue;
    struct stat info;
    if (::fstatat(file.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone
    if (S_ISDIR(info.st_mode)) {
      name += '/';
    } else if (!S_ISREG(info.st_mode)) {
      continue;
    }
    listing.names.push_back(std::move(name));
  }
  if (errno != 0) return OpenFailure(path, errno);
  std::sort(listing.names.begin(), listing.names.end());
  if (listing.names.size() > kMaxListedEntries) {
    listing.left_out = listing.names.size() - kMaxListedEntries;
    listing.names.resize(kMaxListedEntries);
  }
  return listing;
}

}  // namespace fathom
