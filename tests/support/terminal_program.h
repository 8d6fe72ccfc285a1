// A program on a terminal of its own (a pty), driven as a person would: keys in, screen bytes out.
#pragma once

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

namespace fathom::test {

class TerminalProgram {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  // args[0] is the program; `variables` are set for it.
  TerminalProgram(const std::vector<std::string>& args, const Variables& variables) {
    std::vector<char*> argv;
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    struct winsize size = {.ws_row = 40, .ws_col = 90, .ws_xpixel = 0, .ws_ypixel = 0};
    child_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    FATHOM_CHECK(child_ >= 0, "forkpty");
    if (child_ == 0) {
      for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }
  ~TerminalProgram() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(terminal_);
  }
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;

  void Type(std::string_view keys) const {
    while (!keys.empty()) {
      const ssize_t wrote = ::write(terminal_, keys.data(), keys.size());
      FATHOM_CHECK(wrote > 0, "the program no longer reads");
      keys.remove_prefix(static_cast<size_t>(wrote));
    }
  }

  void Resize(unsigned short rows, unsigned short columns) const {
    const struct winsize size = {.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    FATHOM_CHECK(::ioctl(terminal_, TIOCSWINSZ, &size) == 0, "TIOCSWINSZ");
  }

  // Everything since the last call up to and including `text`. When it doesn't come, what came
  // instead: the test then fails where it looks for `text`.
  std::string ReadUntil(std::string_view text) {
    while (out_.find(text) == std::string::npos && ReadMore()) {
    }
    const size_t found = out_.find(text);
    const size_t end = found == std::string::npos ? out_.size() : found + text.size();
    std::string read = out_.substr(0, end);
    out_.erase(0, end);
    return read;
  }

  // The exit code, -N when signal N ended it. What was left to read stands in `rest`.
  int Wait(std::string* rest) {
    while (ReadMore()) {
    }
    *rest = std::exchange(out_, "");
    int status = 0;
    FATHOM_CHECK(::waitpid(child_, &status, 0) == child_, "waitpid");
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  // False at the end, or when nothing came for a minute.
  bool ReadMore() {
    struct pollfd readable = {.fd = terminal_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 60'000) <= 0) return false;
    char bytes[4096];
    const ssize_t got = ::read(terminal_, bytes, sizeof(bytes));
    if (got <= 0) return false;
    out_.append(bytes, static_cast<size_t>(got));
    return true;
  }

  int terminal_ = -1;
  pid_t child_ = -1;
  std::string out_;
};

}  // namespace fathom::test
