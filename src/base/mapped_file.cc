#include "base/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "base/file_descriptor.h"

namespace fathom {
namespace {

// What the signal handler may read: plain atomics, no locks, no allocation. A slot is in use
// while `begin` is not zero; `name` is written before `begin`.
struct GuardSlot {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  std::array<char, 256> name{};
};
std::array<GuardSlot, kGuardedFiles> guard_slots;
std::mutex guard_mutex;

int TakeGuardSlot(const std::string& path, const uint8_t* data, size_t size) {
  const std::lock_guard lock(guard_mutex);
  for (int i = 0; i < kGuardedFiles; ++i) {
    GuardSlot& slot = guard_slots[i];
    if (slot.begin.load() != 0) continue;
    // The end of a long path says more than its beginning.
    const size_t skip = path.size() < slot.name.size() ? 0 : path.size() - slot.name.size() + 1;
    const size_t length = path.copy(slot.name.data(), slot.name.size() - 1, skip);
    slot.name[length] = '\0';
    slot.end.store(reinterpret_cast<uintptr_t>(data) + size);
    slot.begin.store(reinterpret_cast<uintptr_t>(data));
    return i;
  }
  return -1;
}

void WriteText(const char* text) {
  size_t left = strlen(text);
  while (left > 0) {
    const ssize_t written = ::write(STDERR_FILENO, text, left);
    if (written <= 0) return;
    text += written;
    left -= static_cast<size_t>(written);
  }
}

void OnBusError(int, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (const GuardSlot& slot : guard_slots) {
    const uintptr_t begin = slot.begin.load();
    if (begin != 0 && address >= begin && address < slot.end.load()) {
      WriteText("error: ");
      WriteText(slot.name.data());
      WriteText(": the file became shorter, or could not be read, while it was in use\n");
      ::_exit(1);
    }
  }
  // Not one of ours: die as without a handler.
  ::signal(SIGBUS, SIG_DFL);
  ::raise(SIGBUS);
}

Status OpenRegular(const std::string& path, FileDescriptor* file, size_t* size) {
  // The system would stop reading the name at the zero byte and open another file.
  if (const size_t zero = path.find('\0'); zero != std::string::npos) {
    return InvalidArgument("{}: a path with a zero byte at {}", path.substr(0, zero), zero);
  }
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  *file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file->valid()) {
    const int error = errno;
    const std::string why = fmt::format("{}: {}", path, ::strerror(error));
    return Status(error == ENOENT || error == ENOTDIR ? Code::kNotFound : Code::kInternal, why);
  }
  struct stat info;
  if (::fstat(file->get(), &info) != 0) return Internal("{}: {}", path, ::strerror(errno));
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument("{}: {}, expected a regular file", path,
                           S_ISDIR(info.st_mode) ? "is a folder" : "is not a file");
  }
  *size = static_cast<size_t>(info.st_size);
  return {};
}

}  // namespace

Result<MappedFile> MappedFile::Open(const std::string& path) {
  FileDescriptor file;
  MappedFile mapped;
  mapped.path_ = path;
  FATHOM_RETURN_IF_ERROR(OpenRegular(path, &file, &mapped.size_));
  if (mapped.size_ == 0) return mapped;
  void* memory = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) {
    mapped.size_ = 0;
    return Internal("{}: cannot be mapped: {}", path, ::strerror(errno));
  }
  mapped.data_ = static_cast<const uint8_t*>(memory);
  mapped.guard_slot_ = TakeGuardSlot(path, mapped.data_, mapped.size_);
  return mapped;
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(guard_slot_, other.guard_slot_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  if (guard_slot_ >= 0) guard_slots[guard_slot_].begin.store(0);
  ::munmap(const_cast<uint8_t*>(data_), size_);
}

void MappedFile::Prefetch(size_t offset, size_t length) const {
  if (data_ == nullptr || offset >= size_) return;
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  const size_t end = std::min(size_, offset + std::min(length, size_ - offset));
  (void)::madvise(const_cast<uint8_t*>(data_) + begin, end - begin, MADV_WILLNEED);
}

void GuardMappedFiles() {
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

Result<std::string> ReadFile(const std::string& path, size_t limit) {
  FileDescriptor file;
  size_t size = 0;
  FATHOM_RETURN_IF_ERROR(OpenRegular(path, &file, &size));
  if (size > limit) {
    return ResourceExhausted("{}: {} bytes, more than the limit of {}", path, size, limit);
  }
  // One byte more than announced, so that a file still growing (or one of /proc, which announces
  // nothing) is noticed; `limit` holds for what was really read.
  const size_t most = std::max(limit, limit + 1);  // limit itself where there is no number above it
  std::string text(std::min(std::max(size, size_t{4095}) + 1, most), '\0');
  size_t have = 0;
  while (true) {
    if (have == text.size()) {
      if (have > limit) {
        return ResourceExhausted("{}: more than the limit of {} bytes", path, limit);
      }
      text.resize(std::min(text.size() * 2, most));
    }
    const ssize_t got = ::read(file.get(), text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Internal("{}: {}", path, ::strerror(errno));
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  text.resize(have);
  return text;
}

}  // namespace fathom
