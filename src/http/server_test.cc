#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "support/http_client.h"
#include "support/test_server.h"

namespace fathom::http {
namespace {

using test::Get;
using test::HttpAnswer;
using test::HttpClient;
using test::Post;
using test::TestServer;

TEST(Server, AnswersAWholeRequest) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(Post("/echo?x=1", "hello"));
  const HttpAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "POST /echo x=1 hello");
  EXPECT_EQ(answer.Header("Content-Type"), "application/json");
  EXPECT_EQ(answer.Header("Content-Length"), "20");
  EXPECT_EQ(answer.Header("Connection"), "");
  EXPECT_TRUE(answer.Header("Date").ends_with(" GMT"));
}

TEST(Server, KeepsTheConnectionAndCounts) {
  TestServer server;
  HttpClient client(server.port());
  for (int i = 0; i < 50; ++i) {
    client.Send(Get("/echo"));
    ASSERT_EQ(client.Read().status, 200);
  }
  EXPECT_EQ(server->counts().connections, 1);
  EXPECT_EQ(server->counts().requests, 50);
  EXPECT_EQ(server->counts().refused, 0);
  client.Close();
  server.WaitForConnections(0);
}

TEST(Server, EverySplitOfARequest) {
  TestServer server;
  HttpClient client(server.port());
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
  for (size_t at = 1; at < request.size(); ++at) {
    client.Send(request.substr(0, at));
    if (at % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    client.Send(request.substr(at));
    ASSERT_EQ(client.Read().body, "POST /echo  ab") << at;
  }
  for (const char c : request) client.Send({&c, 1});
  EXPECT_EQ(client.Read().body, "POST /echo  ab");
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server;
  HttpClient client(server.port());
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += i % 3 == 0 ? Post("/slow", std::to_string(i)) : Post("/echo", std::to_string(i));
  }
  client.Send(requests);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(client.Read().body,
              std::string("POST ") + (i % 3 == 0 ? "/slow" : "/echo") + "  " + std::to_string(i));
  }
}

// More than the server reads ahead: it stops reading, and loses nothing.
TEST(Server, AVeryLongPipelineIsAnsweredWhole) {
  TestServer server;
  HttpClient client(server.port());
  constexpr int kRequests = 3000;
  std::thread sender([&] {
    for (int i = 0; i < kRequests; ++i) client.Send(Post("/echo", std::string(100, 'x')));
  });
  int answered = 0;
  while (answered < kRequests && client.Read().status == 200) ++answered;
  sender.join();
  EXPECT_EQ(answered, kRequests);
}

TEST(Server, HeadHasTheLengthAndNoBody) {
  TestServer server;
  HttpClient client(server.port());
  for (const char* path : {"/echo", "/stream"}) {
    client.Send("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const HttpAnswer answer = client.Read(/*has_body=*/false);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.Header("Content-Length"), path == std::string("/echo") ? "12" : "");
  }
  client.Send(Get("/echo"));
  EXPECT_EQ(client.Read().body, "GET /echo  ");
}

TEST(Server, ConnectionsEndWhenTheClientSaysSo) {
  TestServer server;
  const struct {
    std::string request, connection;
    bool ends;
  } cases[] = {
      {"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "close", true},
      {"GET /echo HTTP/1.0\r\n\r\n", "close", true},
      {"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", false},
      {"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "", false},
  };
  for (const auto& test : cases) {
    HttpClient client(server.port());
    client.Send(test.request);
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.body, "GET /echo  ") << test.request;
    EXPECT_EQ(answer.Header("Connection"), test.connection) << test.request;
    if (test.ends) {
      EXPECT_TRUE(client.Ended()) << test.request;
    } else {
      client.Send(Get("/echo"));
      EXPECT_EQ(client.Read().status, 200) << test.request;
    }
  }
}

TEST(Server, AStreamToHttp10EndsWithTheConnection) {
  TestServer server;
  HttpClient client(server.port());
  client.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const HttpAnswer answer = client.Read();
  EXPECT_EQ(answer.Header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_EQ(answer.body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
  EXPECT_TRUE(answer.whole);
}

TEST(Server, ContinueComesBeforeTheBody) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("ab");
  EXPECT_EQ(client.Read().body, "POST /echo  ab");
}

TEST(Server, ARefusedHeadGetsNoContinue) {
  ServerOptions options;
  options.body_bytes = 10;
  options.on_head = [](const RequestHead& head) -> std::optional<Response> {
    if (head.path == "/secret") return Response{.status = 401, .body = "no"};
    return std::nullopt;
  };
  TestServer server(std::move(options));
  const struct {
    std::string path, length;
    int status;
  } cases[] = {{"/secret", "5", 401}, {"/secret", "500", 401}, {"/echo", "500", 413}};
  for (const auto& test : cases) {
    HttpClient client(server.port());
    client.Send("POST " + test.path + " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" +
                "Content-Length: " + test.length + "\r\n\r\n");
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.status, test.status) << test.path;
    EXPECT_EQ(answer.Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
  }
}

TEST(Server, OnHeadAnswersBeforeTheBodyAndKeepsBodylessConnections) {
  ServerOptions options;
  options.on_head = [](const RequestHead& head) -> std::optional<Response> {
    if (head.headers.Find("Key")) return std::nullopt;
    return Response{.status = 401, .headers = {{"WWW-Authenticate", "Bearer"}}, .body = "who?"};
  };
  TestServer server(std::move(options));
  HttpClient client(server.port());
  client.Send(Get("/echo"));
  HttpAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.Header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(answer.body, "who?");
  client.Send("GET /echo HTTP/1.1\r\nHost: x\r\nKey: 1\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this");
  answer = client.Read();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(client.Ended());
}

TEST(Server, ADroppedExchangeIsA500) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(Get("/drop"));
  EXPECT_EQ(client.Read().status, 500);
  client.Send(Get("/echo"));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(server->counts().refused, 1);
}

TEST(Server, TheHandlerKnowsTheClient) {
  TestServer server;
  HttpClient client(server.port());
  sockaddr_in own = {};
  socklen_t size = sizeof(own);
  ASSERT_EQ(::getsockname(client.socket(), reinterpret_cast<sockaddr*>(&own), &size), 0);
  client.Send(Get("/client"));
  EXPECT_EQ(client.Read().body, "127.0.0.1:" + std::to_string(ntohs(own.sin_port)) + " plain");
}

TEST(Server, PathsMayHoldAnyBytes) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(Get("/echo/\xff\xfe%00\xc3"));
  EXPECT_EQ(client.Read().body, "GET /echo/\xff\xfe%00\xc3  ");
}

TEST(Server, AnAnswerMayComeLaterFromAnyThread) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(Get("/keep"));
  const std::shared_ptr<Exchange> exchange = server.TakeKept();
  EXPECT_TRUE(client.Quiet());
  std::thread([&] { exchange->Send({.body = "late"}); }).join();
  EXPECT_EQ(client.Read().body, "late");
}

