// Calls of the model → results, whatever happens: the arguments are read, the tool is run, and a
// failure is a result too, which the model reads and may act on.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/toolbox.h"
#include "chat/conversation.h"

namespace fathom {

// Of one answer. A model that asks for a hundred pages gets them all, but not at once.
inline constexpr size_t kCallsAtOnce = 4;

struct ToolRun {
  chat::ToolCall call;
  std::string result;
  bool failed = false;
  double seconds = 0;  // that the call took
};

// {"error": "…"}: the form that tool APIs mostly use, and that the bundled model was trained on.
std::string FailedResult(std::string_view message);

// The result of a call that was never run, or did not end before everything was stopped.
std::string StoppedResult();

// One call, on the caller's thread. One that is stopped before it begins is not run.
ToolRun RunTool(const Toolbox& tools, const chat::ToolCall& call, const std::stop_token& stop = {});

struct CallWatch {
  std::function<void(size_t call, const ToolRun&)> on_run;  // in the order of the calls; may be
                                                            // empty
  std::function<bool()> stopped;  // asked now and then; true stops the calls; may be empty
};

// The calls of one answer at once, at most kCallsAtOnce at a time, each on a thread of its own. The
// watch is called on the caller's thread. Returns when all have ended: a tool that does not look at
// its stop token is waited for.
std::vector<ToolRun> RunTools(const Toolbox& tools, std::span<const chat::ToolCall> calls,
                              const CallWatch& watch);

}  // namespace fathom
