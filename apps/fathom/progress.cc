#include "progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/number_text.h"

namespace fathom {
namespace {

constexpr double kTerminalSeconds = 0.1, kLogSeconds = 10;
constexpr int kLogColumns = 100;

int TerminalColumns() {
  struct winsize size = {};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<int64_t>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string ProgressText(const std::string& what, int64_t done_bytes, int64_t total_bytes,
                         double seconds, int columns) {
  const double part =
      total_bytes > 0 ? static_cast<double>(done_bytes) / static_cast<double>(total_bytes) : 1;
  std::string figures = fmt::format("{:3.0f} %  {} of {}", std::floor(part * 100),
                                    FormatBytes(done_bytes), FormatBytes(total_bytes));
  // An estimate from the first instant would only flicker.
  if (done_bytes > 0 && seconds >= 1) {
    const double rate = static_cast<double>(done_bytes) / seconds;
    figures += fmt::format("  {}/s  {} left", FormatBytes(static_cast<int64_t>(rate)),
                           FormatDuration(static_cast<double>(total_bytes - done_bytes) / rate));
  }
  constexpr int kShortestBar = 8, kLongestBar = 30, kFrame = 5;  // " [", "]  "
  const int room = columns - static_cast<int>(what.size() + figures.size()) - kFrame;
  std::string text = what;
  if (room >= kShortestBar) {
    const int length = std::min(room, kLongestBar);
    const int filled = std::clamp(static_cast<int>(part * length), 0, length);
    text += fmt::format(" [{:<{}}]", std::string(static_cast<size_t>(filled), '#'), length);
  }
  text += "  " + figures;
  return text.substr(0, static_cast<size_t>(std::max(columns, 0)));
}

Progress::Progress(std::string what, int64_t total_bytes)
    : what_(std::move(what)), total_bytes_(total_bytes), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_ && terminal_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::Update(int64_t done_bytes) {
  if (since_drawn_.seconds() < (terminal_ ? kTerminalSeconds : kLogSeconds)) return;
  const int columns = terminal_ ? TerminalColumns() - 1 : kLogColumns;
  const std::string text =
      ProgressText(what_, done_bytes, total_bytes_, since_start_.seconds(), columns);
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", text);
  } else {
    fmt::print(stderr, "{}\n", text);
  }
  std::fflush(stderr);
  since_drawn_.Restart();
  drawn_ = true;
}

}  // namespace fathom
