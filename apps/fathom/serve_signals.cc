#include "serve_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <utility>

namespace fathom {
namespace {

// Does what the signal does to a program that takes none.
void EndBy(int signal) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  ::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);  // a container's first process outlives what it takes no care of
}

}  // namespace

ServeSignals::ServeSignals() {
  sigemptyset(&taken_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&taken_, signal);
  pthread_sigmask(SIG_BLOCK, &taken_, &before_);
  ::signal(SIGPIPE, SIG_IGN);  // a reader of the access log may end before the server
  thread_ = std::thread([this] { Take(); });
}

ServeSignals::~ServeSignals() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGHUP);  // wakes it
  thread_.join();
  // What came last and was not taken would end the program as soon as it may.
  const timespec now = {};
  while (sigtimedwait(&taken_, nullptr, &now) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void ServeSignals::Take() {
  while (true) {
    int signal = 0;
    sigwait(&taken_, &signal);
    const std::lock_guard lock(mutex_);
    if (done_) return;
    if (signal == SIGHUP) {
      reload_ = true;
    } else if (std::exchange(stop_, true)) {
      EndBy(signal);
    }
    changed_.notify_one();
  }
}

Status ServeSignals::Check() const {
  const std::lock_guard lock(mutex_);
  return stop_ ? Cancelled("interrupted") : Status();
}

ServeSignals::Event ServeSignals::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stop_ || reload_; });
  if (stop_) return Event::kStop;
  reload_ = false;
  return Event::kReload;
}

}  // namespace fathom
