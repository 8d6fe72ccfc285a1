#include "agent/tool_run.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom {
namespace {

// How soon somebody who stops the calls is heard.
constexpr std::chrono::milliseconds kPause(20);

Result<std::string> Run(const Toolbox& tools, const chat::ToolCall& call,
                        const std::stop_token& stop) {
  Result<json::Value> arguments = json::Parse(call.arguments);
  if (!arguments.ok()) return arguments.status().At("arguments");
  return tools.Call(call.name, *arguments, stop);
}

// The calls of one answer, which a few threads take one after the other.
class Calls {
 public:
  Calls(const Toolbox& tools, std::span<const chat::ToolCall> calls)
      : tools_(tools), calls_(calls), runs_(calls.size()) {}

  void Work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (next_ < calls_.size()) {
      const size_t call = next_++;
      lock.unlock();
      ToolRun run = RunTool(tools_, calls_[call], stop);
      lock.lock();
      runs_[call] = std::move(run);
      changed_.notify_one();
    }
  }

  // Waits a moment for the run of `call`; nothing when it has not ended by then.
  std::optional<ToolRun> Await(size_t call) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPause, [&] { return runs_[call].has_value(); });
    return runs_[call];
  }

 private:
  const Toolbox& tools_;
  const std::span<const chat::ToolCall> calls_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t next_ = 0;                           // guarded
  std::vector<std::optional<ToolRun>> runs_;  // guarded
};

}  // namespace

std::string FailedResult(std::string_view message) {
  return json::Dump(json::Object{{"error", message}}, json::Style::kPython);
}

std::string StoppedResult() { return FailedResult("stopped"); }

ToolRun RunTool(const Toolbox& tools, const chat::ToolCall& call, const std::stop_token& stop) {
  if (stop.stop_requested()) return {call, StoppedResult(), true};
  const Stopwatch watch;
  Result<std::string> result = Run(tools, call, stop);
  ToolRun run{call, "", !result.ok(), watch.seconds()};
  if (result.ok()) {
    run.result = std::move(result).value();
  } else if (result.status().code() == Code::kCancelled && stop.stop_requested()) {
    run.result = StoppedResult();
  } else {
    run.result = FailedResult(result.status().message());
  }
  return run;
}

std::vector<ToolRun> RunTools(const Toolbox& tools, std::span<const chat::ToolCall> calls,
                              const CallWatch& watch) {
  Calls work(tools, calls);
  std::stop_source stop;
  std::vector<std::jthread> threads;  // joined when this returns
  for (size_t i = 0; i < std::min(calls.size(), kCallsAtOnce); ++i) {
    threads.emplace_back([&work, token = stop.get_token()] { work.Work(token); });
  }
  std::vector<ToolRun> runs;
  while (runs.size() < calls.size()) {
    if (watch.stopped && watch.stopped()) stop.request_stop();
    std::optional<ToolRun> run = work.Await(runs.size());
    if (!run) continue;
    runs.push_back(*std::move(run));
    if (watch.on_run) watch.on_run(runs.size() - 1, runs.back());
  }
  return runs;
}

}  // namespace fathom
