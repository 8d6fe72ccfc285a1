#include "http/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>

namespace fathom::http {
namespace {

using std::chrono::milliseconds;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// Of one read. Each open connection has one under way, so this is what an idle client costs.
constexpr size_t kReadBytes = 8 << 10;
// After its last answer a connection still takes what the client sends, so that the client finds
// the answer before a reset: for so long, and so much.
constexpr milliseconds kLinger{2'000};
constexpr size_t kLingerBytes = 4 << 20;

// Of the coroutines below: co_await stands in expressions of its own, never in a condition or a
// return, and its arguments are no temporaries with destructors. g++ 12 miscompiles those.

}  // namespace

Connection::Connection(Hub& hub, tcp::socket socket, bool turned_away)
    : hub_(hub),
      socket_(std::move(socket)),
      turned_away_(turned_away),
      signal_(hub.io, kNever),
      room_(hub.io, kNever),
      deadline_(hub.io, kNever) {
  if (hub.tls) tls_.emplace(socket_, *hub.tls);
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  const tcp::endpoint peer = socket_.remote_endpoint(ignored);
  const std::string address = peer.address().to_string();
  client_ = peer.address().is_v6() ? "[" + address + "]" : address;
  client_ += ":" + std::to_string(peer.port());
  hub_.all.insert(this);
  if (turned_away_) {
    ++hub_.turned_away;
  } else {
    hub_.connections.fetch_add(1);
  }
  const std::lock_guard lock(hub_.mutex);
  ++hub_.open;
}

Connection::~Connection() {
  CountBody(0);
  hub_.all.erase(this);
  if (turned_away_) {
    --hub_.turned_away;
  } else {
    hub_.connections.fetch_sub(1);
  }
  {
    const std::lock_guard lock(hub_.mutex);
    --hub_.open;
  }
  hub_.changed.notify_all();
}

void Connection::Close(Closing how) {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  if (how == Closing::kReset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  deadline_.cancel();
  signal_.cancel();
  room_.cancel();
}

// --- Reading.

asio::awaitable<std::pair<error_code, size_t>> Connection::ReadSome(asio::mutable_buffer buffer) {
  if (tls_) {
    auto [error, bytes] = co_await tls_->async_read_some(buffer, kAwait);
    co_return std::pair(error, bytes);
  }
  auto [error, bytes] = co_await socket_.async_read_some(buffer, kAwait);
  co_return std::pair(error, bytes);
}

asio::awaitable<void> Connection::ReadLoop(std::shared_ptr<Connection> self) {
  Connection& my = *self;
  const auto buffer = std::make_unique<char[]>(kReadBytes);
  while (!my.closed_ && !my.stop_reading_) {
    if (my.input().size() >= my.input_limit()) {
      co_await my.room_.async_wait(kAwait);
      continue;
    }
    auto [error, bytes] = co_await my.ReadSome(asio::buffer(buffer.get(), kReadBytes));
    if (error) break;
    if (my.input_used_ > 0) my.input_.erase(0, std::exchange(my.input_used_, 0));
    my.input_.append(buffer.get(), bytes);
    my.Wake();
  }
  my.reading_ = false;
  if (!my.stop_reading_) my.ReadEnded();
  my.Wake();
}

void Connection::ReadEnded() {
  left_ = true;
  if (!reply_) return;
  // Nobody waits for this answer. Closing also ends a write that is stuck.
  Close();
  reply_->Close(/*gone=*/true);
}

// Until something happens: more input, the client's leaving, something to write, Close. False when
// `deadline` came first.
asio::awaitable<bool> Connection::Wait(Deadline deadline) {
  signal_.expires_at(deadline);
  auto [error] = co_await signal_.async_wait(kAwait);
  co_return error == asio::error::operation_aborted;
}

// The socket is closed when the operation under way takes longer than this.
void Connection::ArmDeadline(milliseconds after, Closing how) {
  deadline_.expires_after(after);
  deadline_.async_wait(
      [weak = weak_from_this(), number = ++deadline_number_, how](error_code error) {
        const auto self = weak.lock();
        // A timer that has run out can't be cancelled any more, hence the number.
        if (!error && self && self->deadline_number_ == number) self->Close(how);
      });
}

// The same for a write, for as long as the client takes nothing: a write goes on only when about a
// third of the kernel's buffer is free, a megabyte that a slow client may need a minute for.
void Connection::ArmWriteDeadline() {
  deadline_.expires_after(hub_.options.write_timeout);
  deadline_.async_wait([weak = weak_from_this(), number = ++deadline_number_,
                        unsent = UnsentBytes()](error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->deadline_number_ != number) return;
    if (self->UnsentBytes() < unsent) {
      self->ArmWriteDeadline();
    } else {
      self->Close(Closing::kReset);
    }
  });
}

// In the kernel: written, and not yet taken by the client.
int Connection::UnsentBytes() {
  int bytes = 0;
  ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes);
  return bytes;
}

void Connection::DisarmDeadline() {
  ++deadline_number_;
  deadline_.cancel();
}

size_t Connection::input_limit() const { return hub_.options.head_bytes + kReadBytes; }

// --- Requests.

asio::awaitable<void> Connection::Run(std::shared_ptr<Connection> self) {
  Connection& my = *self;
  bool whole = co_await my.Handshake();
  if (whole) {
    my.reading_ = true;
    asio::co_spawn(my.hub_.io, ReadLoop(self), asio::detached);
    if (my.turned_away_) {
      my.Begin();
      co_await my.Refuse(503, "too many connections");
    } else {
      whole = co_await my.ServeRequests();
    }
  }
  if (whole && !my.closed_) {
    co_await my.Linger();
  }
  my.Close();
}

asio::awaitable<bool> Connection::Handshake() {
  if (!tls_) co_return true;
  ArmDeadline(hub_.options.head_timeout, Closing::kReset);
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, kAwait);
  DisarmDeadline();
  co_return !error && !closed_;
}

