// Owned host memory, aligned to 64 bytes (a cache line and a 512-bit vector), zero when first read.
//
// Large buffers come straight from the kernel and cost physical memory only where they are
// touched; those of 2 MiB and more ask for huge pages, since a cache that is read at random spends
// its time in address translation otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/status.h"

namespace fathom {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // kResourceExhausted, with the size, when the memory cannot be had.
  static Result<AlignedBuffer> Allocate(size_t bytes);

  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~AlignedBuffer();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  template <typename T>
  std::span<T> As() const {
    return {reinterpret_cast<T*>(data_), size_ / sizeof(T)};
  }

 private:
  AlignedBuffer(std::byte* data, size_t size) : data_(data), size_(size) {}

  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace fathom
