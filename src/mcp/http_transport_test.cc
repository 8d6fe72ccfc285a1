#include "mcp/http_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "mcp/message.h"
#include "mcp/session.h"
#include "support/mcp_http_peer.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::McpHttpPeer;
using test::RawConnection;
using testing::HasSubstr;

Patience Patient() { return Patience::For(seconds(60)); }

http::Client& TheClient() {
  static const std::unique_ptr<http::Client> client = http::Client::Create().value();
  return *client;
}

struct Told {
  std::atomic<int> changed = 0, closed = 0;
  Session::Callbacks Callbacks() {
    return {.on_tools_changed = [this] { ++changed; },
            .on_closed = [this](const Status&) { ++closed; },
            .on_log = [](std::string_view) {}};
  }
};

Result<std::shared_ptr<Session>> Open(const std::string& url, Told& told,
                                      http::Headers headers = {}) {
  HttpConfig config;
  config.url = *http::ParseUrl(url);
  config.headers = std::move(headers);
  return Session::Open(MakeHttpTransport(std::move(config), TheClient()), told.Callbacks(),
                       Patient());
}

TEST(HttpTransport, AsksAndIsAnsweredByJsonAndByEvents) {
  for (const McpHttpPeer::Style style : {McpHttpPeer::Style::kJson, McpHttpPeer::Style::kEvents}) {
    Told told;
    McpHttpPeer peer(style);
    {
      const auto session = Open(peer.url(), told, {{"Authorization", "Bearer k"}});
      ASSERT_TRUE(session.ok()) << session.status().message();
      const auto result = (*session)->Request("tools/list", json::Object{}, Patient());
      ASSERT_TRUE(result.ok()) << result.status().message();
      EXPECT_EQ(result->Find("tools")->array().size(), 1U);
    }
    const std::vector<std::string> heads = peer.heads();
    ASSERT_GE(heads.size(), 4U);
    EXPECT_THAT(heads[0], HasSubstr("Accept: application/json, text/event-stream\r\n"));
    EXPECT_THAT(heads[0], HasSubstr("Authorization: Bearer k\r\n"));
    EXPECT_THAT(heads[0], testing::Not(HasSubstr("Mcp-Session-Id")));
    EXPECT_THAT(heads[1], HasSubstr("Mcp-Session-Id: session-1\r\n"));
    bool deleted = false;
    for (size_t i = 2; i < heads.size(); ++i) {
      EXPECT_THAT(heads[i], HasSubstr("MCP-Protocol-Version: 2025-06-18\r\n"));
      deleted = deleted || heads[i].starts_with("DELETE ");
    }
    EXPECT_TRUE(deleted);
  }
}

TEST(HttpTransport, TheServersOwnStreamIsRead) {
  Told told;
  McpHttpPeer peer(McpHttpPeer::Style::kJson);
  peer.OfferStream();
  const auto session = Open(peer.url(), told);
  ASSERT_TRUE(session.ok());
  for (int i = 0; i < 3000 && told.changed == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_GE(told.changed, 1);
}

TEST(HttpTransport, ASessionThatIsLostIsSaid) {
  Told told;
  McpHttpPeer peer(McpHttpPeer::Style::kJson);
  const auto session = Open(peer.url(), told);
  ASSERT_TRUE(session.ok());
  peer.ForgetSession();
  const auto result = (*session)->Request("tools/list", json::Object{}, Patient());
  EXPECT_EQ(result.status().code(), Code::kNotFound);
  EXPECT_EQ(told.closed, 1);
}

struct BadCase {
  const char* answer;
  const char* message;
};

// One answer to everything.
TEST(HttpTransport, SaysWhatIsWrong) {
  for (const BadCase& each : std::vector<BadCase>{
           {"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n",
            "redirects are not followed"},
           {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "HTTP 401 Unauthorized"},
           {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404 Not Found"},
           {"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n"
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"no "
            "session\"}}",
            "HTTP 400 Bad Request: no session"},
           {"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\n\r\nbroken \xff", "broken \xEF\xBF\xBD"},
           {"HTTP/1.1 500 X\r\nContent-Type: text/html\r\n\r\n<html>", "HTTP 500"},
           {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "'text/html'"},
           {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "content of type ''"},
           {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}", "not what it was asked"},
           {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
            "{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}",
            "not what it was asked"},
           {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n",
            "not what it was asked"},
           {"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", "content of type ''"},
           {"garbage\r\n\r\n", "not HTTP"},
       }) {
    const test::RawServer server([&](RawConnection& connection) {
      connection.ReadUntil("\"initialize\"");
      connection.Write(each.answer);
    });
    Told told;
    const auto session = Open(server.url(), told);
    EXPECT_FALSE(session.ok()) << each.answer;
    EXPECT_THAT(session.status().message(), HasSubstr(each.message)) << each.answer;
  }
}

TEST(HttpTransport, EndlessAnswersEnd) {
  for (const char* head : {"Content-Type: application/json", "Content-Type: text/event-stream"}) {
    const test::RawServer server([&](RawConnection& connection) {
      connection.ReadUntil("\"initialize\"");
      connection.Write(std::string("HTTP/1.1 200 OK\r\n") + head + "\r\n\r\ndata: ");
      const std::string piece(1 << 20, 'x');
      while (connection.Write(piece)) {
      }
    });
    Told told;
    const auto session = Open(server.url(), told);
    EXPECT_EQ(session.status().code(), Code::kResourceExhausted) << session.status().message();
  }
}

TEST(HttpTransport, AStopEndsACallAndTellsTheServer) {
  Told told;
  McpHttpPeer peer(McpHttpPeer::Style::kEvents);
  const auto session = Open(peer.url(), told);
  ASSERT_TRUE(session.ok());
  std::stop_source source;
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    source.request_stop();
  });
  const auto result = (*session)->Request("never", json::Object{}, {.stop = source.get_token()});
  stopper.join();
  EXPECT_EQ(result.status().code(), Code::kCancelled);
  EXPECT_THAT(peer.bodies(), testing::Contains(HasSubstr("notifications/cancelled")));
}

}  // namespace
}  // namespace fathom::mcp