// False when the connection is to be cut rather than ended in an orderly way.
asio::awaitable<bool> Connection::ServeRequests() {
  while (true) {
    const bool more = co_await ServeOne();
    CountBody(0);
    if (!more) break;
  }
  co_return !left_ && !closed_;
}

// Whether another request may follow.
asio::awaitable<bool> Connection::ServeOne() {
  RequestReader reader(hub_.options.head_bytes);
  const bool comes = co_await AwaitRequest(reader);
  if (!comes) co_return false;
  Begin();
  const Deadline head_deadline = Clock::now() + hub_.options.head_timeout;
  const bool asked = co_await ReadUntil(reader, RequestReader::State::kAsked, head_deadline);
  if (!asked) co_return false;

  hub_.requests.fetch_add(1);
  http_1_1_ = reader.http_1_1();
  Begin();
  NameHead(reader.head());
  if (hub_.options.on_head) {
    if (std::optional<Response> answer = hub_.options.on_head(reader.head())) {
      // What follows an unread body can't be found without reading it.
      const bool keep_alive = reader.keep_alive() && !reader.has_body() && !hub_.draining;
      const bool more = co_await SendWhole(*answer, keep_alive);
      co_return more;
    }
  }

  const bool expects_continue = reader.expects_continue();
  reader.BeginBody(hub_.options.body_bytes);
  if (expects_continue && reader.state() == RequestReader::State::kBody) {
    const bool told = co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n");
    if (!told) co_return false;
    written_ = 0;
  }
  const Deadline body_deadline = Clock::now() + hub_.options.body_timeout;
  const bool read = co_await ReadUntil(reader, RequestReader::State::kDone, body_deadline);
  if (!read) co_return false;
  const bool more = co_await Answer(reader);
  co_return more;
}

// What has come and belongs to this request.
void Connection::ReadOn(RequestReader& reader) {
  input_used_ += reader.Read(input());
  room_.cancel();
  // An idle connection does not keep the room that a large body took.
  if (input().empty() && input_.capacity() > kReadBytes) {
    input_ = {};
    input_used_ = 0;
  }
}

// This request's share of what all bodies may take; false, and unchanged, when there is too little.
bool Connection::CountBody(size_t bytes) {
  const size_t others = hub_.body_bytes - body_bytes_;
  if (bytes > body_bytes_ && others + bytes > hub_.options.all_bodies_bytes) return false;
  hub_.body_bytes = others + bytes;
  body_bytes_ = bytes;
  return true;
}

