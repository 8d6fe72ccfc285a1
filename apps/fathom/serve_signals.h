// The signals a server lives with: SIGTERM and SIGINT end it, SIGHUP has it read its keys again.
//
// They are blocked everywhere and taken by one thread that does nothing else: none is lost while
// the model is read, and none interrupts or kills a thread that happens to run. The first that ends
// the server is a question to be asked (Check, Wait); a second one ends the program at once, as if
// nobody had taken it.
#pragma once

#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/status.h"

namespace fathom {

// One at a time, made before any other thread of the program, so that they all block the signals.
// Threads: its maker's.
class ServeSignals {
 public:
  ServeSignals();
  ~ServeSignals();
  ServeSignals(const ServeSignals&) = delete;
  ServeSignals& operator=(const ServeSignals&) = delete;

  // kCancelled "interrupted" once the server is to end.
  Status Check() const;

  enum class Event { kReload, kStop };
  // Sleeps until there is one; reloads that came together are one. After kStop only kStop comes.
  Event Wait();

 private:
  void Take();

  sigset_t taken_, before_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded:
  bool stop_ = false, reload_ = false, done_ = false;

  std::thread thread_;  // last, so that it finds the rest complete
};

}  // namespace fathom
