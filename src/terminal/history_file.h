// What was typed in earlier conversations: one entry a line, newest last.
//
// Newlines and backslashes of an entry are written as \n and \\. An entry is appended in one write,
// so conversations that run at the same time share the file. Only its owner may read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace fathom {

inline constexpr size_t kHistoryEntries = 1000;
inline constexpr size_t kHistoryBytes = 1 << 20;

// $XDG_STATE_HOME/fathom/history, else $HOME/.local/state/fathom/history; empty when neither is an
// absolute path. The variables are null when not set.
std::string HistoryPath(const char* xdg_state_home, const char* home);

class HistoryFile {
 public:
  // Makes the folder (0700) and the file (0600) where they are missing and takes others' rights to
  // the file away. A file of more than kHistoryBytes is cut to its newest entries.
  static Result<HistoryFile> Open(const std::string& path);

  // The newest kHistoryEntries, oldest first.
  const std::vector<std::string>& entries() const { return entries_; }

  // Skips an entry equal to the last one, and one that begins with a space.
  Status Append(std::string_view entry);

 private:
  explicit HistoryFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::vector<std::string> entries_;
};

}  // namespace fathom