// The first byte of a request. False when there will be none.
asio::awaitable<bool> Connection::AwaitRequest(RequestReader& reader) {
  const Deadline deadline = Clock::now() + hub_.options.idle_timeout;
  while (true) {
    ReadOn(reader);
    if (reader.begun()) co_return true;
    if (left_ || closed_ || hub_.draining) {
      Close();
      co_return false;
    }
    const bool in_time = co_await Wait(deadline);
    if (!in_time) co_return false;
  }
}

// False when the request ended here, answered or not.
asio::awaitable<bool> Connection::ReadUntil(RequestReader& reader, RequestReader::State wanted,
                                            Deadline deadline) {
  while (true) {
    ReadOn(reader);
    if (closed_) co_return false;
    if (reader.state() == RequestReader::State::kRefused) {
      http_1_1_ = reader.http_1_1();
      NameHead(reader.head());
      co_await Refuse(reader.refusal().status, reader.refusal().message);
      co_return false;
    }
    if (hub_.draining) {
      co_await Refuse(503, "the server is stopping");
      co_return false;
    }
    if (!CountBody(reader.body_bytes())) {
      co_await Refuse(503, "other requests take all the room for bodies; try again");
      co_return false;
    }
    if (reader.state() == wanted) co_return !left_;
    if (left_) co_return false;
    const bool in_time = co_await Wait(deadline);
    if (!in_time) {
      co_await Refuse(408, "the request takes too long to arrive");
      co_return false;
    }
  }
}

// --- Answers.

void Connection::OutputWaits() {
  // Then a write is probably stuck, and would be until its deadline.
  if (reply_ && reply_->too_slow()) Close(Closing::kReset);
  Wake();
}

void Connection::Begin() {
  head_ = {};
  NameHead(head_);
  head_read_ = Clock::now();
  status_ = 0;
  written_ = 0;
}

void Connection::NameHead(RequestHead& head) {
  head.client = client_;
  head.tls = tls_.has_value();
  head_ = head;
}

void Connection::Report(Served::End end) {
  if (!hub_.options.on_served) return;
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - head_read_);
  hub_.options.on_served(
      head_, {.status = status_, .bytes = written_, .microseconds = took.count(), .end = end});
}

HeadOptions Connection::HeadOptionsFor(bool stream, bool keep_alive) const {
  HeadOptions options;
  options.http_1_1 = http_1_1_;
  options.keep_alive = keep_alive;
  options.unix_seconds = std::time(nullptr);
  if (stream) options.framing = http_1_1_ ? BodyFraming::kChunked : BodyFraming::kUntilClose;
  return options;
}

// Hands the request to a worker and writes what comes back. Whether another request may follow.
asio::awaitable<bool> Connection::Answer(RequestReader& reader) {
  bool keep_alive = reader.keep_alive();
  reply_ = std::make_shared<Reply>(hub_.options.stream_queue_bytes,
                                   [weak = weak_from_this(), &io = hub_.io] {
                                     asio::post(io, [weak] {
                                       if (const auto self = weak.lock()) self->OutputWaits();
                                     });
                                   });
  const std::shared_ptr<Reply> reply = reply_;
  {
    const std::lock_guard lock(hub_.mutex);
    ++hub_.answering;
  }
  hub_.workers.Post(
      [handler = hub_.handler, reply, exchange = MakeExchange(reader.Take(), reply)]() mutable {
        if (!reply->closed()) (*handler)(std::move(exchange));
      });
  const Served::End end = co_await WriteOutputs(*reply, keep_alive);
  reply_ = nullptr;
  reply->Close(/*gone=*/end == Served::End::kClientGone || hub_.ending);
  Report(end);
  {
    const std::lock_guard lock(hub_.mutex);
    --hub_.answering;
  }
  hub_.changed.notify_all();
  co_return end == Served::End::kComplete&& keep_alive && !hub_.draining;
}

