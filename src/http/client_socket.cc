#include "http/client_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

namespace fathom::http {
namespace {

std::string ErrorText(int error) { return std::generic_category().message(error); }

// Waits until `socket` is ready for `events`.
Status WaitFor(int socket, short events, const Patience& patience) {
  FATHOM_RETURN_IF_ERROR(patience.Check());
  const FileDescriptor stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped.valid()) return Internal("eventfd: {}", ErrorText(errno));
  const std::stop_callback tell(patience.stop, [&] { ::eventfd_write(stopped.get(), 1); });
  while (true) {
    int timeout = -1;
    if (patience.deadline != Patience::Clock::time_point::max()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(patience.deadline - Patience::Clock::now());
      timeout = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
    }
    pollfd waiting[] = {{.fd = socket, .events = events, .revents = 0},
                        {.fd = stopped.get(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(waiting, 2, timeout);
    if (ready < 0 && errno != EINTR) return Internal("poll: {}", ErrorText(errno));
    if (ready > 0 && waiting[0].revents != 0) return {};
    FATHOM_RETURN_IF_ERROR(patience.Check());
  }
}

struct Address {
  sockaddr_storage bytes = {};
  socklen_t size = 0;
};

// What one look-up found; shared with the thread that makes it, which may outlive the caller.
struct LookUp {
  std::mutex mutex;
  std::condition_variable_any done_changed;
  bool done = false;
  int error = 0;
  std::vector<Address> addresses;
};

int AskSystem(const std::string& host, uint16_t port, int flags, std::vector<Address>* out) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return error;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Address address;
    if (each->ai_addrlen > sizeof(address.bytes)) continue;
    std::memcpy(&address.bytes, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    out->push_back(address);
  }
  ::freeaddrinfo(found);
  return 0;
}

Result<std::vector<Address>> Resolve(const std::string& host, uint16_t port,
                                     const Patience& patience) {
  std::vector<Address> addresses;
  if (AskSystem(host, port, AI_NUMERICHOST, &addresses) == 0) return addresses;
  // getaddrinfo can be neither stopped nor timed.
  const auto look_up = std::make_shared<LookUp>();
  std::thread([look_up, host, port] {
    std::vector<Address> found;
    const int error = AskSystem(host, port, 0, &found);
    {
      const std::lock_guard lock(look_up->mutex);
      look_up->error = error;
      look_up->addresses = std::move(found);
      look_up->done = true;
    }
    look_up->done_changed.notify_all();
  }).detach();
  std::unique_lock lock(look_up->mutex);
  const auto is_done = [&] { return look_up->done; };
  if (patience.deadline == Patience::Clock::time_point::max()) {
    look_up->done_changed.wait(lock, patience.stop, is_done);
  } else {
    look_up->done_changed.wait_until(lock, patience.stop, patience.deadline, is_done);
  }
  if (!look_up->done) return patience.Check().At(host);
  if (look_up->error != 0) return NotFound("{}: {}", host, ::gai_strerror(look_up->error));
  return std::move(look_up->addresses);
}

Result<FileDescriptor> ConnectTo(const Address& address, const Patience& patience) {
  FileDescriptor socket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Internal("socket: {}", ErrorText(errno));
  const int one = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  const auto* const target = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (::connect(socket.get(), target, address.size) == 0) return socket;
  if (errno != EINPROGRESS) return NotFound("{}", ErrorText(errno));
  FATHOM_RETURN_IF_ERROR(WaitFor(socket.get(), POLLOUT, patience));
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return NotFound("{}", ErrorText(error));
  return socket;
}

// OpenSSL writes with write(2), which raises SIGPIPE where the other side is gone. While one of
// these exists, this thread doesn't get it.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec now = {};
    if (!was_pending_) {
      while (sigtimedwait(&pipe_, nullptr, &now) > 0) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_;
};

// The newest error of the library, in words.
std::string TlsError() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "the connection ended";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("error {:#x}", code);
}

bool IsAddress(const std::string& host) {
  std::vector<Address> ignored;
  return AskSystem(host, 0, AI_NUMERICHOST, &ignored) == 0;
}

}  // namespace

Result<TlsContext> MakeClientTls(const std::string& trusted_file) {
  TlsContext tls(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (tls == nullptr) return Internal("TLS: {}", TlsError());
  SSL_CTX_set_min_proto_version(tls.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(tls.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  const int trusts = trusted_file.empty()
                         ? SSL_CTX_set_default_verify_paths(tls.get())
                         : SSL_CTX_load_verify_file(tls.get(), trusted_file.c_str());
  if (trusts != 1) {
    return InvalidArgument("{}: no trusted certificates could be read: {}",
                           trusted_file.empty() ? "the system" : trusted_file, TlsError());
  }
  return tls;
}

Result<ClientSocket> ClientSocket::Connect(const std::string& host, uint16_t port,
                                           const TlsContext& tls,
                                           std::chrono::milliseconds connect_timeout,
                                           const Patience& patience) {
  FATHOM_ASSIGN_OR_RETURN(const std::vector<Address> addresses, Resolve(host, port, patience));
  Status problem = NotFound("no address");
  for (const Address& address : addresses) {
    Result<FileDescriptor> socket = ConnectTo(address, patience.AtMost(connect_timeout));
    if (socket.ok()) {
      ClientSocket connected(std::move(socket).value());
      if (tls != nullptr) {
        FATHOM_RETURN_IF_ERROR(connected.BeginTls(host, tls, patience));
      }
      return connected;
    }
    problem = socket.status();
    FATHOM_RETURN_IF_ERROR(patience.Check());
  }
  return problem.At(fmt::format("{} port {}", host, port));
}

Status ClientSocket::BeginTls(const std::string& host, const TlsContext& tls,
                              const Patience& patience) {
  ssl_.reset(SSL_new(tls.get()));
  if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), socket_.get()) != 1) {
    return Internal("TLS: {}", TlsError());
  }
  // An address is named in the certificate as such, and is not sent as a name.
  const bool named =
      IsAddress(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str()) == 1
                      : SSL_set1_host(ssl_.get(), host.c_str()) == 1 &&
                            SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
  if (!named) return InvalidArgument("TLS can't check the name {}", host);
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  SSL_set_alpn_protos(ssl_.get(), kHttp, sizeof(kHttp) - 1);
  while (true) {
    const NoSigpipe quiet;
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return {};
    if (const long verified = SSL_get_verify_result(ssl_.get()); verified != X509_V_OK) {
      return InvalidArgument("{}: its certificate: {}", host,
                             X509_verify_cert_error_string(verified));
    }
    FATHOM_RETURN_IF_ERROR(WaitForTls(result, patience).At(host));
  }
}

Status ClientSocket::WaitForTls(int result, const Patience& patience) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return WaitFor(socket_.get(), POLLIN, patience);
    case SSL_ERROR_WANT_WRITE:
      return WaitFor(socket_.get(), POLLOUT, patience);
    default:
      return DataLoss("TLS: {}", TlsError());
  }
}

