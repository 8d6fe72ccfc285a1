#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "support/http_client.h"
#include "support/test_server.h"

namespace fathom::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Get;
using test::HttpAnswer;
using test::HttpClient;
using test::Post;
using test::TestServer;

// The server still does its work.
void ExpectAlive(TestServer& server) {
  HttpClient client(server.port());
  client.Send(Get("/echo"));
  EXPECT_EQ(client.Read().body, "GET /echo  ");
}

// request_reader_test.cc has the many ways; here is what the client gets.
TEST(ServerAbuse, MalformedRequestsAreAnsweredAndTheConnectionEnds) {
  ServerOptions options;
  options.refusal = [](int status, const std::string& message) {
    return Response{.status = status, .body = "refused: " + message};
  };
  TestServer server(std::move(options));
  const struct {
    std::string request;
    int status;
  } cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nA\x01: b\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417},
      {"\x16\x03\x01\x02\x05\x01\x03\x03\r\n\r\n", 400},
  };
  int refused = 0;
  for (const auto& test : cases) {
    HttpClient client(server.port());
    client.Send(test.request + "and what else there is");
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.status, test.status) << test.request;
    EXPECT_TRUE(answer.body.starts_with("refused: ")) << answer.body;
    EXPECT_EQ(answer.Header("Connection"), "close");
    EXPECT_TRUE(client.Ended()) << test.request;
    EXPECT_EQ(server->counts().refused, ++refused);
  }
  ExpectAlive(server);
}

TEST(ServerAbuse, AHugeHeadIsRefused) {
  TestServer server;
  HttpClient client(server.port());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(1 << 20, 'a') + "\r\n\r\n");
  EXPECT_EQ(client.Read().status, 431);
  EXPECT_TRUE(client.Ended());
  ExpectAlive(server);
}

// The client that sends everything before it reads still finds the answer: what comes is taken and
// forgotten, up to a limit.
TEST(ServerAbuse, ABodyAboveTheLimitIsRefusedAndTheAnswerFound) {
  ServerOptions options;
  options.body_bytes = 1 << 20;
  TestServer server(std::move(options));
  const std::string body(3 << 20, 'x');
  for (const bool chunked : {false, true}) {
    HttpClient client(server.port());
    const std::string length = chunked ? "Transfer-Encoding: chunked\r\n\r\n300000\r\n"
                                       : "Content-Length: 3145728\r\n\r\n";
    client.Send("POST /echo HTTP/1.1\r\nHost: x\r\n" + length + body);
    EXPECT_EQ(client.Read().status, 413);
    EXPECT_TRUE(client.Ended());
  }
  ExpectAlive(server);
}

TEST(ServerAbuse, AHundredMegabytesAreNotReadToTheEnd) {
  ServerOptions options;
  options.body_bytes = 1000;
  TestServer server(std::move(options));
  HttpClient client(server.port());
  client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n");
  EXPECT_EQ(client.Read().status, 413);
  const std::string megabyte(1 << 20, 'x');
  int sent = 0;
  while (sent < 100 && client.Send(megabyte)) ++sent;
  EXPECT_LT(sent, 100);
  ExpectAlive(server);
}

// Many clients with bodies that are each allowed must not take all memory together.
TEST(ServerAbuse, AllBodiesTogetherHaveALimitToo) {
  ServerOptions options;
  options.body_bytes = 1 << 20;
  options.all_bodies_bytes = 1 << 20;
  TestServer server(std::move(options));
  const std::string large(900'000, 'x'), small(400'000, 'y');
  HttpClient first(server.port());
  first.Send(Post("/keep", large));
  std::shared_ptr<Exchange> kept = server.TakeKept();  // read, and not yet answered
  HttpClient second(server.port());
  second.Send(Post("/echo", small));
  EXPECT_EQ(second.Read().status, 503);
  kept->Send({.body = "done"});
  EXPECT_EQ(first.Read().status, 200);
  HttpClient third(server.port());
  for (int i = 0; i < 5; ++i) {  // what is answered is room again, on an open connection as well
    third.Send(Post("/echo", large));
    EXPECT_EQ(third.Read().status, 200);
  }
}

