// Work measured: what a thread did, however long it took on a busy machine.
#pragma once

#include <time.h>

namespace fathom {

// The processor time that the calling thread, which made the watch too, has had since then. Asking
// is a system call, about 0.3 µs.
class ProcessorWatch {
 public:
  double seconds() const { return Now() - start_; }

 private:
  static double Now() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }

  double start_ = Now();
};

}  // namespace fathom
