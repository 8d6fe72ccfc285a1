#include "mcp/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;

// What a program needs to find others and to print; anything else may be a secret of ours.
constexpr std::array<const char*, 6> kPassedOn = {"PATH", "HOME", "LANG", "TERM", "TMPDIR", "USER"};

std::string ErrorText(int error) { return std::generic_category().message(error); }

std::vector<std::string> EnvironmentOf(const StdioConfig& config) {
  std::vector<std::string> environment;
  for (const char* name : kPassedOn) {
    const auto is_set = [&](const auto& variable) { return variable.first == name; };
    const char* value = std::getenv(name);
    if (value != nullptr && std::ranges::none_of(config.env, is_set)) {
      environment.push_back(fmt::format("{}={}", name, value));
    }
  }
  for (const auto& [name, value] : config.env) environment.push_back(name + "=" + value);
  return environment;
}

std::string PathOf(const std::vector<std::string>& environment) {
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) return variable.substr(5);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

bool CanRun(const std::string& path, const std::string& folder) {
  const std::string whole = path.starts_with('/') || folder.empty() ? path : folder + "/" + path;
  struct stat info = {};
  return ::stat(whole.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(whole.c_str(), X_OK) == 0;
}

// Where execve finds the command, started in config.cwd.
Result<std::string> FindProgram(const StdioConfig& config, const std::string& path) {
  if (config.command.find('/') != std::string::npos) {
    if (CanRun(config.command, config.cwd)) return config.command;
    return NotFound("{}: no program that can be run", config.command);
  }
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find(':', at), path.size());
    const std::string folder = path.substr(at, end - at);
    const std::string program = (folder.empty() ? "." : folder) + "/" + config.command;
    if (CanRun(program, config.cwd)) return program;
    at = end + 1;
  }
  return NotFound("{}: no program of this name in PATH", config.command);
}

struct Pipe {
  FileDescriptor read, write;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Internal("pipe: {}", ErrorText(errno));
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything the child needs, made before it exists: between fork and exec nothing may be
// allocated.
struct Launch {
  std::string program;
  std::vector<std::string> args, environment;
  std::vector<char*> arg_pointers, environment_pointers;
  const char* folder = nullptr;
  int input, output, errors, report;
  pid_t parent;
};

// In the child. Only calls that a signal handler may make. Reports errno, and which step failed.
[[noreturn]] void Become(const Launch& launch) {
  int report = launch.report;
  const auto fail = [&report](int step) {
    const int what[2] = {step, errno};
    [[maybe_unused]] const ssize_t told = ::write(report, what, sizeof(what));
    ::_exit(127);
  };
  if (::setpgid(0, 0) != 0) fail(0);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(0);
  if (::getppid() != launch.parent) ::_exit(127);  // it ended before that
  // exec keeps what is ignored and what is blocked.
  struct sigaction usual = {};
  usual.sa_handler = SIG_DFL;
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGQUIT}) {
    ::sigaction(signal, &usual, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // The pipes' ends may have the numbers 0 to 2 themselves, when this program was started without.
  const std::array<int, 3> ends = {launch.input, launch.output, launch.errors};
  std::array<int, 3> moved = {};
  for (size_t i = 0; i < 3; ++i) {
    moved[i] = ::fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
    if (moved[i] < 0) fail(0);
  }
  report = ::fcntl(launch.report, F_DUPFD_CLOEXEC, 3);
  for (int i = 0; i < 3; ++i) {
    if (::dup2(moved[static_cast<size_t>(i)], i) < 0) fail(0);
  }
  // Whatever libraries have open without the flag is not the child's business.
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    for (int fd = 3; fd < 4096; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  if (launch.folder != nullptr && ::chdir(launch.folder) != 0) fail(1);
  ::execve(launch.program.c_str(), launch.arg_pointers.data(), launch.environment_pointers.data());
  fail(2);
  ::_exit(127);
}

Status FailureOf(const StdioConfig& config, int step, int error) {
  switch (step) {
    case 1:
      return NotFound("cwd {}: {}", config.cwd, ErrorText(error));
    case 2:
      return NotFound("{}: {}", config.command, ErrorText(error));
    default:
      return Internal("{} could not be started: {}", config.command, ErrorText(error));
  }
}

void MakeNonBlocking(const FileDescriptor& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

Result<ChildProcess> ChildProcess::Start(const StdioConfig& config) {
  FATHOM_ASSIGN_OR_RETURN(Pipe input, MakePipe());
  FATHOM_ASSIGN_OR_RETURN(Pipe output, MakePipe());
  FATHOM_ASSIGN_OR_RETURN(Pipe errors, MakePipe());
  FATHOM_ASSIGN_OR_RETURN(Pipe report, MakePipe());
  Launch launch;
  launch.environment = EnvironmentOf(config);
  FATHOM_ASSIGN_OR_RETURN(launch.program, FindProgram(config, PathOf(launch.environment)));
  launch.args = config.args;
  launch.args.insert(launch.args.begin(), config.command);
  launch.arg_pointers = Pointers(launch.args);
  launch.environment_pointers = Pointers(launch.environment);
  if (!config.cwd.empty()) launch.folder = config.cwd.c_str();
  launch.input = input.read.get();
  launch.output = output.write.get();
  launch.errors = errors.write.get();
  launch.report = report.write.get();
  launch.parent = ::getpid();

  // No handler of ours may run in the child, which shares our memory until it is another program.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // fork would copy the page tables of a process that may hold a model of hundreds of gigabytes.
  const pid_t pid = ::vfork();
  if (pid == 0) Become(launch);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return Internal("{} could not be started: {}", config.command, ErrorText(error));

  ChildProcess child;
  child.pid_ = child.group_ = pid;
  report.write = FileDescriptor();
  int what[2] = {};
  ssize_t told;
  do {
    told = ::read(report.read.get(), what, sizeof(what));
  } while (told < 0 && errno == EINTR);
  if (told == sizeof(what)) return FailureOf(config, what[0], what[1]);
  child.input_ = std::move(input.write);
  child.output_ = std::move(output.read);
  child.errors_ = std::move(errors.read);
  for (const FileDescriptor* end : {&child.input_, &child.output_, &child.errors_}) {
    MakeNonBlocking(*end);
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      group_(std::exchange(other.group_, -1)),
      end_(std::move(other.end_)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(group_, other.group_);
  std::swap(end_, other.end_);
  std::swap(input_, other.input_);
  std::swap(output_, other.output_);
  std::swap(errors_, other.errors_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (group_ < 0) return;
  SignalGroup(SIGKILL);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

// The group outlives its leader while others are in it; its number is not given anew until then.
void ChildProcess::SignalGroup(int signal) const { ::kill(-group_, signal); }

std::optional<std::string> ChildProcess::WaitForEnd(milliseconds patience) {
  if (pid_ < 0) return end_;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      pid_ = -1;
      end_ = WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                               : fmt::format("signal {}", WTERMSIG(status));
      return end_;
    }
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

void ChildProcess::End(milliseconds patience) {
  CloseInput();
  if (group_ < 0) return;
  if (!WaitForEnd(patience)) {
    SignalGroup(SIGTERM);
    WaitForEnd(patience);
  }
  SignalGroup(SIGKILL);
  WaitForEnd(std::chrono::seconds(10));
}

}  // namespace fathom::mcp
