// Carries the events of one request from the engine thread to one reader.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "engine/request.h"

namespace fathom {

// Threads: the engine's pushes; any other takes, one at a time. It never blocks the engine: a slow
// reader's events pile up here, at most as many as the request has tokens.
class TokenStream {
 public:
  TokenStream(RequestId id, std::function<void()> on_ready);

  // Everything since the last Take, in order; may be nothing. The last event of all carries the
  // finish.
  std::vector<TokenEvent> Take();

  RequestId id() const { return id_; }

 private:
  friend class EngineThread;
  void Push(TokenEvent event);

  const RequestId id_;
  std::function<void()> on_ready_;  // the engine thread's, gone after the last event
  std::mutex mutex_;
  std::vector<TokenEvent> events_;  // guarded
};

}  // namespace fathom
