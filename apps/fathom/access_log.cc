#include "access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/log.h"

namespace fathom {

Result<std::unique_ptr<AccessLog>> AccessLog::Open(const std::string& path) {
  if (path == "-") return std::unique_ptr<AccessLog>(new AccessLog({}, STDOUT_FILENO));
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.valid()) return NotFound("{}: {}", path, std::strerror(errno));
  const int number = file.get();
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(file), number));
}

void AccessLog::Write(const std::string& line) {
  const std::string text = line + '\n';
  const std::lock_guard lock(mutex_);
  for (size_t at = 0; at < text.size();) {
    const ssize_t written = write(file_, text.data() + at, text.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (!std::exchange(said_, true)) LogWarning("access log: {}", std::strerror(errno));
      return;
    }
    at += static_cast<size_t>(written);
  }
}

}  // namespace fathom
