#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
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
using Taken = ResponseStream::Taken;
using test::Get;
using test::HttpAnswer;
using test::HttpClient;
using test::Post;
using test::TestServer;

// Until `condition` holds; the test fails after a minute.
template <typename Condition>
void WaitFor(Condition condition) {
  for (int i = 0; i < 6000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_TRUE(condition());
}

TEST(ServerStream, EachPieceArrivesWhenItIsWritten) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(Get("/keep"));
  const auto stream = server.TakeKept()->StartStream({.content_type = "text/event-stream"});
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(stream->Write("one"), Taken::kYes);
  EXPECT_EQ(client.ReadUntil("one\r\n"), "3\r\none\r\n");
  EXPECT_EQ(stream->Write(""), Taken::kYes);
  EXPECT_EQ(stream->Write("two"), Taken::kYes);
  EXPECT_EQ(client.ReadUntil("two\r\n"), "3\r\ntwo\r\n");
  stream->Finish();
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"), "0\r\n\r\n");
  client.Send(Get("/echo"));
  EXPECT_EQ(client.Read().status, 200);
}

TEST(ServerStream, ManySideBySideStayWhole) {
  TestServer server;
  constexpr size_t kStreams = 32;
  constexpr int kPieces = 500;
  std::vector<std::unique_ptr<HttpClient>> clients;
  std::vector<std::shared_ptr<ResponseStream>> streams;
  for (size_t i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server.port()));
    clients.back()->Send(Post("/keep", std::to_string(i)));
    const auto exchange = server.TakeKept();
    EXPECT_EQ(exchange->request().body, std::to_string(i));
    streams.push_back(exchange->StartStream({}));
  }
  std::thread writer([&] {
    for (int piece = 0; piece < kPieces; ++piece) {
      for (size_t i = 0; i < kStreams; ++i) {
        ASSERT_EQ(streams[i]->Write(std::to_string(i) + ":" + std::to_string(piece) + " "),
                  Taken::kYes);
      }
    }
    for (const auto& stream : streams) stream->Finish();
  });
  for (size_t i = 0; i < kStreams; ++i) {
    std::string expected;
    for (int piece = 0; piece < kPieces; ++piece) {
      expected += std::to_string(i) + ":" + std::to_string(piece) + " ";
    }
    const HttpAnswer answer = clients[i]->Read();
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.body, expected);
  }
  writer.join();
}

TEST(ServerStream, AClientThatLeavesIsNoticedWhileItWaits) {
  for (const bool reset : {false, true}) {
    TestServer server;
    HttpClient client(server.port());
    client.Send(Get("/keep"));
    const auto exchange = server.TakeKept();
    std::atomic<int> gone = 0;
    exchange->OnGone([&] { gone.fetch_add(1); });
    if (reset) {
      client.Reset();
    } else {
      client.Close();
    }
    WaitFor([&] { return gone.load() == 1; });
    server.WaitForConnections(0);
    exchange->Send({.body = "to nobody"});
    EXPECT_EQ(gone.load(), 1);
  }
}

TEST(ServerStream, AClientThatLeavesIsNoticedWhileItReads) {
  for (const bool reset : {false, true}) {
    TestServer server;
    HttpClient client(server.port());
    client.Send(Get("/keep"));
    const auto exchange = server.TakeKept();
    std::atomic<int> gone = 0;
    exchange->OnGone([&] { gone.fetch_add(1); });
    const auto stream = exchange->StartStream({});
    EXPECT_EQ(stream->Write("first"), Taken::kYes);
    client.ReadUntil("first");
    if (reset) {
      client.Reset();
    } else {
      client.Close();
    }
    // Without a single write.
    WaitFor([&] { return gone.load() == 1; });
    WaitFor([&] { return stream->Write("x") == Taken::kGone; });
    stream->Finish();
    EXPECT_EQ(gone.load(), 1);
  }
}

TEST(ServerStream, OneThatHasLeftBeforeOnGoneIsToldAtOnce) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(Get("/keep"));
  const auto exchange = server.TakeKept();
  client.Close();
  server.WaitForConnections(0);
  int gone = 0;
  exchange->OnGone([&] { ++gone; });
  EXPECT_EQ(gone, 1);
}

