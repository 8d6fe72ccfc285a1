// A server on a free port of the loopback that does to each connection what a test says: it gets
// the socket, and may answer wrongly, late or never.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file_descriptor.h"

namespace fathom::test {

class RawConnection {
 public:
  explicit RawConnection(FileDescriptor socket) : socket_(std::move(socket)) {
    const timeval patience = {.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }

  // Everything up to and with `text`; "" when the client ends before it.
  std::string ReadUntil(std::string_view text) {
    size_t at;
    while ((at = input_.find(text)) == input_.npos) {
      if (!Receive()) return "";
    }
    std::string read = input_.substr(0, at + text.size());
    input_.erase(0, read.size());
    return read;
  }
  std::string ReadBytes(size_t size) {
    while (input_.size() < size && Receive()) {
    }
    std::string read = input_.substr(0, size);
    input_.erase(0, read.size());
    return read;
  }
  // False when the client has left.
  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Until the client has left.
  void WaitForEnd() {
    while (Receive()) {
    }
  }

 private:
  bool Receive() {
    char buffer[16 << 10];
    const ssize_t bytes = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
    if (bytes <= 0) return false;
    input_.append(buffer, static_cast<size_t>(bytes));
    return true;
  }

  FileDescriptor socket_;
  std::string input_;
};

class RawServer {
 public:
  using Behaviour = std::function<void(RawConnection&)>;

  // Each connection gets a thread; the behaviour must end when its client leaves.
  explicit RawServer(Behaviour behaviour)
      : behaviour_(std::move(behaviour)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    FATHOM_CHECK(::bind(listener_.get(), plain, size) == 0, "bind");
    FATHOM_CHECK(::listen(listener_.get(), 64) == 0, "listen");
    FATHOM_CHECK(::getsockname(listener_.get(), plain, &size) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~RawServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int connections() const { return connections_; }

 private:
  void Accept() {
    while (true) {
      FileDescriptor socket(::accept(listener_.get(), nullptr, nullptr));
      if (!socket.valid()) return;
      ++connections_;
      threads_.emplace_back([this, taken = std::move(socket)]() mutable {
        RawConnection connection(std::move(taken));
        behaviour_(connection);
      });
    }
  }

  Behaviour behaviour_;
  FileDescriptor listener_;
  uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::vector<std::thread> threads_;  // the acceptor's, until it has ended
  std::thread acceptor_;
};

}  // namespace fathom::test
