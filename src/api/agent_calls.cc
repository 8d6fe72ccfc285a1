#include "api/agent_calls.h"

#include <algorithm>

namespace fathom::api {

AgentCalls::AgentCalls(TaskQueue& queue, std::shared_ptr<const AgentTools> tools,
                       std::vector<chat::ToolCall> calls, std::function<void()> on_result)
    : queue_(queue),
      tools_(std::move(tools)),
      calls_(std::move(calls)),
      on_result_(std::move(on_result)) {}

void AgentCalls::Start() {
  for (size_t i = 0; i < std::min(calls_.size(), kCallsAtOnce); ++i) PostNext();
}

void AgentCalls::PostNext() {
  size_t call = 0;
  {
    const std::lock_guard lock(mutex_);
    if (next_ == calls_.size() || stop_.stop_requested()) return;
    call = next_++;
  }
  queue_.Post([self = shared_from_this(), call] { self->Run(call); });
}

void AgentCalls::Run(size_t call) {
  ToolRun run = RunTool(tools_->box, calls_[call], stop_.get_token());
  {
    const std::lock_guard lock(mutex_);
    ended_.emplace_back(call, std::move(run));
  }
  PostNext();
  on_result_();
}

std::vector<std::pair<size_t, ToolRun>> AgentCalls::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_, {});
}

}  // namespace fathom::api
