#include "engine/engine_thread.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fathom {

EngineThread::EngineThread(std::unique_ptr<Engine> engine, EngineThreadOptions options)
    : engine_(std::move(engine)), options_(std::move(options)), stats_(engine_->Stats()) {
  FATHOM_CHECK(options_.max_waiting >= 1, "{} requests may wait", options_.max_waiting);
  thread_ = std::thread([this] { Run(); });
}

void EngineThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<std::shared_ptr<TokenStream>> EngineThread::Submit(GenerateRequest request,
                                                          std::function<void()> on_ready) {
  FATHOM_RETURN_IF_ERROR(engine_->Check(request));
  std::shared_ptr<TokenStream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return Cancelled("the engine has stopped");
    const int64_t waiting = stats_.waiting + static_cast<int64_t>(inbox_.size());
    if (waiting >= options_.max_waiting) {
      return ResourceExhausted("{} requests wait already, at most {} may", waiting,
                               options_.max_waiting);
    }
    stream = std::make_shared<TokenStream>(engine_->NewId(), std::move(on_ready));
    inbox_.push_back({stream, std::move(request), engine_->options().clock()});
  }
  wake_.notify_one();
  return stream;
}

void EngineThread::Cancel(RequestId id) {
  {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(id);
  }
  wake_.notify_one();
}

EngineStats EngineThread::Stats() const {
  const std::lock_guard lock(mutex_);
  EngineStats stats = stats_;
  stats.waiting += static_cast<int64_t>(inbox_.size());
  stats.now = engine_->options().clock();
  if (!inbox_.empty() && !stats.oldest_waiting_since) {
    stats.oldest_waiting_since = inbox_.front().arrived;
  }
  return stats;
}

void EngineThread::Run() {
  std::vector<TokenEvent> events;
  for (bool more = false; TakeOrders(more);) {
    events.clear();
    more = engine_->Step(&events);
    PublishStats();  // first, so that who has read an event finds it counted
    Deliver(std::move(events));
  }
  EndAll();
}

// Sleeps until there is something to do, and hands it to the engine; false at the end.
bool EngineThread::TakeOrders(bool more) {
  std::vector<Arrival> arrivals;
  std::vector<RequestId> cancelled;
  {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return more || stop_ || !inbox_.empty() || !cancelled_.empty(); });
    if (stop_) return false;
    arrivals.swap(inbox_);
    cancelled.swap(cancelled_);
    stats_.waiting += static_cast<int64_t>(arrivals.size());
    if (!arrivals.empty() && !stats_.oldest_waiting_since) {
      stats_.oldest_waiting_since = arrivals.front().arrived;
    }
    stats_.step_began = engine_->options().clock();
  }
  for (Arrival& arrival : arrivals) {
    const RequestId id = arrival.stream->id();
    streams_.emplace(id, std::move(arrival.stream));
    engine_->Enqueue(id, std::move(arrival.request), arrival.arrived);
  }
  for (const RequestId id : cancelled) engine_->Cancel(id);
  return true;
}

void EngineThread::PublishStats() {
  EngineStats stats = engine_->Stats();
  if (options_.counters) {
    const WorkCounters work = options_.counters();
    stats.attention = {.rows = work.sparse_rows + work.dense_rows,
                       .sparse_rows = work.sparse_rows,
                       .keys_read = work.latent_rows_read,
                       .keys_present = work.latent_rows_held,
                       .index_keys_read = work.index_keys_read};
  }
  const std::lock_guard lock(mutex_);
  stats_ = stats;
}

void EngineThread::Deliver(std::vector<TokenEvent> events) {
  for (TokenEvent& event : events) {
    const auto found = streams_.find(event.request);
    FATHOM_CHECK(found != streams_.end(), "an event of request {}", event.request);
    const std::shared_ptr<TokenStream> stream = found->second;
    if (event.finish) streams_.erase(found);
    stream->Push(std::move(event));
  }
}

void EngineThread::EndAll() {
  std::vector<Arrival> unseen;
  {
    const std::lock_guard lock(mutex_);
    unseen.swap(inbox_);
  }
  for (const auto& [id, stream] : streams_) engine_->Cancel(id);
  std::vector<TokenEvent> events;
  const bool more = engine_->Step(&events);
  FATHOM_CHECK(!more, "a step after the end");
  PublishStats();
  for (const Arrival& arrival : unseen) {
    TokenEvent event;
    event.request = arrival.stream->id();
    event.finish = FinishReason::kCancelled;
    streams_.emplace(event.request, arrival.stream);
    events.push_back(std::move(event));
  }
  Deliver(std::move(events));
  FATHOM_CHECK(streams_.empty(), "{} streams without an end", streams_.size());
}

}  // namespace fathom
