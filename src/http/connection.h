// One client of the server, from accept to close, and what all clients share. For server.cc; with
// it and connection.cc all that sees Boost.Asio.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "http/reply.h"
#include "http/request_reader.h"
#include "http/response_text.h"
#include "http/server.h"

namespace fathom::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class Connection;

// What all connections share. The I/O thread's, but for what is marked.
struct Hub {
  Hub(ServerOptions given, TaskQueue& queue, Handler handle)
      : options(std::move(given)),
        workers(queue),
        handler(std::make_shared<const Handler>(std::move(handle))) {}

  Response Refusal(int status, const std::string& message) const {
    if (options.refusal) return options.refusal(status, message);
    return {.status = status, .body = "{\"error\": {\"message\": \"" + message + "\"}}"};
  }

  const ServerOptions options;
  TaskQueue& workers;
  const std::shared_ptr<const Handler> handler;  // also of tasks that outlive the server
  asio::io_context io{1};
  std::optional<asio::ssl::context> tls;
  std::unordered_set<Connection*> all;
  int64_t turned_away = 0;  // of them
  size_t body_bytes = 0;    // of the requests under way
  bool draining = false, ending = false;

  std::atomic<int64_t> connections{0}, requests{0}, refused{0};  // any thread reads them
  std::mutex mutex;                                              // what Drain waits for
  std::condition_variable changed;
  int64_t answering = 0, open = 0;  // under mutex
};

// One client, from accept to close. Two coroutines: ReadLoop always has a read under way, so that a
// client's leaving is noticed at any time and pipelined bytes are kept; Run takes what was read,
// request by request, and is the only one that writes. All on the I/O thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Hub& hub, tcp::socket socket, bool turned_away);
  ~Connection();

  static asio::awaitable<void> Run(std::shared_ptr<Connection> self);
  enum class Closing { kQuiet, kReset };      // kReset: what waits to be sent is forgotten
  void Close(Closing how = Closing::kQuiet);  // cuts: whatever is under way fails
  void Wake() { signal_.cancel(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Deadline = Clock::time_point;
  static constexpr Deadline kNever = Deadline::max();

  asio::awaitable<bool> Handshake();
  static asio::awaitable<void> ReadLoop(std::shared_ptr<Connection> self);
  asio::awaitable<std::pair<error_code, size_t>> ReadSome(asio::mutable_buffer buffer);
  void ReadEnded();

  asio::awaitable<bool> ServeRequests();
  asio::awaitable<bool> ServeOne();
  asio::awaitable<bool> AwaitRequest(RequestReader& reader);
  asio::awaitable<bool> ReadUntil(RequestReader& reader, RequestReader::State wanted,
                                  Deadline deadline);
  asio::awaitable<bool> Wait(Deadline deadline);

  void OutputWaits();
  asio::awaitable<bool> Answer(RequestReader& reader);
  asio::awaitable<Served::End> WriteOutputs(Reply& reply, bool& keep_alive);
  std::string FirstLines(Response& response, bool stream, bool keep_alive) const;
  std::string TextOf(Reply::Output output, bool& keep_alive);
  asio::awaitable<bool> SendWhole(Response response, bool keep_alive);
  asio::awaitable<void> Refuse(int status, std::string_view message);
  asio::awaitable<bool> WriteAll(std::string_view bytes);
  asio::awaitable<std::pair<error_code, size_t>> WriteSome(asio::const_buffer buffer);
  bool HasBody() const { return head_.method != "HEAD" && StatusHasBody(status_); }
  HeadOptions HeadOptionsFor(bool stream, bool keep_alive) const;
  void Begin();
  void NameHead(RequestHead& head);
  void Report(Served::End end);
  asio::awaitable<void> Linger();

  void ArmDeadline(std::chrono::milliseconds after, Closing how);
  void ArmWriteDeadline();
  void DisarmDeadline();
  int UnsentBytes();

  std::string_view input() const { return std::string_view(input_).substr(input_used_); }
  void ReadOn(RequestReader& reader);
  bool CountBody(size_t bytes);
  size_t input_limit() const;

  Hub& hub_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  const bool turned_away_;
  std::string client_;

  asio::steady_timer signal_;    // what Run waits on; cancelled to wake it
  asio::steady_timer room_;      // what ReadLoop waits on while input_ is full
  asio::steady_timer deadline_;  // of the operation under way: closes the socket
  uint64_t deadline_number_ = 0;

  std::string input_;  // read and, from input_used_ on, not yet used
  size_t input_used_ = 0;
  bool reading_ = false, stop_reading_ = false;
  bool left_ = false;    // the client has: it ended its side, or the connection broke
  bool closed_ = false;  // by us

  // The answer under way.
  RequestHead head_;
  size_t body_bytes_ = 0;  // counted in the hub
  bool http_1_1_ = true;
  Clock::time_point head_read_;
  int status_ = 0;
  int64_t written_ = 0;
  std::shared_ptr<Reply> reply_;
};

}  // namespace fathom::http
