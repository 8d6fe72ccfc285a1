#include "interrupt.h"

#include <signal.h>

#include <array>
#include <atomic>

namespace fathom {
namespace {

constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};
std::atomic<bool> interrupted_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void OnInterrupt(int) { interrupted_flag.store(true); }

}  // namespace

InterruptScope::InterruptScope(Reads reads) : reads_(reads) { Install(); }

void InterruptScope::Clear() { Install(); }

void InterruptScope::Install() {
  interrupted_flag.store(false);
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  if (reads_ == Reads::kRestarted) action.sa_flags |= SA_RESTART;
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

InterruptScope::~InterruptScope() {
  for (const int signal : kSignals) ::signal(signal, SIG_DFL);
}

bool InterruptScope::interrupted() const { return interrupted_flag.load(); }

Status InterruptScope::Check() const { return interrupted() ? Cancelled("interrupted") : Status(); }

}  // namespace fathom