TEST(ServerStream, ACompleteAnswerIsNoDeparture) {
  TestServer server;
  std::atomic<int> gone = 0;
  {
    HttpClient client(server.port());
    client.Send(Get("/keep"));
    const auto exchange = server.TakeKept();
    exchange->OnGone([&] { gone.fetch_add(1); });
    const auto stream = exchange->StartStream({});
    stream->Write("x");
    stream->Finish();
    EXPECT_TRUE(client.Read().whole);
  }
  server.WaitForConnections(0);
  EXPECT_EQ(gone.load(), 0);
}

TEST(ServerStream, AStreamDroppedUnfinishedIsVisiblyBroken) {
  TestServer server;
  HttpClient chunked(server.port());
  chunked.Send(Get("/keep"));
  auto stream = server.TakeKept()->StartStream({});
  stream->Write("half");
  chunked.ReadUntil("half\r\n");
  stream.reset();
  EXPECT_TRUE(chunked.Ended());  // without the last chunk

  HttpClient old(server.port());
  old.Send("GET /keep HTTP/1.0\r\n\r\n");
  stream = server.TakeKept()->StartStream({});
  stream->Write("half");
  old.ReadUntil("half");
  stream.reset();
  EXPECT_FALSE(old.Read().whole);
}

// One client reads nothing; its stream is cut when its queue is full, at once, although a write to
// it is stuck. The others get every byte.
TEST(ServerStream, ASlowReaderIsCutAndDisturbsNobody) {
  ServerOptions options;
  options.stream_queue_bytes = 256 << 10;
  TestServer server(std::move(options));
  HttpClient slow(server.port(), 4096);
  slow.Send(Get("/keep"));
  const auto slow_exchange = server.TakeKept();
  std::promise<void> gone;
  slow_exchange->OnGone([&] { gone.set_value(); });
  const auto slow_stream = slow_exchange->StartStream({});
  HttpClient good(server.port());
  good.Send(Get("/keep"));
  const auto good_stream = server.TakeKept()->StartStream({});

  std::string read;
  std::thread reader([&] { read = good.Read().body; });
  const std::string piece(16 << 10, 'x');
  Taken taken = Taken::kYes;
  size_t slow_bytes = 0, good_bytes = 0;
  while (taken == Taken::kYes && slow_bytes < (64u << 20)) {
    taken = slow_stream->Write(piece);
    slow_bytes += piece.size();
    // Slowly enough that it is the client that does not keep up, and not the I/O thread.
    std::this_thread::sleep_for(milliseconds(1));
    if (good_bytes < (1u << 20)) {
      ASSERT_EQ(good_stream->Write("0123456789"), Taken::kYes);
      good_bytes += 10;
    }
  }
  EXPECT_EQ(taken, Taken::kFull);
  EXPECT_GT(slow_bytes, 512u << 10);
  EXPECT_EQ(slow_stream->Write("more"), Taken::kGone);
  EXPECT_EQ(gone.get_future().wait_for(seconds(20)), std::future_status::ready);
  server.WaitForConnections(1);
  good_stream->Finish();
  reader.join();
  EXPECT_EQ(read.size(), good_bytes);
}

// Slow, but within the queue: nothing is lost.
TEST(ServerStream, AReaderThatKeepsUpOnAverageGetsEverything) {
  TestServer server;
  HttpClient client(server.port(), 64 << 10);
  client.Send(Get("/keep"));
  const auto stream = server.TakeKept()->StartStream({});
  std::string sent;
  for (int i = 0; sent.size() < (3u << 20); ++i) {
    const std::string piece = std::to_string(i) + " ";
    ASSERT_EQ(stream->Write(piece), Taken::kYes);
    sent += piece;
  }
  stream->Finish();
  EXPECT_EQ(client.Read().body, sent);
}

// The kernel lets a write go on only when a large part of its buffer is free, which takes this
// client longer than the timeout; it takes something all the time, though.
TEST(ServerStream, ASlowClientIsNotOneThatTakesNothing) {
  ServerOptions options;
  options.write_timeout = seconds(1);
  TestServer server(std::move(options));
  HttpClient client(server.port(), 64 << 10);
  client.Send(Get("/keep"));
  const std::string body(16 << 20, 'x');
  server.TakeKept()->Send({.body = body});
  std::string read;
  char buffer[8 << 10];
  for (int i = 0; i < 150; ++i) {
    const ssize_t bytes = ::recv(client.socket(), buffer, sizeof(buffer), 0);
    ASSERT_GT(bytes, 0) << read.size();
    read.append(buffer, static_cast<size_t>(bytes));
    std::this_thread::sleep_for(milliseconds(20));
  }
  while (read.size() < body.size()) {
    const ssize_t bytes = ::recv(client.socket(), buffer, sizeof(buffer), 0);
    ASSERT_GT(bytes, 0) << read.size();
    read.append(buffer, static_cast<size_t>(bytes));
  }
}

