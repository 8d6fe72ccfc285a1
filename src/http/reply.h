// What passes between the worker that makes an answer and the I/O thread that writes it.
//
// A worker puts bytes in, bounded; the I/O thread takes everything that waits in one go, so many
// small pieces become one write. Neither ever waits for the other.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/exchange.h"
#include "http/message.h"

namespace fathom::http {

class Reply {
 public:
  // What the I/O thread has to write next.
  struct Output {
    std::optional<Response> head;  // with its body, unless `stream`
    bool stream = false;
    bool unanswered = false;  // the exchange was dropped: the head is the I/O thread's to make
    std::string bytes;        // of a stream
    bool finished = false;    // nothing follows
    bool cut = false;         // nothing follows, and the client is to notice
    bool too_slow = false;    // cut because the client does not read
  };

  // `wake` tells the I/O thread to Take; called on any thread, and no more once Close has returned.
  Reply(size_t queue_bytes, std::function<void()> wake);

  // --- Any thread.
  void Send(Response response);
  void Start(Response head);
  ResponseStream::Taken Write(std::string piece);
  void Finish();
  void Drop();  // the exchange was dropped; nothing when it was answered
  void Cut();   // the stream was dropped; nothing when it was finished
  void OnGone(std::function<void()> callback);
  bool closed();  // nothing that is put in reaches the client any more

  // --- The I/O thread.
  Output Take();
  bool too_slow();  // the queue was full, and the stream is cut
  void Written();   // what the last Take gave has left
  // The end: what workers still put in reaches nobody. With `gone` the callback is called.
  void Close(bool gone);

 private:
  void Wake();  // with mutex_ held

  const size_t queue_bytes_;
  std::mutex mutex_;
  std::function<void()> wake_;     // empty once closed
  std::function<void()> on_gone_;  // empty once called or closed
  Output next_;
  size_t writing_ = 0;  // bytes taken and not yet Written
  bool answered_ = false, ended_ = false, woken_ = false, closed_ = false, gone_ = false;
};

// The handler's side of `reply`.
std::shared_ptr<Exchange> MakeExchange(Request request, std::shared_ptr<Reply> reply);

}  // namespace fathom::http
