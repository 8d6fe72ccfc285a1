// A file mapped read-only.
//
// A mapping stays valid after the file is deleted, but not when it is cut short: reading past the
// new end raises SIGBUS. GuardMappedFiles() turns that into one line that names the file and exit
// code 1, since the weights are gone and nothing sensible can follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace fathom {

class MappedFile {
 public:
  MappedFile() = default;
  // Regular files only; an empty file gives an empty view. kNotFound, kInvalidArgument (a folder,
  // a device) or kInternal, each naming `path`.
  static Result<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::string& path() const { return path_; }
  size_t size() const { return size_; }
  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

  // Asks the kernel to read [offset, offset + length) ahead. Advice: never fails.
  void Prefetch(size_t offset, size_t length) const;

 private:
  std::string path_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  int guard_slot_ = -1;
};

// Installs the SIGBUS handler described above. Called once, by a program's main; more than
// kGuardedFiles mappings at a time are still mapped, but not named by the handler.
void GuardMappedFiles();
inline constexpr int kGuardedFiles = 1024;

// The whole of a regular file, at most `limit` bytes (kResourceExhausted beyond).
Result<std::string> ReadFile(const std::string& path, size_t limit);

}  // namespace fathom
