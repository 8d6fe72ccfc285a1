#include "mcp/stdio_transport.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "base/utf8.h"
#include "mcp/child_process.h"
#include "mcp/line_reader.h"
#include "mcp/message.h"
#include "mcp/quiet_thread.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr size_t kReadBytes = 64 << 10;
constexpr int kLastReads = 16;  // of the log of a server that has ended
// Of the log: longer lines are cut, and of more lines only the number is told.
constexpr size_t kMaxLogBytes = 500;
constexpr int kMaxLogLines = 200;  // in ten seconds

// Lines for people, no more than they can read.
class LogLines {
 public:
  explicit LogLines(const std::function<void(std::string_view)>& log) : log_(log) {}

  void Add(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n') {
        EndLine();
      } else if (line_.size() < kMaxLogBytes) {
        line_ += c;
      }
    }
  }
  void EndLine() {
    const std::string line = ReplaceInvalidUtf8(std::exchange(line_, {}));
    if (line.find_first_not_of(" \t\r") == line.npos) return;
    last_ = line;
    if (Clock::now() - begin_ > std::chrono::seconds(10)) {
      if (count_ > kMaxLogLines) log_(fmt::format("({} lines left out)", count_ - kMaxLogLines));
      begin_ = Clock::now();
      count_ = 0;
    }
    if (++count_ <= kMaxLogLines) log_(line);
  }
  const std::string& last() const { return last_; }

 private:
  const std::function<void(std::string_view)>& log_;
  std::string line_, last_;
  int count_ = 0;
  Clock::time_point begin_ = Clock::now();
};

class StdioTransport : public Transport {
 public:
  StdioTransport(StdioConfig config, StdioLimits limits)
      : config_(std::move(config)),
        limits_(limits),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        lines_(limits.line_bytes) {}

  ~StdioTransport() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    Wake();
  }  // thread_ is the last member: it is joined first

  Status Open(Receiver receiver, const Patience& patience) override {
    if (!wake_.valid()) return Internal("eventfd: out of files");
    receiver_ = std::move(receiver);
    thread_ = StartQuietThread([this] { Run(); });
    // exec takes a moment at most.
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return started_.has_value(); });
    FATHOM_RETURN_IF_ERROR(*started_);
    return patience.Check();
  }

  Status Send(const std::string& text, const std::function<bool()>&, const Patience&) override {
    {
      const std::lock_guard lock(mutex_);
      if (!closed_.ok()) return closed_;
      if (queue_.size() + text.size() + 1 > limits_.queue_bytes) {
        return ResourceExhausted("the server has not read {} bytes that were sent to it",
                                 queue_.size());
      }
      queue_ += text;
      queue_ += '\n';
    }
    Wake();
    return {};
  }

 private:
  void Wake() const { ::eventfd_write(wake_.get(), 1); }

  // The thread.
  void Run() {
    Result<ChildProcess> child = ChildProcess::Start(config_);
    {
      const std::lock_guard lock(mutex_);
      started_ = child.status();
      if (!child.ok()) closed_ = child.status();
    }
    changed_.notify_all();
    if (!child.ok()) return;
    const std::optional<Status> why = Serve(*child);
    if (why) Close(*why);
    child->End(limits_.end);
  }

  // Until the server ends, which is told, or this does.
  std::optional<Status> Serve(ChildProcess& child) {
    bool log_open = true;
    std::string writing;  // taken from the queue
    size_t written = 0;
    while (true) {
      if (written == writing.size()) {
        const std::lock_guard lock(mutex_);
        if (ending_) return std::nullopt;
        writing = std::exchange(queue_, {});
        written = 0;
      }
      std::array<pollfd, 4> waiting = {{
          {.fd = child.output(), .events = POLLIN, .revents = 0},
          {.fd = log_open ? child.errors() : -1, .events = POLLIN, .revents = 0},
          {.fd = written < writing.size() ? child.input() : -1, .events = POLLOUT, .revents = 0},
          {.fd = wake_.get(), .events = POLLIN, .revents = 0},
      }};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
        return Internal("poll: {}", std::generic_category().message(errno));
      }
      if (waiting[3].revents != 0) {
        eventfd_t ignored;
        ::eventfd_read(wake_.get(), &ignored);
        const std::lock_guard lock(mutex_);
        if (ending_) return std::nullopt;
      }
      if (waiting[1].revents != 0) log_open = ReadLog(child) != Read::kEnd;
      if (waiting[0].revents != 0) {
        if (const Status read = ReadOutput(child); !read.ok()) return read;
        if (ended_) return EndOf(child);
      }
      if (waiting[2].revents != 0) {
        const ssize_t wrote =
            ::write(child.input(), writing.data() + written, writing.size() - written);
        if (wrote > 0) written += static_cast<size_t>(wrote);
        if (wrote < 0 && errno != EAGAIN && errno != EINTR) return EndOf(child);
      }
    }
  }

  Status ReadOutput(const ChildProcess& child) {
    const ssize_t got = ::read(child.output(), buffer_.data(), buffer_.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    ended_ = got <= 0;
    if (ended_) return {};
    return lines_.Add({buffer_.data(), static_cast<size_t>(got)}, [this](std::string_view line) {
      const size_t begin = line.find_first_not_of(" \t");
      if (begin == line.npos) return;
      if (line[begin] == '{' || line[begin] == '[') {
        receiver_.on_message(line);
      } else {
        log_.Add(line);
        log_.EndLine();
      }
    });
  }

  enum class Read { kSome, kNothingNow, kEnd };

  Read ReadLog(const ChildProcess& child) {
    const ssize_t got = ::read(child.errors(), buffer_.data(), buffer_.size());
    if (got > 0) log_.Add({buffer_.data(), static_cast<size_t>(got)});
    if (got > 0) return Read::kSome;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? Read::kNothingNow : Read::kEnd;
  }

  // How the server ended; its last words often say why.
  Status EndOf(ChildProcess& child) {
    const std::optional<std::string> end = child.WaitForEnd(milliseconds(500));
    for (int i = 0; i < kLastReads && ReadLog(child) == Read::kSome; ++i) {
    }
    log_.EndLine();
    std::string text = end ? fmt::format("the server ended with {}", *end)
                           : std::string("the server closed its output");
    if (!log_.last().empty()) text += ": " + log_.last();
    return DataLoss("{}", text);
  }
  void Close(const Status& why) {
    {
      const std::lock_guard lock(mutex_);
      closed_ = why;
    }
    receiver_.on_closed(why);
  }

  const StdioConfig config_;
  const StdioLimits limits_;
  const FileDescriptor wake_;
  Receiver receiver_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Status> started_;
  bool ending_ = false;
  Status closed_;
  std::string queue_;

  // Of the thread alone.
  LogLines log_{receiver_.on_log};
  LineReader lines_;
  bool ended_ = false;
  std::array<char, kReadBytes> buffer_;

  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Transport> MakeStdioTransport(StdioConfig config, StdioLimits limits) {
  return std::make_unique<StdioTransport>(std::move(config), limits);
}

}  // namespace fathom::mcp
