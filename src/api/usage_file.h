// Keeps what the holders of keys have used today in a file, so that a restart forgets nothing.
//
// The file is small (one line's worth for every key used today) and always whole: it is replaced,
// never changed. A thread writes it when something was charged, at most every few seconds, and the
// end writes it once more; a crash loses those seconds. One server to a file.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/quotas.h"
#include "base/status.h"

namespace fathom::api {

class UsageFile {
 public:
  static constexpr std::chrono::milliseconds kEvery = std::chrono::seconds(3);

  // Loads `path` into `quotas`, which outlive this; a file that is not there yet counts nothing and
  // is written at once, so that a folder without a right to it shows now. Errors name the path, and
  // the field of a file that is not one of ours: it stays as it is.
  static Result<std::unique_ptr<UsageFile>> Open(std::string path, Quotas& quotas,
                                                 std::chrono::milliseconds every = kEvery);
  // Whether Open could read it, without any change.
  static Status Check(const std::string& path);

  ~UsageFile();
  UsageFile(const UsageFile&) = delete;
  UsageFile& operator=(const UsageFile&) = delete;

 private:
  UsageFile(std::string path, Quotas& quotas, std::chrono::milliseconds every);
  void Run();
  void WriteNew();
  Status Write();

  const std::string path_;
  Quotas& quotas_;
  const std::chrono::milliseconds every_;
  int64_t written_ = 0;  // quotas_.changes() of the last write; of the thread, then the destructor
  bool failed_ = false;  // the last write; so that a full disk is told once

  std::mutex mutex_;
  std::condition_variable ending_;
  bool end_ = false;  // guarded
  std::thread thread_;
};

}  // namespace fathom::api
