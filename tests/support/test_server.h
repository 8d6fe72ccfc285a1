// A server on a free port of the loopback, with a handler of a few paths:
//   /echo…   method, path, query and body, in one line      /slow    the same after 2 ms
//   /client  where the client is                            /stream  three events
//   /drop    no answer at all                               /cut     a stream that breaks off
//   /keep    handed to the test (TakeKept)
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "http/server.h"

namespace fathom::test {

inline std::string Get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
}
inline std::string Post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class TestServer {
 public:
  explicit TestServer(http::ServerOptions options = {}) : workers_(2) {
    auto started = http::Server::Start(
        std::move(options), workers_,
        [this](std::shared_ptr<http::Exchange> exchange) { Handle(std::move(exchange)); });
    FATHOM_CHECK(started.ok(), "{}", started.status().message());
    server_ = std::move(started).value();
  }

  http::Server* operator->() { return server_.get(); }
  uint16_t port() const { return server_->port(); }
  void Stop() { server_.reset(); }

  // The next exchange of /keep, as soon as there is one.
  std::shared_ptr<http::Exchange> TakeKept() {
    std::unique_lock lock(mutex_);
    FATHOM_CHECK(arrived_.wait_for(lock, std::chrono::seconds(60), [&] { return !kept_.empty(); }),
                 "no request for /keep came");
    auto exchange = std::move(kept_.front());
    kept_.pop_front();
    return exchange;
  }

  // Until so many are open.
  void WaitForConnections(int64_t count) const {
    for (int i = 0; i < 6000; ++i) {
      if (server_->counts().connections == count) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FATHOM_CHECK(false, "{} connections, not {}", server_->counts().connections, count);
  }

 private:
  void Handle(std::shared_ptr<http::Exchange> exchange) {
    const http::RequestHead& head = exchange->request().head;
    if (head.path == "/drop") return;
    if (head.path == "/keep") {
      {
        const std::lock_guard lock(mutex_);
        kept_.push_back(std::move(exchange));
      }
      arrived_.notify_one();
    } else if (head.path == "/client") {
      exchange->Send({.body = head.client + (head.tls ? " tls" : " plain")});
    } else if (head.path == "/stream") {
      const auto stream = exchange->StartStream({.content_type = "text/event-stream"});
      for (int i = 0; i < 3; ++i) stream->Write("data: " + std::to_string(i) + "\n\n");
      stream->Finish();
    } else if (head.path == "/cut") {
      exchange->StartStream({})->Write("half");
    } else {
      if (head.path == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(2));
      exchange->Send({.body = head.method + " " + head.path + " " + head.query + " " +
                              exchange->request().body});
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<http::Exchange>> kept_;
  TaskQueue workers_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace fathom::test