Status ClientSocket::Write(std::string_view bytes, const Patience& patience) {
  while (!bytes.empty()) {
    FATHOM_RETURN_IF_ERROR(patience.Check());
    if (ssl_ != nullptr) {
      const NoSigpipe quiet;
      ERR_clear_error();
      const int most = static_cast<int>(std::min<size_t>(bytes.size(), 1 << 20));
      const int wrote = SSL_write(ssl_.get(), bytes.data(), most);
      if (wrote > 0) {
        bytes.remove_prefix(static_cast<size_t>(wrote));
      } else {
        FATHOM_RETURN_IF_ERROR(WaitForTls(wrote, patience));
      }
      continue;
    }
    const ssize_t wrote = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote >= 0) {
      bytes.remove_prefix(static_cast<size_t>(wrote));
    } else if (errno == EAGAIN) {
      FATHOM_RETURN_IF_ERROR(WaitFor(socket_.get(), POLLOUT, patience));
    } else if (errno != EINTR) {
      return DataLoss("{}", ErrorText(errno));
    }
  }
  return {};
}

Result<std::string> ClientSocket::Read(size_t most, const Patience& patience) {
  std::string bytes(most, '\0');
  while (true) {
    FATHOM_RETURN_IF_ERROR(patience.Check());
    if (ssl_ != nullptr) {
      const NoSigpipe quiet;
      ERR_clear_error();
      const int got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(most));
      if (got > 0) {
        bytes.resize(static_cast<size_t>(got));
        return bytes;
      }
      if (SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN) return std::string();
      FATHOM_RETURN_IF_ERROR(WaitForTls(got, patience));
      continue;
    }
    const ssize_t got = ::recv(socket_.get(), bytes.data(), most, 0);
    if (got >= 0) {
      bytes.resize(static_cast<size_t>(got));
      return bytes;
    }
    if (errno == EAGAIN) {
      FATHOM_RETURN_IF_ERROR(WaitFor(socket_.get(), POLLIN, patience));
    } else if (errno != EINTR) {
      return DataLoss("{}", ErrorText(errno));
    }
  }
}

}  // namespace fathom::http
