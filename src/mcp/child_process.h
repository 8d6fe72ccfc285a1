// A program started without a shell, with pipes to its standard input, output and errors.
//
// It leads a process group of its own: Ctrl-C at the terminal is not meant for it, and when it
// ends, what it has started ends with it. It also ends with the thread that started it, however
// that ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/file_descriptor.h"
#include "base/status.h"
#include "mcp/config.h"

namespace fathom::mcp {

class ChildProcess {
 public:
  // Its environment is PATH, HOME, LANG, TERM, TMPDIR and USER of this program, and what `config`
  // sets. Errors: a command that is not found or can't be run, a folder that isn't there. The
  // caller's thread must live as long as the child is to.
  static Result<ChildProcess> Start(const StdioConfig& config);

  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();  // ends the group at once

  // The ends here; never blocking.
  int input() const { return input_.get(); }
  int output() const { return output_.get(); }
  int errors() const { return errors_.get(); }
  pid_t pid() const { return pid_; }

  void CloseInput() { input_ = FileDescriptor(); }

  // Whether it has ended, waiting so long for it; "exit code 1", "signal 9".
  std::optional<std::string> WaitForEnd(std::chrono::milliseconds patience);

  // Closes its input, which asks it to end; after `patience` ends the group by SIGTERM, and after
  // as much again by SIGKILL.
  void End(std::chrono::milliseconds patience);

 private:
  void SignalGroup(int signal) const;

  pid_t pid_ = -1;  // -1: none, or it has been waited for
  pid_t group_ = -1;
  std::optional<std::string> end_;
  FileDescriptor input_, output_, errors_;
};

}  // namespace fathom::mcp
