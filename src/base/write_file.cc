#include "base/write_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/file_descriptor.h"

namespace fathom {
namespace {

Status SystemError(const std::string& path) {
  return Internal("{}: {}", path, std::strerror(errno));
}

// rename replaces, link does not.
Result<bool> GiveName(const std::string& temporary, const std::string& path, Existing existing) {
  if (existing == Existing::kReplace) {
    if (::rename(temporary.c_str(), path.c_str()) != 0) return SystemError(path);
    return true;
  }
  const bool named = ::link(temporary.c_str(), path.c_str()) == 0;
  if (!named && errno != EEXIST) return SystemError(path);
  return named;
}

}  // namespace

Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return SystemError(path);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

Result<bool> WriteFile(const std::string& path, std::string_view bytes, Existing existing) {
  std::string temporary = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file.valid()) return SystemError(path);
  Status written = WriteAll(file.get(), bytes, path);
  if (written.ok() && ::fsync(file.get()) != 0) written = SystemError(path);
  Result<bool> named = written.ok() ? GiveName(temporary, path, existing) : written;
  // Renamed, it is gone from here already.
  ::unlink(temporary.c_str());
  return named;
}

}  // namespace fathom
