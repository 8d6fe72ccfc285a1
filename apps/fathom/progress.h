// A progress bar on standard error for long work over many bytes.
//
// On a terminal it is one line that redraws itself, at most ten times a second, and is gone at the
// end; otherwise (a log file) a plain line every ten seconds, none for short work.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace fathom {

class Progress {
 public:
  // `what` is done, as in "checking".
  Progress(std::string what, int64_t total_bytes);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update(int64_t done_bytes);

 private:
  std::string what_;
  int64_t total_bytes_;
  bool terminal_;
  bool drawn_ = false;
  Stopwatch since_start_, since_drawn_;
};

// "checking [######    ]  60 %  1.2 GB of 2.0 GB  0.4 GB/s  2 s left", at most `columns` wide; the
// bar is left out where it does not fit.
std::string ProgressText(const std::string& what, int64_t done_bytes, int64_t total_bytes,
                         double seconds, int columns);

// "12 s", "5 min 12 s", "2 h 5 min".
std::string FormatDuration(double seconds);

}  // namespace fathom
