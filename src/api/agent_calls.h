// The calls of one answer while they run at the server: on the threads that are there for tools, a
// few at a time, so that neither a slow tool nor an answer with a hundred calls keeps others from
// theirs. Whoever waits is woken when a result is there, and takes it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include "agent/tool_run.h"
#include "api/agent_tools.h"
#include "chat/conversation.h"
#include "parallel/task_queue.h"

namespace fathom::api {

// Any thread. Keeps itself until every task it posted has ended; a tool that does not look at its
// stop token may go on after Stop, and nobody waits for it but the queue's owner.
class AgentCalls : public std::enable_shared_from_this<AgentCalls> {
 public:
  // `on_result` is called on a thread of the queue; it must be quick. The queue outlives the calls.
  AgentCalls(TaskQueue& queue, std::shared_ptr<const AgentTools> tools,
             std::vector<chat::ToolCall> calls, std::function<void()> on_result);

  void Start();  // once, by a shared owner

  // The results since the last Take, with the index of their call; in any order.
  std::vector<std::pair<size_t, ToolRun>> Take();

  // Tells the tools to stop; calls that have not begun are not run.
  void Stop() { stop_.request_stop(); }

 private:
  void PostNext();
  void Run(size_t call);

  TaskQueue& queue_;
  const std::shared_ptr<const AgentTools> tools_;
  const std::vector<chat::ToolCall> calls_;
  const std::function<void()> on_result_;
  std::stop_source stop_;
  std::mutex mutex_;
  size_t next_ = 0;                                // guarded
  std::vector<std::pair<size_t, ToolRun>> ended_;  // guarded
};

}  // namespace fathom::api