TEST(Server, ExchangesAndStreamsMayOutliveIt) {
  std::shared_ptr<Exchange> unanswered, started, late;
  std::shared_ptr<ResponseStream> stream;
  std::atomic<int> gone = 0;
  {
    TestServer server;
    HttpClient a(server.port()), b(server.port()), c(server.port());
    for (HttpClient* client : {&a, &b, &c}) client->Send(Get("/keep"));
    unanswered = server.TakeKept();
    started = server.TakeKept();
    late = server.TakeKept();
    stream = started->StartStream({});
    unanswered->OnGone([&] { gone.fetch_add(1); });
    started->OnGone([&] { gone.fetch_add(1); });
  }
  EXPECT_EQ(gone.load(), 2);
  EXPECT_EQ(stream->Write("x"), ResponseStream::Taken::kGone);
  stream->Finish();
  unanswered->Send({});
  late->OnGone([&] { gone.fetch_add(1); });
  EXPECT_EQ(gone.load(), 3);
  late.reset();
}

TEST(Server, OnServedTellsHowItWent) {
  std::mutex mutex;
  std::vector<std::pair<std::string, Served>> served;
  {
    ServerOptions options;
    options.on_served = [&](const RequestHead& head, const Served& how) {
      const std::lock_guard lock(mutex);
      served.emplace_back(head.method + " " + head.path, how);
    };
    TestServer server(std::move(options));
    HttpClient client(server.port());
    client.Send(Get("/echo"));
    const HttpAnswer answer = client.Read();
    client.Send("GET / HTTP/1.1\r\n\r\n");
    client.Read();
    EXPECT_TRUE(client.Ended());
    HttpClient leaving(server.port());
    leaving.Send(Get("/keep"));
    server.TakeKept()->Send({.body = "x"});
    leaving.Read();
    leaving.Send(Get("/keep"));
    const auto kept = server.TakeKept();
    leaving.Close();
    server.WaitForConnections(0);
    HttpClient cut(server.port());
    cut.Send(Get("/cut"));
    const HttpAnswer half = cut.Read();
    EXPECT_EQ(half.body, "half");
    EXPECT_FALSE(half.whole);
    server.WaitForConnections(0);

    const std::lock_guard lock(mutex);
    ASSERT_EQ(served.size(), 5u);
    EXPECT_EQ(served[0].first, "GET /echo");
    EXPECT_EQ(served[0].second.status, 200);
    EXPECT_EQ(served[0].second.bytes,
              static_cast<int64_t>(answer.head.size() + answer.body.size()));
    EXPECT_GE(served[0].second.microseconds, 0);
    EXPECT_EQ(served[0].second.end, Served::End::kComplete);
    EXPECT_EQ(served[1].second.status, 400);
    EXPECT_EQ(served[3].second.status, 0);
    EXPECT_EQ(served[3].second.end, Served::End::kClientGone);
    EXPECT_EQ(served[4].second.status, 200);
    EXPECT_EQ(served[4].second.end, Served::End::kCut);
  }
}

TEST(Server, SaysWhyItCanNotStart) {
  TaskQueue workers(1);
  const Handler handler = [](std::shared_ptr<Exchange>) {};
  const auto start = [&](ServerOptions options) {
    return Server::Start(std::move(options), workers, handler).status();
  };
  EXPECT_EQ(start({.host = "not an address"}).message(), "'not an address' is no IP address");
  EXPECT_EQ(start({.host = "example.com"}).message(), "'example.com' is no IP address");
  TestServer server;
  const Status taken = start({.port = server.port()});
  EXPECT_EQ(taken.code(), Code::kInvalidArgument);
  EXPECT_EQ(taken.message(), "can't listen on 127.0.0.1 port " + std::to_string(server.port()) +
                                 ": Address already in use");
}

TEST(Server, LocalhostIsAnAddress) {
  TaskQueue workers(1);
  const Handler handler = [](std::shared_ptr<Exchange> exchange) { exchange->Send({}); };
  auto server = Server::Start({.host = "localhost"}, workers, handler);
  ASSERT_TRUE(server.ok()) << server.status().message();
  HttpClient client((*server)->port());
  client.Send(Get("/"));
  EXPECT_EQ(client.Read().status, 200);
}

}  // namespace
}  // namespace fathom::http
