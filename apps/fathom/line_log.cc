#include "line_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/log.h"

namespace fathom {

Result<std::unique_ptr<LineLog>> LineLog::Open(const std::string& path) {
  if (path == "-") return std::unique_ptr<LineLog>(new LineLog(path, {}, STDOUT_FILENO));
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.valid()) return NotFound("{}: {}", path, std::strerror(errno));
  const int number = file.get();
  return std::unique_ptr<LineLog>(new LineLog(path, std::move(file), number));
}

Result<std::unique_ptr<LineLog>> LineLog::OpenPrivate(const std::string& path) {
  FATHOM_ASSIGN_OR_RETURN(auto log, Open(path));
  struct stat file = {};
  const bool known = fstat(log->file_, &file) == 0;
  if (!known || (S_ISREG(file.st_mode) && fchmod(log->file_, 0600) != 0)) {
    return InvalidArgument("{}: can't be made readable by its owner alone: {}", path,
                           std::strerror(errno));
  }
  return log;
}

void LineLog::Write(const std::string& line) {
  const std::string text = line + '\n';
  const std::lock_guard lock(mutex_);
  for (size_t at = 0; at < text.size();) {
    const ssize_t written = write(file_, text.data() + at, text.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (!std::exchange(said_, true)) LogWarning("{}: {}", path_, std::strerror(errno));
      return;
    }
    at += static_cast<size_t>(written);
  }
}

}  // namespace fathom
