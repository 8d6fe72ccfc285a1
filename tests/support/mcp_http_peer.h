// An MCP server behind HTTP, of one tool, with a session that a test can make it forget.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "mcp/message.h"
#include "support/raw_server.h"

namespace fathom::test {

class McpHttpPeer {
 public:
  enum class Style { kJson, kEvents };  // of its answers

  explicit McpHttpPeer(Style style)
      : style_(style), server_([this](RawConnection& connection) { Serve(connection); }) {}

  std::string url() const { return server_.url("/mcp"); }
  // From now on every request names an unknown session.
  void ForgetSession() { ++session_; }
  // A GET then gets a stream, which says that the tools have changed.
  void OfferStream() { offers_stream_ = true; }

  std::vector<std::string> heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  std::vector<std::string> bodies() const {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }

 private:
  static constexpr const char* kEmpty = "Content-Length: 0\r\n\r\n";

  std::string SessionId() const { return "session-" + std::to_string(session_); }

  void Serve(RawConnection& connection) {
    const std::string head = connection.ReadUntil("\r\n\r\n");
    // A client may think better of it: the stream of a session that ends while it connects.
    if (head.empty()) return;
    const size_t length = head.find("Content-Length: ");
    std::string body;
    if (length != head.npos) {
      body = connection.ReadBytes(std::strtoull(head.c_str() + length + 16, nullptr, 10));
    }
    {
      const std::lock_guard lock(mutex_);
      heads_.push_back(head);
      if (!body.empty()) bodies_.push_back(body);
    }
    const bool knows = head.find("Mcp-Session-Id: " + SessionId() + "\r\n") != head.npos;
    if (head.starts_with("POST ")) {
      Post(connection, body, knows);
    } else if (!knows) {
      connection.Write(std::string("HTTP/1.1 404 Not Found\r\n") + kEmpty);
    } else if (head.starts_with("GET ") && offers_stream_) {
      connection.Write(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\ndata: "
          "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n");
      connection.WaitForEnd();
    } else {
      connection.Write(std::string("HTTP/1.1 405 Method Not Allowed\r\n") + kEmpty);
    }
  }

  void Post(RawConnection& connection, const std::string& body, bool knows) {
    const auto messages = mcp::ReadMessages(body);
    FATHOM_CHECK(messages.ok(), "{}", body);
    const mcp::Message& message = messages->front();
    const bool begins = message.method == "initialize";
    if (!begins && !knows) {
      connection.Write(std::string("HTTP/1.1 404 Not Found\r\n") + kEmpty);
    } else if (message.kind != mcp::Message::Kind::kRequest) {
      connection.Write(std::string("HTTP/1.1 202 Accepted\r\n") + kEmpty);
    } else if (message.method == "never") {
      connection.Write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
      connection.WaitForEnd();
    } else {
      Answer(connection, mcp::ResultText(message.id, ResultOf(message)), begins);
    }
  }

  json::Value ResultOf(const mcp::Message& message) const {
    if (message.method == "initialize") {
      return json::Object{{"protocolVersion", "2025-06-18"},
                          {"capabilities", json::Object{{"tools", json::Object{}}}}};
    }
    if (message.method == "tools/list") {
      const json::Value tool =
          json::Object{{"name", "echo"}, {"inputSchema", json::Object{{"type", "object"}}}};
      return json::Object{{"tools", json::Array{tool}}};
    }
    return json::Object{
        {"content", json::Array{json::Object{{"type", "text"}, {"text", SessionId()}}}}};
  }

  void Answer(RawConnection& connection, const std::string& text, bool begins) {
    std::string head = "HTTP/1.1 200 OK\r\n";
    if (begins) head += "Mcp-Session-Id: " + SessionId() + "\r\n";
    if (style_ == Style::kJson) {
      connection.Write(head + "Content-Type: application/json; charset=utf-8\r\nContent-Length: " +
                       std::to_string(text.size()) + "\r\n\r\n" + text);
      return;
    }
    // A ping in front of the answer, which then ends the request although the stream goes on.
    connection.Write(head +
                     "Content-Type: text/event-stream\r\n\r\nid: 1\ndata:\n\nevent: "
                     "message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n\ndata: " +
                     text + "\n\n");
    connection.WaitForEnd();
  }

  const Style style_;
  std::atomic<int> session_ = 1;
  std::atomic<bool> offers_stream_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_, bodies_;
  RawServer server_;
};

}  // namespace fathom::test
