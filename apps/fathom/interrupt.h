// Ctrl-C as a question that long work asks, so that it can stop in order.
#pragma once

#include "base/status.h"

namespace fathom {

// While one exists, the first SIGINT or SIGTERM sets a flag; a second one ends the program at once,
// as without it. One at a time.
class InterruptScope {
 public:
  // What the signal does to a read that waits for input: it goes on, or returns with EINTR.
  enum class Reads { kRestarted, kInterrupted };
  explicit InterruptScope(Reads reads = Reads::kRestarted);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  bool interrupted() const;
  // kCancelled "interrupted" once it was.
  Status Check() const;
  // Forgets it: the next signal is a first one again.
  void Clear();

 private:
  void Install();

  Reads reads_;
};

}  // namespace fathom
