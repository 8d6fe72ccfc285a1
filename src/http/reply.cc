#include "http/reply.h"

#include <utility>

#include "base/check.h"

namespace fathom::http {

Reply::Reply(size_t queue_bytes, std::function<void()> wake)
    : queue_bytes_(queue_bytes), wake_(std::move(wake)) {}

void Reply::Wake() {
  if (woken_ || !wake_) return;
  woken_ = true;
  wake_();
}

void Reply::Send(Response response) {
  const std::lock_guard lock(mutex_);
  FATHOM_CHECK(!answered_, "an exchange is answered once");
  answered_ = true;
  next_.head = std::move(response);
  next_.finished = true;
  ended_ = true;
  Wake();
}

void Reply::Start(Response head) {
  const std::lock_guard lock(mutex_);
  FATHOM_CHECK(!answered_, "an exchange is answered once");
  answered_ = true;
  next_.head = std::move(head);
  next_.stream = true;
  Wake();
}

ResponseStream::Taken Reply::Write(std::string piece) {
  using Taken = ResponseStream::Taken;
  const std::lock_guard lock(mutex_);
  FATHOM_CHECK(!next_.finished || closed_, "a finished stream takes no more");
  if (closed_ || next_.cut) return Taken::kGone;
  const size_t waiting = writing_ + next_.bytes.size();
  // A piece larger than the whole queue may go alone.
  if (waiting > 0 && waiting + piece.size() > queue_bytes_) {
    next_.cut = next_.too_slow = true;
    next_.bytes.clear();
    woken_ =
        false;  // the I/O thread may be busy with a write, and this can't wait for its next Take
    Wake();
    return Taken::kFull;
  }
  if (next_.bytes.empty()) {
    next_.bytes = std::move(piece);
  } else {
    next_.bytes += piece;
  }
  Wake();
  return Taken::kYes;
}

void Reply::Finish() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  if (closed_ || next_.cut) return;
  next_.finished = true;
  Wake();
}

void Reply::Drop() {
  const std::lock_guard lock(mutex_);
  if (answered_) return;
  answered_ = ended_ = true;
  next_.unanswered = next_.finished = true;
  Wake();
}

void Reply::Cut() {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  ended_ = true;
  next_.cut = true;
  Wake();
}

void Reply::OnGone(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      on_gone_.swap(callback);
      return;
    }
    if (!gone_) return;
  }
  callback();
}

bool Reply::closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

Reply::Output Reply::Take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  writing_ = next_.bytes.size();
  Output output = std::move(next_);
  next_ = {};
  next_.stream = output.stream;
  next_.finished = output.finished;
  next_.cut = output.cut;
  next_.too_slow = output.too_slow;
  return output;
}

bool Reply::too_slow() {
  const std::lock_guard lock(mutex_);
  return next_.too_slow;
}

void Reply::Written() {
  const std::lock_guard lock(mutex_);
  writing_ = 0;
}

void Reply::Close(bool gone) {
  // Both may hold the last reference to anything: they die outside the lock.
  std::function<void()> on_gone, wake;
  bool call = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    gone_ = gone_ || gone;
    on_gone.swap(on_gone_);
    wake.swap(wake_);
    next_ = {};
    call = gone_ && on_gone;
  }
  if (call) on_gone();
}

namespace {

class ReplyStream : public ResponseStream {
 public:
  explicit ReplyStream(std::shared_ptr<Reply> reply) : reply_(std::move(reply)) {}
  ~ReplyStream() override { reply_->Cut(); }

  Taken Write(std::string piece) override { return reply_->Write(std::move(piece)); }
  void Finish() override { reply_->Finish(); }

 private:
  std::shared_ptr<Reply> reply_;
};

class ReplyExchange : public Exchange {
 public:
  ReplyExchange(Request request, std::shared_ptr<Reply> reply)
      : request_(std::move(request)), reply_(std::move(reply)) {}
  ~ReplyExchange() override { reply_->Drop(); }

  const Request& request() const override { return request_; }
  void Send(Response response) override { reply_->Send(std::move(response)); }
  std::shared_ptr<ResponseStream> StartStream(Response head) override {
    reply_->Start(std::move(head));
    return std::make_shared<ReplyStream>(reply_);
  }
  void OnGone(std::function<void()> callback) override { reply_->OnGone(std::move(callback)); }

 private:
  const Request request_;
  std::shared_ptr<Reply> reply_;
};

}  // namespace

std::shared_ptr<Exchange> MakeExchange(Request request, std::shared_ptr<Reply> reply) {
  return std::make_shared<ReplyExchange>(std::move(request), std::move(reply));
}

}  // namespace fathom::http