TEST(ServerStream, AClientThatTakesNothingIsCutAfterTheWriteTimeout) {
  ServerOptions options;
  options.write_timeout = milliseconds(200);
  TestServer server(std::move(options));
  HttpClient client(server.port(), 4096);
  client.Send(Get("/keep"));
  const auto exchange = server.TakeKept();
  std::promise<void> gone;
  exchange->OnGone([&] { gone.set_value(); });
  exchange->Send({.body = std::string(32 << 20, 'x')});
  EXPECT_EQ(gone.get_future().wait_for(seconds(30)), std::future_status::ready);
  server.WaitForConnections(0);
}

TEST(ServerStream, DrainWaitsForAnswersAndTakesNoMore) {
  TestServer server;
  constexpr size_t kStreams = 8;
  std::vector<std::unique_ptr<HttpClient>> clients;
  std::vector<std::shared_ptr<ResponseStream>> streams;
  for (size_t i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server.port()));
    clients.back()->Send(Get("/keep"));
    streams.push_back(server.TakeKept()->StartStream({}));
  }
  HttpClient whole(server.port());
  whole.Send(Get("/keep"));
  const auto exchange = server.TakeKept();
  HttpClient idle(server.port());
  idle.Send(Get("/echo"));
  idle.Read();
  HttpClient half(server.port());
  half.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab");
  while (server->counts().requests < static_cast<int64_t>(kStreams) + 3) std::this_thread::yield();

  auto drained = std::async(std::launch::async, [&] { return server->Drain(seconds(60)); });
  EXPECT_TRUE(idle.Ended());
  const HttpAnswer refused = half.Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("Retry-After"), "1");
  half.Close();
  for (const auto& stream : streams) EXPECT_EQ(stream->Write("still here"), Taken::kYes);
  EXPECT_EQ(drained.wait_for(milliseconds(50)), std::future_status::timeout);
  exchange->Send({.body = "last"});
  const HttpAnswer last = whole.Read();
  EXPECT_EQ(last.body, "last");
  EXPECT_EQ(last.Header("Connection"), "close");
  EXPECT_TRUE(whole.Ended());
  whole.Close();
  for (const auto& stream : streams) stream->Finish();
  for (const auto& client : clients) {
    EXPECT_EQ(client->Read().body, "still here");
    EXPECT_TRUE(client->Ended());
    client->Close();
  }
  EXPECT_TRUE(drained.get());
}

TEST(ServerStream, DrainGivesUpAndTheRestIsCut) {
  TestServer server;
  HttpClient client(server.port());
  client.Send(Get("/keep"));
  const auto exchange = server.TakeKept();
  std::atomic<int> gone = 0;
  exchange->OnGone([&] { gone.fetch_add(1); });
  const auto stream = exchange->StartStream({});
  stream->Write("x");
  EXPECT_FALSE(server->Drain(milliseconds(50)));
  EXPECT_EQ(stream->Write("y"), Taken::kYes);
  server.Stop();
  EXPECT_EQ(gone.load(), 1);
  EXPECT_EQ(stream->Write("z"), Taken::kGone);
  EXPECT_FALSE(client.Read().whole);
}

TEST(ServerStream, AnIdleServerIsDrainedAtOnce) {
  TestServer server;
  EXPECT_TRUE(server->Drain(std::chrono::milliseconds::max()));
  EXPECT_TRUE(server->Drain(seconds(1)));
}

// Handlers, answers and departures in any order, while the server is torn down.
TEST(ServerStream, TornDownInTheMiddleOfEverything) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    std::latch connected(4);
    {
      TestServer server;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, port = server.port(), i] {
          HttpClient client(port);
          connected.count_down();
          while (!stop && client.Send(Get(i % 2 == 0 ? "/stream" : "/slow"))) {
            if (!client.Read().whole) break;
          }
        });
      }
      connected.wait();
      std::this_thread::sleep_for(milliseconds(round));
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace fathom::http
