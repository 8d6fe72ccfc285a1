#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/raw_server.h"
#include "support/test_server.h"

namespace fathom::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::RawConnection;
using test::RawServer;
using test::TestServer;
using testing::HasSubstr;

Patience Patient() { return Patience::For(seconds(60)); }

Url UrlOf(const std::string& text) {
  const Result<Url> url = ParseUrl(text);
  EXPECT_TRUE(url.ok()) << text << ": " << url.status().message();
  return *url;
}

std::string LocalUrl(uint16_t port, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(port) + path;
}

std::unique_ptr<Client> MakeClient(ClientOptions options = {}) {
  Result<std::unique_ptr<Client>> client = Client::Create(std::move(options));
  EXPECT_TRUE(client.ok()) << client.status().message();
  return std::move(client).value();
}

TEST(ParseUrl, TakesWhatAServerCanHave) {
  struct Case {
    const char* text;
    bool tls;
    const char* host;
    int port;
    const char* target;
  };
  for (const Case& each : std::vector<Case>{
           {"http://a", false, "a", 80, "/"},
           {"https://example.org/mcp", true, "example.org", 443, "/mcp"},
           {"https://example.org:8443/mcp?a=b&c", true, "example.org", 8443, "/mcp?a=b&c"},
           {"http://127.0.0.1:8080", false, "127.0.0.1", 8080, "/"},
           {"http://[::1]:9/x", false, "::1", 9, "/x"},
           {"http://[::1]", false, "::1", 80, "/"},
           {"http://a?b=c", false, "a", 80, "/?b=c"}}) {
    const Url url = UrlOf(each.text);
    EXPECT_EQ(url.tls, each.tls) << each.text;
    EXPECT_EQ(url.host, each.host) << each.text;
    EXPECT_EQ(url.port, each.port) << each.text;
    EXPECT_EQ(url.target, each.target) << each.text;
  }
}

TEST(ParseUrl, RefusesTheRest) {
  for (const std::string& text : std::vector<std::string>{"",
                                                          "example.org",
                                                          "ftp://a/",
                                                          "http://",
                                                          "http:///x",
                                                          "http://a:0/",
                                                          "http://a:65536/",
                                                          "http://a:x/",
                                                          "http://a:1x",
                                                          "http://u@a/",
                                                          "http://u:p@a/",
                                                          "http://[::1",
                                                          "http://[]/",
                                                          "http://[::1]x",
                                                          "http://a b/",
                                                          "http://a/\r\nX: y",
                                                          "http://a/#part",
                                                          "http://a\x7f/",
                                                          "http://ä/",
                                                          "http://a/" + std::string(9000, 'x')}) {
    EXPECT_FALSE(ParseUrl(text).ok()) << text;
  }
}

TEST(Client, SendsARequestAndReadsItsAnswer) {
  TestServer server;
  const auto client = MakeClient();
  const auto got = client->Send({.url = UrlOf(LocalUrl(server.port(), "/echo?a=b"))}, Patient());
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ((*got)->status(), 200);
  EXPECT_EQ((*got)->headers().Find("content-type"), "application/json");
  EXPECT_EQ(*(*got)->ReadAll(1000, Patient()), "GET /echo a=b ");

  const std::string body(3 << 20, 'x');
  const auto posted = client->Send(
      {.method = "POST", .url = UrlOf(LocalUrl(server.port(), "/echo")), .body = body}, Patient());
  ASSERT_TRUE(posted.ok()) << posted.status().message();
  EXPECT_EQ((*posted)->ReadAll(4 << 20, Patient())->size(), body.size() + 12);
}

TEST(Client, ReadsAStreamPieceByPiece) {
  TestServer server;
  std::thread handler([&] {
    const auto stream = server.TakeKept()->StartStream({.content_type = "text/event-stream"});
    stream->Write("one");
    const auto second = server.TakeKept();  // the client has seen "one"
    stream->Write("two");
    stream->Finish();
    second->Send({});
  });
  const auto client = MakeClient();
  const Url url = UrlOf(LocalUrl(server.port(), "/keep"));
  const auto got = client->Send({.url = url}, Patient());
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(*(*got)->Read(Patient()), "one");
  ASSERT_TRUE(client->Send({.url = url}, Patient()).ok());
  EXPECT_EQ(*(*got)->Read(Patient()), "two");
  EXPECT_EQ(*(*got)->Read(Patient()), "");
  EXPECT_EQ(*(*got)->Read(Patient()), "");
  handler.join();
}

