// Bytes of a stream → its lines, each bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace fathom::mcp {

class LineReader {
 public:
  explicit LineReader(size_t most_bytes) : most_bytes_(most_bytes) {}

  // Calls `take` with every line that is complete, without its end ("\n" or "\r\n"); the view holds
  // during the call. kResourceExhausted where a line is longer than the most; after that nothing
  // more is taken.
  template <typename Take>
  Status Add(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      const size_t end = bytes.find('\n');
      if (held_.size() + (end == bytes.npos ? bytes.size() : end) > most_bytes_) {
        return ResourceExhausted("a line of more than {} bytes", most_bytes_);
      }
      if (end == bytes.npos) {
        held_ += bytes;
        return {};
      }
      std::string_view line = bytes.substr(0, end);
      if (!held_.empty()) {
        held_ += line;
        line = held_;
      }
      if (line.ends_with('\r')) line.remove_suffix(1);
      take(line);
      held_.clear();
      bytes.remove_prefix(end + 1);
    }
    return {};
  }

  // What stands behind the last end of a line; the stream has ended.
  std::string Rest() { return std::exchange(held_, {}); }

 private:
  size_t most_bytes_;
  std::string held_;
};

}  // namespace fathom::mcp
