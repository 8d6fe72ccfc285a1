// An HTTP/1.1 server: sockets, TLS, limits and timeouts. What a request means is the handler's
// business.
//
// One I/O thread runs every connection as a coroutine, so an idle or slow client costs memory only.
// Handlers run on the workers. The library behind it (Boost.Asio) is seen by server.cc and
// connection.* alone.
//
// A client that ends its side of a connection has left, as far as an answer goes that it still
// waits for: a closed socket and a half-closed one look the same until something is written.
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

// How an answer went.
struct Served {
  enum class End {
    kComplete,
    kClientGone,  // before the last byte; a client that reads too slowly or not at all counts as
                  // one
    kCut,         // by us: the stream was dropped without Finish, or the server was destroyed
  };
  int status = 0;            // 0: there was no answer yet
  int64_t bytes = 0;         // written to the client, the answer's head included
  int64_t microseconds = 0;  // from the request's last byte of the head to the answer's last one
  End end = End::kComplete;
};

struct ServerOptions {
  std::string host = "127.0.0.1";  // an address, or "localhost"; "::" is every one of the machine
  uint16_t port = 0;               // 0: any free one
  std::string certificate_file = {};  // PEM, with its chain; empty: no TLS
  std::string key_file = {};          // PEM

  size_t head_bytes = 64 << 10;
  size_t body_bytes = 32 << 20;
  // Of all requests that are being read or answered, whose bodies stay until then. Where one more
  // would go beyond it, that one is answered with 503.
  size_t all_bodies_bytes = size_t{512} << 20;
  size_t stream_queue_bytes = 4 << 20;             // of one response that wait for its client
  size_t connections = 4096;                       // further ones are answered with 503 and closed
  std::chrono::milliseconds head_timeout{10'000};  // from the first byte of a request to its body
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds idle_timeout{75'000};   // between two requests of a connection
  std::chrono::milliseconds write_timeout{30'000};  // a client takes no byte for this long

  // Asked on the I/O thread before the body is read: a response here ends the request. It must be
  // quick.
  std::function<std::optional<Response>(const RequestHead&)> on_head = {};
  // May add headers to every response, refusals included. On the I/O thread; it must be quick.
  std::function<void(const RequestHead&, Headers*)> on_response = nullptr;
  // The server's own refusals (400, 408, 413, 417, 431, 500, 501, 503, 505) in the words of an API.
  // Without one: {"error": {"message": …}}.
  std::function<Response(int status, const std::string& message)> refusal = {};
  // Told on the I/O thread of every answer when it is over, refusals included; what was not read of
  // the head is empty there. It must be quick.
  std::function<void(const RequestHead&, const Served&)> on_served = {};
};

struct ServerCounts {
  int64_t connections = 0;  // open now
  int64_t requests = 0;     // heads read, ever
  int64_t refused = 0;      // ended by the server itself, ever
};

class Server {
 public:
  // Binds and starts. Errors: an address that is not one, a port that is taken, a certificate that
  // can't be read. `workers` outlives the server, and what the handler uses outlives `workers`: a
  // call of it that has begun is not waited for. Raises the process's soft limit of open files to
  // what `connections` need, as far as the hard limit allows.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, TaskQueue& workers,
                                               Handler handler);
  virtual ~Server() = default;  // cuts what is open

  virtual uint16_t port() const = 0;
  virtual ServerCounts counts() const = 0;

  // Takes no new connection and no further request on open ones; waits until every answer is
  // complete or `patience` is over, and says whether all were. Requests that are still being read
  // are answered with 503.
  virtual bool Drain(std::chrono::milliseconds patience) = 0;
};

}  // namespace fathom::http