TEST(Client, SaysWhatIsWrong) {
  const auto client = MakeClient();
  uint16_t closed_port;
  {
    const TestServer server;
    closed_port = server.port();
  }
  const auto refused = client->Send({.url = UrlOf(LocalUrl(closed_port, "/"))}, Patient());
  EXPECT_EQ(refused.status().code(), Code::kNotFound);
  EXPECT_THAT(refused.status().message(), HasSubstr("Connection refused"));

  const auto unknown = client->Send({.url = UrlOf("http://no-such-host.invalid/")}, Patient());
  EXPECT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.status().message(), HasSubstr("no-such-host.invalid"));

  TestServer server;
  const auto drop = client->Send({.url = UrlOf(LocalUrl(server.port(), "/cut"))}, Patient());
  ASSERT_TRUE(drop.ok());
  const auto all = (*drop)->ReadAll(1000, Patient());
  EXPECT_EQ(all.status().code(), Code::kDataLoss) << all.status().message();

  const auto large = client->Send({.url = UrlOf(LocalUrl(server.port(), "/stream"))}, Patient());
  ASSERT_TRUE(large.ok());
  EXPECT_EQ((*large)->ReadAll(10, Patient()).status().code(), Code::kResourceExhausted);
}

TEST(Client, LetsNoHeaderEndItsLine) {
  const RawServer server([](RawConnection& connection) { connection.WaitForEnd(); });
  const auto client = MakeClient();
  for (const Header& header : std::vector<Header>{
           {"A", "b\r\nC: d"}, {"A: b", "c"}, {"", "x"}, {"A", std::string("b\0c", 3)}}) {
    const auto sent = client->Send({.url = UrlOf(server.url()), .headers = {header}}, Patient());
    EXPECT_EQ(sent.status().code(), Code::kInvalidArgument) << header.name;
  }
}

TEST(Client, AServerThatNeverAnswersIsLeftAtTheDeadline) {
  const RawServer server([](RawConnection& connection) { connection.WaitForEnd(); });
  const auto sent =
      MakeClient()->Send({.url = UrlOf(server.url())}, Patience::For(milliseconds(50)));
  EXPECT_EQ(sent.status().code(), Code::kResourceExhausted) << sent.status().message();
}

TEST(Client, AStopFromAnotherThreadEndsEveryWait) {
  // Before the head, in the middle of a body, and while a large request is taken slowly.
  const RawServer silent([](RawConnection& connection) { connection.WaitForEnd(); });
  const RawServer half([](RawConnection& connection) {
    connection.ReadUntil("\r\n\r\n");
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    connection.WaitForEnd();
  });
  const RawServer deaf([](RawConnection& connection) {
    connection.ReadUntil("\r\n\r\n");
    std::this_thread::sleep_for(milliseconds(300));
  });
  const auto client = MakeClient();
  for (const RawServer* server : {&silent, &half, &deaf}) {
    std::stop_source source;
    std::thread stopper([&] {
      std::this_thread::sleep_for(milliseconds(50));
      source.request_stop();
    });
    const Patience patience = {.stop = source.get_token()};
    const size_t size = server == &deaf ? size_t{64} << 20 : 1;
    auto sent = client->Send(
        {.method = "POST", .url = UrlOf(server->url()), .body = std::string(size, 'x')}, patience);
    Status status = sent.status();
    if (sent.ok()) status = (*sent)->ReadAll(1000, patience).status();
    EXPECT_EQ(status.code(), Code::kCancelled) << status.message();
    stopper.join();
  }
}

TEST(Client, AnAnswerThatComesBeforeTheRequestIsReadCounts) {
  const RawServer server([](RawConnection& connection) {
    connection.ReadUntil("\r\n\r\n");
    connection.Write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    connection.WaitForEnd();
  });
  const auto sent = MakeClient()->Send(
      {.method = "POST", .url = UrlOf(server.url()), .body = std::string(1 << 20, 'x')}, Patient());
  ASSERT_TRUE(sent.ok()) << sent.status().message();
  EXPECT_EQ((*sent)->status(), 413);
}

}  // namespace
}  // namespace fathom::http
