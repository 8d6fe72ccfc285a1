// Memory that ends where no one may read: element arrays whose last byte lies directly before a
// page without any access, so that a kernel that reads or writes past its data dies at that
// instruction. What lies before the data holds a pattern that Intact() looks at.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"

namespace fathom::test {

// `bytes` (whole pages) that can be read and written, before one that cannot. Given back regions
// are kept for the next of their size: tests make thousands. Threads: tests make and end guarded
// memory on one thread.
class GuardedRegions {
 public:
  static size_t PageBytes() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }

  static std::byte* Take(size_t bytes) {
    std::vector<std::byte*>& free = Free()[bytes];
    if (!free.empty()) {
      std::byte* region = free.back();
      free.pop_back();
      return region;
    }
    void* memory = ::mmap(nullptr, bytes + PageBytes(), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FATHOM_CHECK(memory != MAP_FAILED, "{} bytes", bytes);
    auto* region = static_cast<std::byte*>(memory);
    FATHOM_CHECK(::mprotect(region + bytes, PageBytes(), PROT_NONE) == 0, "{} bytes", bytes);
    return region;
  }
  static void Give(std::byte* region, size_t bytes) { Free()[bytes].push_back(region); }

 private:
  static std::map<size_t, std::vector<std::byte*>>& Free() {
    static std::map<size_t, std::vector<std::byte*>> free;
    return free;
  }
};

template <typename T>
class Guarded {
 public:
  // `count` zeros. With `slack`, that many bytes are left between the end and the guard page: data
  // of a mapped file has no alignment.
  explicit Guarded(int64_t count, int64_t slack = 0) : count_(count), slack_(slack) {
    const size_t page = GuardedRegions::PageBytes();
    const size_t used = static_cast<size_t>(count) * sizeof(T) + static_cast<size_t>(slack);
    usable_ = (used + kBefore + page - 1) / page * page;
    base_ = GuardedRegions::Take(usable_);
    std::memset(base_, kPattern, usable_);
    data_ = base_ + usable_ - used;
    if (count > 0) std::memset(data_, 0, static_cast<size_t>(count) * sizeof(T));
  }
  ~Guarded() {
    if (base_ != nullptr) GuardedRegions::Give(base_, usable_);
  }
  Guarded(Guarded&& other) noexcept
      : count_(other.count_),
        slack_(other.slack_),
        usable_(other.usable_),
        base_(std::exchange(other.base_, nullptr)),
        data_(other.data_) {}
  Guarded& operator=(Guarded&&) = delete;

  T* data() const { return reinterpret_cast<T*>(data_); }
  int64_t size() const { return count_; }
  T& operator[](int64_t i) const { return data()[i]; }
  std::span<T> span() const { return {data(), static_cast<size_t>(count_)}; }
  T* begin() const { return data(); }
  T* end() const { return data() + count_; }

  // Whether everything around the elements is as it was.
  bool Intact() const {
    const std::byte* after = data_ + static_cast<size_t>(count_) * sizeof(T);
    for (const std::byte* p = base_; p < data_; ++p) {
      if (*p != std::byte{kPattern}) return false;
    }
    for (const std::byte* p = after; p < base_ + usable_; ++p) {
      if (*p != std::byte{kPattern}) return false;
    }
    return true;
  }

 private:
  static constexpr int kPattern = 0xA5;
  static constexpr size_t kBefore = 256;  // bytes of pattern before the data, at least

  int64_t count_, slack_;
  size_t usable_ = 0;
  std::byte* base_ = nullptr;
  std::byte* data_ = nullptr;
};

}  // namespace fathom::test
