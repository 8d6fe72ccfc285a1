// What a server's own threads have written, for a test to read.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

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
  // Those written since they were last taken.
  std::vector<std::string> Take() {
    const std::lock_guard lock(lines_->mutex);
    return std::exchange(lines_->all, {});
  }

 private:
  struct Lines {
    std::mutex mutex;
    std::vector<std::string> all;
  };
  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

}  // namespace fathom::test
