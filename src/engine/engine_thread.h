// The engine on a thread of its own: requests come in from any thread, tokens go out by streams.
//
// Orders (requests, cancellations) lie in an inbox until the engine thread takes them between two
// steps, so nobody waits for a step but the request itself. The thread sleeps while there is
// nothing to do. It publishes a copy of the engine's counters after each step, for whoever asks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "backend/backend.h"
#include "base/status.h"
#include "engine/engine.h"
#include "engine/metrics.h"
#include "engine/request.h"
#include "engine/token_stream.h"

namespace fathom {

struct EngineThreadOptions {
  int64_t max_waiting = 1024;  // requests that may wait; at least 1
  // The backend's counters, asked on the engine thread after every step; may be empty.
  std::function<WorkCounters()> counters = nullptr;
};

// Threads: any, but for the destructor, which no other call may overlap.
class EngineThread {
 public:
  EngineThread(std::unique_ptr<Engine> engine, EngineThreadOptions options);  // starts
  ~EngineThread() { Stop(); }
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  // Queues a request. `on_ready` is called on the engine thread whenever the stream goes from empty
  // to not empty; it must be quick and must not call back into the EngineThread. Errors: those of
  // Engine::Check, kResourceExhausted when max_waiting requests wait already, and kCancelled after
  // Stop.
  Result<std::shared_ptr<TokenStream>> Submit(GenerateRequest request,
                                              std::function<void()> on_ready);

  // The request ends with kCancelled, which costs at most the step that is running. Unknown ids
  // (already finished) are ignored.
  void Cancel(RequestId id);

  // Every stream that has not ended gets an event with kCancelled, and the thread ends; what is
  // submitted later is refused with kCancelled. The owner's to call, and he may again.
  void Stop();

  // As of the last step's end, with the requests that have come since.
  EngineStats Stats() const;

  int64_t context() const { return engine_->context(); }
  int64_t vocab_size() const { return engine_->vocab_size(); }
  const std::vector<int32_t>& eos_ids() const { return engine_->options().eos_ids; }

  // How long a request that came now would wait, in seconds: what metrics.h makes of Stats().
  double EstimatedWait() const { return fathom::EstimatedWait(Stats()); }

 private:
  struct Arrival {
    std::shared_ptr<TokenStream> stream;
    GenerateRequest request;
    double arrived;
  };

  void Run();
  bool TakeOrders(bool more);
  void PublishStats();
  void Deliver(std::vector<TokenEvent> events);
  void EndAll();

  const std::unique_ptr<Engine> engine_;  // the engine thread's, but for what any thread may call
  const EngineThreadOptions options_;
  std::unordered_map<RequestId, std::shared_ptr<TokenStream>> streams_;  // the engine thread's

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded:
  std::vector<Arrival> inbox_;
  std::vector<RequestId> cancelled_;
  EngineStats stats_;
  bool stop_ = false;

  std::thread thread_;  // last, so that it finds the rest complete
};

}  // namespace fathom
