#include "terminal/history_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file_descriptor.h"
#include "base/write_file.h"

namespace fathom {
namespace {

std::string Escape(std::string_view entry) {
  std::string line;
  for (const char c : entry) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\\') {
      line += "\\\\";
    } else if (c != '\0') {
      line += c;
    }
  }
  return line + "\n";
}

std::string Unescape(std::string_view line) {
  std::string entry;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      entry += line[i];
    } else {
      ++i;
      entry += line[i] == 'n' ? '\n' : line[i];
    }
  }
  return entry;
}

Status SystemError(const std::string& path) {
  return Internal("{}: {}", path, std::strerror(errno));
}

// The last kHistoryBytes of the file, from the start of a line.
Result<std::string> ReadTail(int file, const std::string& path) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  const off_t begin = std::max<off_t>(0, size - static_cast<off_t>(kHistoryBytes));
  std::string text(static_cast<size_t>(size - begin), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), begin);
  if (size < 0 || got < 0) return SystemError(path);
  text.resize(static_cast<size_t>(got));
  if (begin > 0) text.erase(0, text.find('\n') + 1);
  return text;
}

std::string Lines(const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& entry : entries) text += Escape(entry);
  return text;
}

}  // namespace

std::string HistoryPath(const char* xdg_state_home, const char* home) {
  if (xdg_state_home != nullptr && xdg_state_home[0] == '/') {
    return std::string(xdg_state_home) + "/fathom/history";
  }
  if (home != nullptr && home[0] == '/') {
    return std::string(home) + "/.local/state/fathom/history";
  }
  return "";
}

Result<HistoryFile> HistoryFile::Open(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return SystemError(folder);
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid() || ::fchmod(file.get(), 0600) != 0) return SystemError(path);
  FATHOM_ASSIGN_OR_RETURN(const std::string text, ReadTail(file.get(), path));
  HistoryFile history(path);
  for (std::string_view left = text; !left.empty();) {
    const size_t end = std::min(left.find('\n'), left.size());
    if (end > 0) history.entries_.push_back(Unescape(left.substr(0, end)));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  if (history.entries_.size() > kHistoryEntries) {
    history.entries_.erase(history.entries_.begin(),
                           history.entries_.end() - static_cast<ptrdiff_t>(kHistoryEntries));
  }
  if (::lseek(file.get(), 0, SEEK_END) > static_cast<off_t>(kHistoryBytes)) {
    const auto cut = WriteFile(path, Lines(history.entries_), Existing::kReplace);
    if (!cut.ok()) return cut.status();
  }
  return history;
}

Status HistoryFile::Append(std::string_view entry) {
  if (entry.empty() || entry[0] == ' ') return {};
  if (!entries_.empty() && entries_.back() == entry) return {};
  entries_.emplace_back(entry);
  const FileDescriptor file(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return SystemError(path_);
  return WriteAll(file.get(), Escape(entry), path_);
}

}  // namespace fathom
