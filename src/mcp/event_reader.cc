#include "mcp/event_reader.h"

#include <utility>

namespace fathom::mcp {

Status EventReader::Add(std::string_view bytes,
                        const std::function<void(const std::string&)>& take) {
  while (!bytes.empty()) {
    if (std::exchange(after_return_, false) && bytes[0] == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const size_t end = bytes.find_first_of("\r\n");
    const size_t size = end == bytes.npos ? bytes.size() : end;
    if (line_.size() + data_.size() + size > most_bytes_) {
      return ResourceExhausted("an event of more than {} bytes", most_bytes_);
    }
    line_ += bytes.substr(0, size);
    if (end == bytes.npos) return {};
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (!std::exchange(begun_, true) && line_.starts_with("\xef\xbb\xbf")) line_.erase(0, 3);
    EndLine(take);
    line_.clear();
  }
  return {};
}

void EventReader::EndLine(const std::function<void(const std::string&)>& take) {
  if (line_.empty()) {
    const bool is_message = event_.empty() || event_ == "message";
    if (has_data_ && is_message) take(data_);
    data_.clear();
    event_.clear();
    has_data_ = false;
    return;
  }
  const size_t colon = line_.find(':');
  const std::string_view name = std::string_view(line_).substr(0, colon);
  std::string_view value =
      colon == line_.npos ? std::string_view() : std::string_view(line_).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (name == "event") {
    event_ = value;
  }
}

}  // namespace fathom::mcp
