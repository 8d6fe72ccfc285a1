// Threads that take no signals: those are for the threads that wait for them, such as the one that
// reads what a person types.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace fathom::mcp {

template <typename Function>
std::jthread StartQuietThread(Function&& run) {
  sigset_t all, before;
  sigfillset(&all);
  // Of a thread that does wrong itself, the signal must arrive.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
    sigdelset(&all, signal);
  }
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::jthread thread(std::forward<Function>(run));  // inherits the mask
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace fathom::mcp
