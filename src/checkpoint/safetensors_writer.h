// Writes a safetensors file in constant memory: the header first, from the plan, then the data of
// tensor after tensor as it is made.
//
// The file grows under the name "….partial" and gets its real name in Finish; a writer that is
// dropped before deletes it. So no interrupted run leaves a file that looks whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace fathom {

struct PlannedTensor {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;

  int64_t bytes() const { return shape.elements() * Bytes(dtype); }
};

class SafetensorsWriter {
 public:
  // Writes the header. The order of `tensors` is the order of the data.
  static Result<SafetensorsWriter> Create(const std::string& path,
                                          const std::vector<PlannedTensor>& tensors);

  SafetensorsWriter(SafetensorsWriter&& other) noexcept { *this = std::move(other); }
  SafetensorsWriter& operator=(SafetensorsWriter&& other) noexcept;
  ~SafetensorsWriter();

  // The next bytes of the data, in pieces of any size.
  Status Append(std::span<const std::byte> bytes);
  // In place of all Appends.
  Status LeaveHole();

  // Requires that all of the data was appended. Does not wait for the disk: a finished file
  // outlives this process, not a power failure.
  Status Finish();

 private:
  SafetensorsWriter() = default;
  Status Failed(std::string_view what) const;

  std::string path_, partial_path_;  // partial_path_ is empty once there is nothing to delete
  FileDescriptor file_;
  int64_t left_ = 0;  // bytes of data still to come
  int64_t data_begin_ = 0;
};

// The bytes in front of the data, and with them the file's size, before anything is written.
std::string SafetensorsPreamble(const std::vector<PlannedTensor>& tensors);

}  // namespace fathom
