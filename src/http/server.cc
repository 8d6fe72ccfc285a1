#include "http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <thread>
#include <utility>

#include "base/log.h"
#include "http/connection.h"

namespace fathom::http {
namespace {

using std::chrono::milliseconds;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// Connections above the limit that are being told so at the same time; others wait in the backlog.
constexpr int64_t kMaxTurnedAway = 1024;

// Of what a client offers by ALPN: HTTP/1.1, when it is among it.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(chosen), chosen_size, kOurs,
                                          sizeof(kOurs) - 1, offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// The certificate in a form that each connection uses.
Status SetUpTls(Hub& hub) {
  const std::string& certificate = hub.options.certificate_file;
  const std::string& key = hub.options.key_file;
  if (certificate.empty() && key.empty()) return {};
  if (certificate.empty() || key.empty()) {
    return InvalidArgument("TLS needs both a certificate file and a key file");
  }
  asio::ssl::context& tls = hub.tls.emplace(asio::ssl::context::tls_server);
  SSL_CTX* const native = tls.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // Of TLS 1.2 the ciphers with forward secrecy and authentication; those of 1.3 all have both.
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // an idle connection needs none
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(native, ChooseProtocol, nullptr);

  error_code error;
  // A key with a passphrase fails instead of asking for it on a terminal.
  tls.set_password_callback([](size_t, asio::ssl::context::password_purpose) { return ""; }, error);
  tls.use_certificate_chain_file(certificate, error);
  if (error) {
    return InvalidArgument("{}: no PEM certificate could be read: {}", certificate,
                           error.message());
  }
  tls.use_private_key_file(key, asio::ssl::context::pem, error);
  if (error) {
    return InvalidArgument("{}: no PEM key of {} could be read: {}", key, certificate,
                           error.message());
  }
  return {};
}

// Each connection is a file. Without room for all, those beyond it would wait unanswered.
void RaiseFileLimit(size_t connections) {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = connections + kMaxTurnedAway + 256;  // 256: everything that is no client
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
    LogWarning("{} connections need {} open files, and {} are allowed", connections, wanted,
               limit.rlim_cur);
  }
}

class AsioServer : public Server {
 public:
  AsioServer(ServerOptions options, TaskQueue& workers, Handler handler)
      : hub_(std::move(options), workers, std::move(handler)),
        acceptor_(hub_.io),
        pause_(hub_.io),
        work_(hub_.io.get_executor()) {}
  ~AsioServer() override;

  Status Listen();
  void Run();

  uint16_t port() const override { return port_; }
  ServerCounts counts() const override {
    return {.connections = hub_.connections, .requests = hub_.requests, .refused = hub_.refused};
  }
  bool Drain(milliseconds patience) override;

 private:
  asio::awaitable<void> AcceptLoop();
  void StopAccepting();

  Hub hub_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  // Without it the I/O thread would end with the last connection of a drained server.
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  uint16_t port_ = 0;
  std::thread thread_;
};

Status AsioServer::Listen() {
  FATHOM_RETURN_IF_ERROR(SetUpTls(hub_));
  const ServerOptions& options = hub_.options;
  error_code error;
  const asio::ip::address address =
      asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error) return InvalidArgument("'{}' is no IP address", options.host);
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return InvalidArgument("can't listen on {} port {}: {}", options.host, options.port,
                           error.message());
  }
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

void AsioServer::Run() {
  RaiseFileLimit(hub_.options.connections);
  asio::co_spawn(hub_.io, AcceptLoop(), asio::detached);
  thread_ = std::thread([this] { hub_.io.run(); });
}

asio::awaitable<void> AsioServer::AcceptLoop() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (!acceptor_.is_open()) break;
    if (error) {
      // Out of files, or a client that left at once: neither is worth spinning for.
      LogWarning("a connection was not accepted: {}", error.message());
      pause_.expires_after(milliseconds(100));
      co_await pause_.async_wait(kAwait);
      continue;
    }
    const bool full = hub_.connections >= static_cast<int64_t>(hub_.options.connections);
    asio::co_spawn(hub_.io,
                   Connection::Run(std::make_shared<Connection>(hub_, std::move(socket), full)),
                   asio::detached);
    while (hub_.turned_away >= kMaxTurnedAway && acceptor_.is_open()) {
      pause_.expires_after(milliseconds(10));
      co_await pause_.async_wait(kAwait);
    }
  }
}

void AsioServer::StopAccepting() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

bool AsioServer::Drain(milliseconds patience) {
  std::promise<void> begun;
  asio::post(hub_.io, [&] {
    hub_.draining = true;
    StopAccepting();
    for (Connection* connection : hub_.all) connection->Wake();
    begun.set_value();
  });
  begun.get_future().wait();
  std::unique_lock lock(hub_.mutex);
  // A clock's range is shorter than that of milliseconds.
  hub_.changed.wait_for(lock, std::min<milliseconds>(patience, std::chrono::hours(24 * 365)),
                        [&] { return hub_.open == 0; });
  return hub_.answering == 0;
}

AsioServer::~AsioServer() {
  if (!thread_.joinable()) return;
  asio::post(hub_.io, [this] {
    hub_.draining = hub_.ending = true;
    StopAccepting();
    for (Connection* connection : hub_.all) connection->Close();
    work_.reset();  // ends the thread when every connection has seen that it is closed
  });
  thread_.join();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, TaskQueue& workers,
                                              Handler handler) {
  auto server = std::make_unique<AsioServer>(std::move(options), workers, std::move(handler));
  FATHOM_RETURN_IF_ERROR(server->Listen());
  server->Run();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace fathom::http
