// Lines that a server writes while it runs, its access log and its record of requests: appended to
// a file, or to standard output.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/file_descriptor.h"
#include "base/status.h"

namespace fathom {

// Any thread writes.
class LineLog {
 public:
  // "-" is standard output. A file is made readable by its owner alone; one that is there is
  // continued. Errors name it.
  static Result<std::unique_ptr<LineLog>> Open(const std::string& path);
  // The same, and a file that is there is made readable by its owner alone, too.
  static Result<std::unique_ptr<LineLog>> OpenPrivate(const std::string& path);

  // One line, whole, without its end. What can't be written is lost, and said once.
  void Write(const std::string& line);

 private:
  LineLog(std::string path, FileDescriptor own, int file)
      : path_(std::move(path)), own_(std::move(own)), file_(file) {}

  const std::string path_;
  std::mutex mutex_;
  FileDescriptor own_;
  int file_;
  bool said_ = false;
};

}  // namespace fathom
