#include "engine/token_stream.h"

#include <utility>

namespace fathom {

TokenStream::TokenStream(RequestId id, std::function<void()> on_ready)
    : id_(id), on_ready_(std::move(on_ready)) {}

std::vector<TokenEvent> TokenStream::Take() {
  std::vector<TokenEvent> taken;
  const std::lock_guard lock(mutex_);
  taken.swap(events_);
  return taken;
}

void TokenStream::Push(TokenEvent event) {
  const bool last = event.finish.has_value();
  bool was_empty;
  {
    const std::lock_guard lock(mutex_);
    was_empty = events_.empty();
    events_.push_back(std::move(event));
  }
  if (was_empty && on_ready_) on_ready_();
  if (last) on_ready_ = nullptr;  // and what it holds on to
}

}  // namespace fathom
