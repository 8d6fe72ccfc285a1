// How messages reach a server and come back: one connection, over pipes or HTTP.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/patience.h"
#include "base/status.h"

namespace fathom::mcp {

class Transport {
 public:
  // What the other side does, told on threads of the transport's or on those that Send. Calls of
  // on_message may come at the same time.
  struct Receiver {
    std::function<void(std::string_view text)> on_message;  // one message or batch, as it came
    std::function<void(const Status& why)> on_closed;       // at most once; nothing can be sent
    std::function<void(std::string_view line)> on_log;      // what is no message
  };

  // Nothing is received after it. Ends the server where it was started for this connection.
  virtual ~Transport() = default;

  virtual Status Open(Receiver receiver, const Patience& patience) = 0;

  // Any thread, several at a time. `answered`: null, or whether the answer to `text` has come:
  // where the answer comes on the same way (HTTP), Send returns when it has or when it can't any
  // more; otherwise it returns at once.
  virtual Status Send(const std::string& text, const std::function<bool()>& answered,
                      const Patience& patience) = 0;

  // Both sides have agreed on it; what is sent from now on may say so.
  virtual void OnAgreed(const std::string& /*protocol_version*/) {}
  // The handshake is over.
  virtual void OnReady() {}
};

}  // namespace fathom::mcp
