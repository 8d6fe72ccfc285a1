// Tensors in row-major order: TensorView borrows, Tensor owns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace fathom {

// A read-only look at elements that somebody else owns. No alignment is promised: tensors of a
// mapped file lie where the file puts them.
struct TensorView {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  Shape shape;

  bool empty() const { return data == nullptr; }
  int64_t elements() const { return shape.elements(); }
  int64_t bytes() const { return elements() * Bytes(dtype); }
};

class Tensor {
 public:
  Tensor() = default;
  // Zeroed. kResourceExhausted when the memory cannot be had.
  static Result<Tensor> Allocate(DType dtype, Shape shape) {
    Tensor tensor;
    tensor.dtype_ = dtype;
    tensor.shape_ = shape;
    FATHOM_ASSIGN_OR_RETURN(
        tensor.buffer_,
        AlignedBuffer::Allocate(static_cast<size_t>(shape.elements() * Bytes(dtype))));
    return tensor;
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  TensorView view() const { return {buffer_.data(), dtype_, shape_}; }

  // The elements as T, whose size is that of the dtype.
  template <typename T>
  std::span<T> As() const {
    FATHOM_CHECK(sizeof(T) == static_cast<size_t>(Bytes(dtype_)), "{} bytes as {}", sizeof(T),
                 Name(dtype_));
    return {reinterpret_cast<T*>(buffer_.data()), static_cast<size_t>(shape_.elements())};
  }

 private:
  DType dtype_ = DType::kF32;
  Shape shape_;
  AlignedBuffer buffer_;
};

}  // namespace fathom
