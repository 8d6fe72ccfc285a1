// The server's access log: lines of JSON, appended to a file or written to standard output.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/file_descriptor.h"
#include "base/status.h"

namespace fathom {

// Any thread writes.
class AccessLog {
 public:
  // "-" is standard output. A file is made readable by its owner alone; one that is there is
  // continued. Errors name it.
  static Result<std::unique_ptr<AccessLog>> Open(const std::string& path);

  // One line, whole, without its end. What can't be written is lost, and said once.
  void Write(const std::string& line);

 private:
  AccessLog(FileDescriptor own, int file) : own_(std::move(own)), file_(file) {}

  std::mutex mutex_;
  FileDescriptor own_;
  int file_;
  bool said_ = false;
};

}  // namespace fathom
