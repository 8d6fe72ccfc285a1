// Bytes of a text/event-stream → the data of its events.
//
// Lines end with \n, \r\n or \r. Comments, and fields other than `data` and `event`, say nothing
// here. An event that is not called "message" is dropped, as is one without an end.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace fathom::mcp {

class EventReader {
 public:
  explicit EventReader(size_t most_bytes) : most_bytes_(most_bytes) {}

  // Calls `take` with the data of every message that is complete. kResourceExhausted where one, or
  // one line, is larger than the most.
  Status Add(std::string_view bytes, const std::function<void(const std::string&)>& take);

 private:
  void EndLine(const std::function<void(const std::string&)>& take);

  size_t most_bytes_;
  bool begun_ = false;  // behind the first three bytes, where a byte order mark may stand
  bool after_return_ = false;
  std::string line_, data_, event_;
  bool has_data_ = false;
};

}  // namespace fathom::mcp
