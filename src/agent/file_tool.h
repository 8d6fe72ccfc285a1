// Reading files below one folder, for a model that may ask for anything.
//
// The kernel keeps the promise, not string comparison: every path is opened with openat2 and
// RESOLVE_BENEATH, so neither "..", an absolute path nor a folder that is swapped while the call
// runs leads outside. Symbolic links are not followed at all (RESOLVE_NO_SYMLINKS): one that stays
// inside today may point elsewhere tomorrow. A hard link to a file outside cannot be told from a
// file; whoever can make one inside the folder could as well have copied the file. Where the kernel
// has no openat2 (before Linux 5.6, or forbidden by a sandbox) Open fails; there is no other way
// in.
//
// Only regular files are read. Others are opened (without waiting, and without becoming anyone's
// terminal) and closed again, since only then what they are is certain.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "base/status.h"

namespace fathom {

inline constexpr size_t kMaxToolFileBytes = size_t{1} << 20;
inline constexpr size_t kMaxListedEntries = 1000;

class FileFolder {
 public:
  // `folder` itself may be a link or lie behind some: it is the user's word.
  static Result<FileFolder> Open(const std::string& folder);

  // The text of a regular file, UTF-8 and at most kMaxToolFileBytes. Messages repeat the path as it
  // was given, never where the folder lies. Any thread.
  Result<std::string> Read(std::string_view path) const;

  struct Listing {
    std::vector<std::string> names;  // sorted; folders end in "/"
    size_t left_out = 0;             // entries beyond kMaxListedEntries
  };
  // What Read and List could open in the folder `path` ("." or "" for the whole): regular files and
  // folders whose names are UTF-8. Any thread.
  Result<Listing> List(std::string_view path) const;

 private:
  explicit FileFolder(FileDescriptor folder) : folder_(std::move(folder)) {}
  Result<FileDescriptor> OpenBeneath(std::string_view path, int flags) const;

  FileDescriptor folder_;
};

}  // namespace fathom
