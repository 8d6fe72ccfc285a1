// What a server's own threads have written, for a test to read.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/parse.h"
#include "json/value.h"
#include "support/api_client.h"

namespace fathom::test {

// A server may write after the test has ended, until it is torn down: writers own the lines too.
class CollectedLines {
 public:
  std::function<void(const std::string& line)> Writer() const {
    return [lines = lines_](const std::string& line) {
      const std::lock_guard lock(lines->mutex);
      lines->all.push_back(line);
    };
  }
  // Those written since they were last taken, and of those, read as JSON, the ones of an event.
  std::vector<std::string> Take() {
    const std::lock_guard lock(lines_->mutex);
    return std::exchange(lines_->all, {});
  }
  std::vector<json::Value> TakeEvents(std::string_view event) {
    std::vector<json::Value> found;
    for (const std::string& line : Take()) {
      json::Value value = *json::Parse(line);
      if (TextAt(value, "event") == event) found.push_back(std::move(value));
    }
    return found;
  }

 private:
  struct Lines {
    std::mutex mutex;
    std::vector<std::string> all;
  };
  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

}  // namespace fathom::test
