// An HTTP/1.1 server: sockets, TLS, limits and timeouts. What a request means is the handler's
// business.
//
// One I/O thread runs every connection as a coroutine, so an idle or slow client costs memory only.
// Handlers run on the workers. The library behind it (Boost.Beast) is seen by server.cc alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "http/exchange.h"
#include "http/message.h"
#include "parallel/task_queue.h"

namespace fathom::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;             // 0: any free one
  std::string certificate_file;  // PEM, with its chain; empty: no TLS
  std::string key_file;          // PEM

  size_t head_bytes = 64 << 10;
  size_t body_bytes = 32 << 20;
  size_t stream_queue_bytes = 4 << 20;             // of one response that wait for its client
  size_t connections = 4096;                       // further ones are answered with 503 and closed
  std::chrono::milliseconds head_timeout{10'000};  // from the first byte of a request to its body
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds idle_timeout{75'000};   // between two requests of a connection
  std::chrono::milliseconds write_timeout{30'000};  // a client takes no byte for this long

  // Asked on the I/O thread before the body is read: a response here ends the request. It must be
  // quick.
  std::function<std::optional<Response>(const RequestHead&)> on_head;
  // The server's own refusals (400, 408, 413, 431, 503, 500) in the words of an API.
  std::function<Response(int status, const std::string& message)> refusal;
};

struct ServerCounts {
  int64_t connections = 0;  // open now
  int64_t requests = 0;     // heads read, ever
  int64_t refused = 0;      // ended by the server itself, ever
};

class Server {
 public:
  // Binds and starts. Errors: an address that is not one, a port that is taken, a certificate that
  // can't be read. `workers` and what the handler uses outlive the server.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, TaskQueue& workers,
                                               Handler handler);
  virtual ~Server() = default;  // cuts what is open

  virtual uint16_t port() const = 0;
  virtual ServerCounts counts() const = 0;

  // Takes no new connection and no further request on open ones; waits until every answer is
  // complete or `patience` is over, and says whether all were.
  virtual bool Drain(std::chrono::milliseconds patience) = 0;
};

}  // namespace fathom::http
