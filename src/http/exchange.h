// One request and the answer to it, which may come later and from any thread.
//
// Exactly one of Send and StartStream is called, once. An exchange that is dropped without either
// is answered with 500: nobody waits forever because of a forgotten branch.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "http/message.h"

namespace fathom::http {

// A response written piece by piece. Any thread, one at a time.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;  // without Finish: the connection is cut behind what was
                                        // written, so that the client can tell a broken answer from
                                        // a whole one

  enum class Taken {
    kYes,
    kGone,  // the client has left; nothing written reaches anyone any more
    kFull,  // the client reads too slowly: ServerOptions::stream_queue_bytes wait already, and the
            // stream is cut
  };
  virtual Taken Write(std::string piece) = 0;
  virtual void Finish() = 0;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;

  virtual void Send(Response response) = 0;
  // The body of `head` is not used; it is written to the stream.
  virtual std::shared_ptr<ResponseStream> StartStream(Response head) = 0;

  // Called at most once, on the I/O thread, when the client leaves before its answer is complete;
  // at once, by the caller, when it has left already. It must not block.
  virtual void OnGone(std::function<void()> callback) = 0;
};

using Handler = std::function<void(std::shared_ptr<Exchange>)>;

}  // namespace fathom::http
