// A client of HTTP that does one thing after the other on a plain socket, and can misbehave.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file_descriptor.h"

namespace fathom::test {

struct HttpAnswer {
  int status = 0;    // 0: none came
  std::string head;  // with its empty line
  std::string body;  // chunks joined
  bool whole = false;

  // The value of a header, as it is spelled; "" without one.
  std::string Header(std::string_view name) const {
    const size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == head.npos) return "";
    const size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class HttpClient {
 public:
  // To 127.0.0.1. `receive_bytes` > 0 makes the kernel's buffer about so small.
  explicit HttpClient(uint16_t port, int receive_bytes = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    FATHOM_CHECK(socket_.valid(), "socket");
    if (receive_bytes > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    // A test that waits for what never comes fails instead of hanging.
    const timeval patience = {.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FATHOM_CHECK(
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0,
        "connect to port {}", port);
  }

  int socket() const { return socket_.get(); }

  // False when the server has closed the connection.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  void EndSending() { ::shutdown(socket_.get(), SHUT_WR); }

  // Gone with a reset, as a program that was killed with data unread.
  void Reset() {
    const linger hard = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    socket_ = FileDescriptor();
  }
  void Close() { socket_ = FileDescriptor(); }

  // The next answer. `has_body` is false for answers to HEAD.
  HttpAnswer Read(bool has_body = true) {
    HttpAnswer answer;
    size_t end;
    while ((end = input_.find("\r\n\r\n")) == input_.npos) {
      if (!Receive()) return answer;
    }
    answer.head = input_.substr(0, end + 4);
    input_.erase(0, end + 4);
    if (answer.head.size() < 13) return answer;
    answer.status = std::atoi(answer.head.c_str() + 9);
    if (!has_body || answer.status < 200 || answer.status == 204) {
      answer.whole = true;
    } else if (answer.Header("Transfer-Encoding") == "chunked") {
      answer.whole = ReadChunks(answer.body);
    } else if (const std::string length = answer.Header("Content-Length"); !length.empty()) {
      const size_t size = std::strtoull(length.c_str(), nullptr, 10);
      while (input_.size() < size && Receive()) {
      }
      answer.whole = input_.size() >= size;
      answer.body = input_.substr(0, size);
      input_.erase(0, size);
    } else {
      while (Receive()) {
      }
      answer.whole = !reset_;
      answer.body = std::move(input_);
      input_.clear();
    }
    return answer;
  }

  // Everything up to and with `text`; "" when the connection ends before it.
  std::string ReadUntil(std::string_view text) {
    size_t at;
    while ((at = input_.find(text)) == input_.npos) {
      if (!Receive()) return "";
    }
    std::string read = input_.substr(0, at + text.size());
    input_.erase(0, read.size());
    return read;
  }

  // Everything until the connection ends.
  std::string ReadAll() {
    while (Receive()) {
    }
    return std::exchange(input_, {});
  }

  // Waits until the server ends the connection; false when it sends something instead.
  bool Ended() { return input_.empty() && !Receive(); }

  // Whether the server has neither sent anything nor ended the connection.
  bool Quiet() {
    pollfd poll = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return input_.empty() && ::poll(&poll, 1, 0) == 0;
  }

 private:
  bool Receive() {
    char buffer[16 << 10];
    const ssize_t bytes = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
    reset_ = bytes < 0;
    if (bytes <= 0) return false;
    input_.append(buffer, static_cast<size_t>(bytes));
    return true;
  }

  bool ReadChunks(std::string& body) {
    while (true) {
      const std::string line = ReadUntil("\r\n");
      if (line.empty()) return false;
      const size_t size = std::strtoull(line.c_str(), nullptr, 16);
      while (input_.size() < size + 2) {
        if (!Receive()) return false;
      }
      body += input_.substr(0, size);
      input_.erase(0, size + 2);
      if (size == 0) return true;
    }
  }

  FileDescriptor socket_;
  std::string input_;
  bool reset_ = false;
};

}  // namespace fathom::test
