// Memory a backend gave out (Buffer) and rectangles of it that operations work on (BufferView).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/check.h"
#include "tensor/dtype.h"

namespace fathom {

// Owned memory of one backend, given back in the destructor.
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::byte* data, size_t bytes, std::function<void()> release)
      : data_(data), bytes_(bytes), release_(std::move(release)) {}
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~Buffer() {
    if (release_) release_();
  }

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
  std::function<void()> release_;
};

// [rows, cols] elements of a Buffer, borrowed; consecutive rows lie `stride` elements apart.
struct BufferView {
  std::byte* data = nullptr;
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0, stride = 0;

  template <typename T>
  T* row(int64_t r) const {
    FATHOM_DCHECK(sizeof(T) == static_cast<size_t>(Bytes(dtype)) && r >= 0 && r < rows,
                  "row {} of {}", r, rows);
    return reinterpret_cast<T*>(data) + r * stride;
  }

  // Columns [begin, begin + count) of every row.
  BufferView Columns(int64_t begin, int64_t count) const {
    FATHOM_DCHECK(begin >= 0 && count >= 0 && begin + count <= cols, "columns {}+{} of {}", begin,
                  count, cols);
    return {data + begin * Bytes(dtype), dtype, rows, count, stride};
  }
  // Rows [begin, begin + count).
  BufferView Rows(int64_t begin, int64_t count) const {
    FATHOM_DCHECK(begin >= 0 && count >= 0 && begin + count <= rows, "rows {}+{} of {}", begin,
                  count, rows);
    return {data + begin * stride * Bytes(dtype), dtype, count, cols, stride};
  }
};

}  // namespace fathom