TEST(ServerAbuse, SlowRequestsTimeOut) {
  ServerOptions options;
  options.head_timeout = milliseconds(100);
  options.body_timeout = milliseconds(100);
  options.idle_timeout = milliseconds(100);
  TestServer server(std::move(options));
  HttpClient silent(server.port());
  EXPECT_TRUE(silent.Ended());
  HttpClient kept(server.port());
  kept.Send(Get("/echo"));
  EXPECT_EQ(kept.Read().status, 200);
  EXPECT_TRUE(kept.Ended());
  for (const char* begin :
       {"GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"}) {
    HttpClient client(server.port());
    client.Send(begin);
    const HttpAnswer answer = client.Read();
    EXPECT_EQ(answer.status, 408) << begin;
    EXPECT_EQ(answer.Header("Connection"), "close");
  }
  // A byte now and then does not help.
  HttpClient drop(server.port());
  drop.Send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 600 && drop.Quiet(); ++i) {
    drop.Send("a");
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(drop.Read().status, 408);
  // Empty lines begin no request that could be late.
  HttpClient lines(server.port());
  lines.Send("\r\n\r");
  EXPECT_TRUE(lines.Ended());
  // A handler that thinks is no timeout.
  HttpClient waiting(server.port());
  waiting.Send(Get("/keep"));
  const auto exchange = server.TakeKept();
  std::this_thread::sleep_for(milliseconds(300));
  exchange->Send({.body = "thought"});
  EXPECT_EQ(waiting.Read().body, "thought");
}

// Files for `connections` clients in this process, which has both ends of each.
bool AllowFiles(rlim_t connections) {
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, 2 * connections + 2000));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= 2 * connections + 2000;
}

TEST(ServerAbuse, IdleConnectionsUpToTheLimitAndPolitelyNoMore) {
  constexpr size_t kConnections = 2000;
  ASSERT_TRUE(AllowFiles(kConnections)) << "the hard limit of open files is too low for this test";
  ServerOptions options;
  options.connections = kConnections;
  TestServer server(std::move(options));
  std::vector<std::unique_ptr<HttpClient>> idle;
  for (size_t i = 0; i < kConnections; ++i) {
    idle.push_back(std::make_unique<HttpClient>(server.port()));
  }
  server.WaitForConnections(kConnections);
  for (int i = 0; i < 200; ++i) {
    HttpClient more(server.port());
    if (i % 2 == 0) more.Send(Get("/echo"));
    const HttpAnswer answer = more.Read();
    ASSERT_EQ(answer.status, 503) << i;
    ASSERT_EQ(answer.Header("Retry-After"), "1");
    ASSERT_EQ(answer.Header("Connection"), "close");
    ASSERT_TRUE(more.Ended());
  }
  EXPECT_EQ(server->counts().connections, static_cast<int64_t>(kConnections));
  // Those inside are served, and a place that is given up is taken.
  for (size_t i = 0; i < kConnections; i += 100) {
    idle[i]->Send(Get("/echo"));
    ASSERT_EQ(idle[i]->Read().status, 200);
  }
  idle.pop_back();
  server.WaitForConnections(kConnections - 1);
  ExpectAlive(server);
}

// Bytes of no sense at all, and of a little: nothing crashes, nobody else is disturbed.
TEST(ServerAbuse, RandomBytes) {
  TestServer server;
  std::mt19937_64 random(1);
  const std::string pieces[] = {"GET ",
                                "POST ",
                                "/echo",
                                " HTTP/1.1\r\n",
                                "Host: x\r\n",
                                "\r\n",
                                "Content-Length: 3\r\n",
                                "Transfer-Encoding: chunked\r\n",
                                "3\r\nabc\r\n",
                                "0\r\n\r\n",
                                "Expect: 100-continue\r\n",
                                "Connection: close\r\n"};
  HttpClient witness(server.port());
  for (int round = 0; round < 400; ++round) {
    std::string bytes;
    for (uint64_t i = random() % 12; i > 0; --i) {
      if (random() % 4 == 0) {
        for (uint64_t n = random() % 8; n > 0; --n) bytes += static_cast<char>(random());
      } else {
        bytes += pieces[random() % std::size(pieces)];
      }
    }
    HttpClient client(server.port());
    client.Send(bytes);
    if (random() % 2 == 0) {
      client.EndSending();
      client.ReadAll();
    } else if (random() % 2 == 0) {
      client.Reset();
    }
    if (round % 10 == 0) {
      witness.Send(Get("/echo"));
      ASSERT_EQ(witness.Read().body, "GET /echo  ") << round;
    }
  }
  server.WaitForConnections(1);
}

}  // namespace
}  // namespace fathom::http
