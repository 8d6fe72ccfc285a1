// Runs the built program as a user would: arguments in, exit code and both outputs back.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "support/temp_dir.h"

namespace fathom::test {

struct ProgramResult {
  int exit_code = 0;  // -N when signal N ended it
  std::string out, err;
};

// A started program; its outputs go to files, so that nothing blocks.
class Program {
 public:
  // args[0] is the program; `input` is what it finds on standard input.
  explicit Program(const std::vector<std::string>& args, std::string_view input = "") {
    dir_.Write("in", input);
    std::vector<char*> argv;
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    child_ = ::fork();
    FATHOM_CHECK(child_ >= 0, "fork");
    if (child_ == 0) {
      Redirect("in", O_RDONLY, STDIN_FILENO);
      Redirect("out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
      Redirect("err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }
  ~Program() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Signal(int signal) const { FATHOM_CHECK(::kill(child_, signal) == 0, "kill {}", signal); }
  std::string OutSoFar() const { return Content("out"); }
  std::string ErrSoFar() const { return Content("err"); }

  ProgramResult Wait() {
    int status = 0;
    FATHOM_CHECK(::waitpid(child_, &status, 0) == child_, "waitpid");
    child_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), Content("out"),
            Content("err")};
  }

 private:
  void Redirect(const char* name, int flags, int descriptor) const {
    const int file = ::open(dir_.File(name).c_str(), flags, 0600);
    if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(126);
  }
  std::string Content(const char* name) const {
    std::ifstream file(dir_.File(name), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TempDir dir_;
  pid_t child_ = -1;
};

// The fathom program with `args`, run to its end.
inline ProgramResult RunFathom(std::vector<std::string> args, std::string_view input = "") {
  args.insert(args.begin(), FATHOM_PROGRAM);
  return Program(args, input).Wait();
}

}  // namespace fathom::test