asio::awaitable<Served::End> Connection::WriteOutputs(Reply& reply, bool& keep_alive) {
  while (!left_ && !closed_) {
    Reply::Output output = reply.Take();
    const bool finished = output.finished, cut = output.cut;
    if (output.too_slow) break;
    const std::string text = TextOf(std::move(output), keep_alive);
    if (!text.empty()) {
      const bool written = co_await WriteAll(text);
      if (!written) break;
      reply.Written();
    }
    if (finished) co_return Served::End::kComplete;
    if (cut) {
      // A client of HTTP/1.0 takes any orderly end for the end of the body.
      Close(http_1_1_ ? Closing::kQuiet : Closing::kReset);
      co_return Served::End::kCut;
    }
    if (text.empty()) {
      co_await Wait(kNever);
    }
  }
  Close(Closing::kReset);
  co_return hub_.ending ? Served::End::kCut : Served::End::kClientGone;
}

std::string Connection::FirstLines(Response& response, bool stream, bool keep_alive) const {
  if (hub_.options.on_response) hub_.options.on_response(head_, &response.headers);
  return HeadText(response, HeadOptionsFor(stream, keep_alive));
}

std::string Connection::TextOf(Reply::Output output, bool& keep_alive) {
  if (output.unanswered) {
    hub_.refused.fetch_add(1);
    output.head = hub_.Refusal(500, "the request was not answered");
  }
  std::string text;
  if (output.head) {
    status_ = output.head->status;
    keep_alive = keep_alive && !hub_.draining && (http_1_1_ || !output.stream);
    text = FirstLines(*output.head, output.stream, keep_alive);
    if (!output.stream && HasBody()) text += output.head->body;
  }
  if (!output.stream || !HasBody()) return text;
  if (!http_1_1_) return text + output.bytes;
  AppendChunk(text, output.bytes);
  if (output.finished) text += kLastChunk;
  return text;
}

// An answer that is whole at once and needs no worker. Whether another request may follow.
asio::awaitable<bool> Connection::SendWhole(Response response, bool keep_alive) {
  status_ = response.status;
  std::string text = FirstLines(response, /*stream=*/false, keep_alive);
  if (HasBody()) text += response.body;
  const bool written = co_await WriteAll(text);
  Report(written ? Served::End::kComplete : Served::End::kClientGone);
  co_return written&& keep_alive;
}

asio::awaitable<void> Connection::Refuse(int status, std::string_view message) {
  hub_.refused.fetch_add(1);
  Response response = hub_.Refusal(status, std::string(message));
  if (status == 503) response.headers.Add("Retry-After", "1");
  co_await SendWhole(response, /*keep_alive=*/false);
}

asio::awaitable<bool> Connection::WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    if (closed_) co_return false;
    ArmWriteDeadline();
    const auto [error, written] = co_await WriteSome(asio::buffer(bytes));
    DisarmDeadline();
    written_ += static_cast<int64_t>(written);
    bytes.remove_prefix(written);
    if (error) {
      Close();
      co_return false;
    }
  }
  co_return true;
}

asio::awaitable<std::pair<error_code, size_t>> Connection::WriteSome(asio::const_buffer buffer) {
  if (tls_) {
    auto [error, bytes] = co_await tls_->async_write_some(buffer, kAwait);
    co_return std::pair(error, bytes);
  }
  auto [error, bytes] = co_await socket_.async_write_some(buffer, kAwait);
  co_return std::pair(error, bytes);
}

// The orderly end: says that nothing follows, and takes what still comes, so that the client finds
// its answer and not a reset.
asio::awaitable<void> Connection::Linger() {
  ArmDeadline(kLinger, Closing::kQuiet);
  stop_reading_ = true;
  error_code ignored;
  socket_.cancel(ignored);
  room_.cancel();
  while (reading_) {
    co_await Wait(kNever);
  }
  if (tls_ && !closed_) {
    co_await tls_->async_shutdown(kAwait);
  }
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  std::array<char, 4096> dropped;
  for (size_t total = 0; !closed_ && total < kLingerBytes;) {
    auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(dropped), kAwait);
    if (error) break;
    total += bytes;
  }
  DisarmDeadline();
}

}  // namespace fathom::http
