// What clients do wrong, by accident or on purpose: each gets one clear answer, and nobody else
// notices.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "api/sse.h"
#include "support/api_client.h"
#include "support/collected_lines.h"
#include "support/service_fixture.h"

namespace fathom::api {
namespace {

using test::Get;
using test::JoinChat;
using test::Post;

// Two keys, "alice-key" and "bob-key".
KeyRing TwoKeys() {
  std::string entries;
  for (const std::string name : {"alice", "bob"}) {
    std::string hex;
    for (const uint8_t byte : HashKey(name + "-key")) hex += fmt::format("{:02x}", byte);
    entries += fmt::format("{}{{\"name\": \"{}\", \"sha256\": \"{}\"}}", entries.empty() ? "" : ",",
                           name, hex);
  }
  return *KeyRing::FromJson("{\"keys\": [" + entries + "]}");
}

class ServiceFaultTest : public test::ServiceFixture {
 protected:
  void Start(test::ScriptedServiceOptions options = {}) {
    std::string count;
    for (int i = 1; i <= 400; ++i) count += fmt::format("{} ", i);
    options.lines = {{"count", count},
                     {"hello", "Hello!"},
                     {"broken logits", "So far", /*spelled=*/false, /*broken=*/true}};
    if (!options.on_step) {
      options.on_step = [this](const Batch&) {
        ++steps_;
        std::this_thread::sleep_for(std::chrono::milliseconds(step_milliseconds_));
      };
    }
    Serve(std::move(options));
    counted_ = count;
  }
  void SetUp() override { Start(); }

  static std::string Chat(const std::string& text, const std::string& more = "") {
    return fmt::format(R"({{"messages": [{{"role": "user", "content": "{}"}}]{}{}}})", text,
                       more.empty() ? "" : ", ", more);
  }
  bool Lives() {
    const test::HttpAnswer answer = Post(port_, "/v1/chat/completions", Chat("hello"));
    return answer.status == 200 && answer.body.find("Hello!") != std::string::npos;
  }
  EngineStats Stats() { return service_->engine->Stats(); }

  std::atomic<int> steps_ = 0;
  std::atomic<int> step_milliseconds_ = 0;
  std::string counted_;
};

TEST_F(ServiceFaultTest, AClientThatLeavesStopsCosting) {
  step_milliseconds_ = 5;
  for (const std::string stream : {"true", "false"}) {
    const int64_t tokens = Stats().generated_tokens;
    test::HttpClient client(port_);
    ASSERT_TRUE(client.Send(
        test::PostText("/v1/chat/completions", Chat("count", "\"stream\": " + stream))));
    if (stream == "true") {
      for (int i = 0; i < 5; ++i) ASSERT_NE(client.ReadUntil("data: "), "");
    } else {
      ASSERT_TRUE(Eventually([&] { return Stats().generated_tokens > tokens + 3; }));
    }
    client.Close();
    ASSERT_TRUE(Eventually([&] { return Stats().running == 0; }));
    // Not to the end: 400 numbers are more than 800 tokens.
    EXPECT_LT(Stats().generated_tokens, tokens + 400);
    const int before = steps_;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(steps_, before);
  }
  EXPECT_TRUE(Lives());
  EXPECT_EQ(Stats().pages_held, 0);
}

TEST_F(ServiceFaultTest, OthersStreamsAreUndisturbed) {
  step_milliseconds_ = 1;
  std::atomic<bool> over = false;
  std::thread trouble([&] {
    while (!over) {
      Post(port_, "/v1/chat/completions", "{\"messages\": ");
      Post(port_, "/v1/chat/completions", Chat("count", "\"temperature\": 9"));
      test::HttpClient leaves(port_);
      leaves.Send(test::PostText("/v1/chat/completions", Chat("count", "\"stream\": true")));
      leaves.ReadUntil("\r\n\r\n");  // a stream, or 429 when too many wait already
      leaves.Reset();
    }
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      const auto answer = Post(port_, "/v1/chat/completions", Chat("count", "\"stream\": true"));
      EXPECT_EQ(JoinChat(answer.body).content, counted_);
      EXPECT_TRUE(JoinChat(answer.body).done);
    });
  }
  for (std::thread& reader : readers) reader.join();
  over = true;
  trouble.join();
  EXPECT_TRUE(Eventually([&] { return Stats().running == 0 && Stats().waiting == 0; }));
  EXPECT_EQ(Stats().pages_held, 0);
}

TEST_F(ServiceFaultTest, ASlowReaderGetsItsWholeAnswer) {
  test::HttpClient client(port_, /*receive_bytes=*/2048);
  ASSERT_TRUE(
      client.Send(test::PostText("/v1/chat/completions", Chat("count", "\"stream\": true"))));
  ASSERT_TRUE(Eventually([&] { return Stats().running == 0 && Stats().generated_tokens > 400; }));
  EXPECT_TRUE(Lives());  // while most of the stream still waits for its reader
  const test::HttpAnswer answer = client.Read();
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(JoinChat(answer.body).content, counted_);
}

TEST_F(ServiceFaultTest, MalformedJsonAtEveryByte) {
  const std::string good = Chat("hello", R"("temperature": 0.5, "stop": ["a", "b"])");
  test::HttpClient client(port_);
  for (size_t i = 0; i < good.size(); ++i) {
    for (const std::string& bad :
         {good.substr(0, i), good.substr(0, i) + '\x01' + good.substr(i + 1)}) {
      ASSERT_TRUE(client.Send(test::PostText("/v1/chat/completions", bad)));
      const test::HttpAnswer answer = client.Read();
      ASSERT_EQ(answer.status, 400) << bad << answer.body;
      ASSERT_NE(answer.body.find("invalid_request_error"), std::string::npos);
    }
  }
  EXPECT_TRUE(Lives());
}

TEST_F(ServiceFaultTest, DeepHugeAndInvalidBodies) {
  const auto status = [&](const std::string& body) {
    return Post(port_, "/v1/chat/completions", body).status;
  };
  EXPECT_EQ(status(std::string(1'000'000, '[')), 400);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_EQ(status(deep), 400);
  EXPECT_EQ(status("{\"messages\": [{\"role\": \"user\", \"content\": \"\xff\xfe\"}]}"), 400);
  EXPECT_EQ(status("[]"), 400);
  EXPECT_EQ(status("\"hello\""), 400);
  EXPECT_EQ(status(""), 400);
  EXPECT_TRUE(Lives());
}

TEST_F(ServiceFaultTest, ABodyOf100MBIsRefusedUnread) {
  test::HttpClient client(port_);
  ASSERT_TRUE(client.Send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 100000000\r\n\r\n"));
  const std::string piece(1 << 20, ' ');
  for (int i = 0; i < 100 && client.Send(piece); ++i) {
  }
  EXPECT_EQ(client.Read().status, 413);
  EXPECT_TRUE(Lives());
}

TEST_F(ServiceFaultTest, TooManyConnectionsAreRefusedPolitely) {
  test::ScriptedServiceOptions options;
  options.api.http.connections = 64;
  Start(std::move(options));
  std::vector<std::unique_ptr<test::HttpClient>> idle;
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    idle.push_back(std::make_unique<test::HttpClient>(port_));
    if (i >= 64 && idle.back()->Read().status == 503) ++refused;
  }
  EXPECT_EQ(refused, 400 - 64);
  idle.clear();
  EXPECT_TRUE(Eventually([&] { return Get(port_, "/health").status == 200; }));
  EXPECT_TRUE(Lives());
}

TEST_F(ServiceFaultTest, WrongForeignAndRevokedKeys) {
  test::ScriptedServiceOptions options;
  options.keys = TwoKeys();
  Start(std::move(options));
  const auto status = [&](const std::string& headers) {
    return Post(port_, "/v1/chat/completions", Chat("hello"), headers).status;
  };
  EXPECT_EQ(status(""), 401);
  EXPECT_EQ(status("Authorization: Bearer alice\r\n"), 401);
  EXPECT_EQ(status("Authorization: Bearer alice-key\r\n"), 200);
  EXPECT_EQ(status("x-api-key: bob-key\r\n"), 200);
  EXPECT_EQ(Get(port_, "/metrics").status, 401);
  EXPECT_EQ(Get(port_, "/v1/engine").status, 401);
  EXPECT_EQ(Get(port_, "/health").status, 200);

  const std::string alice = "Authorization: Bearer alice-key\r\n";
  const auto made = test::JsonOf(Post(port_, "/v1/responses", R"({"input": "hello"})", alice));
  const std::string next = fmt::format(R"({{"previous_response_id": "{}", "input": "hello"}})",
                                       test::TextAt(made, "id"));
  EXPECT_EQ(Post(port_, "/v1/responses", next, "x-api-key: bob-key\r\n").status, 404);
  EXPECT_EQ(Post(port_, "/v1/responses", next, alice).status, 200);

  service_->keys->Replace(KeyRing::OfKey("bob-key"));
  EXPECT_EQ(status(alice), 401);
  EXPECT_EQ(status("x-api-key: bob-key\r\n"), 200);
}

TEST_F(ServiceFaultTest, AKeysLimitsHoldForEveryKindOfRequest) {
  test::ScriptedServiceOptions options;
  options.keys = *KeyRing::FromJson(
      R"({"keys": [{"name": "abc", "requests_per_minute": 3, "max_running": 1, "sha256":
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]})");
  Start(std::move(options));
  const auto status = [&](const std::string& path, const std::string& body) {
    return Post(port_, path, body, "x-api-key: abc\r\n").status;
  };
  EXPECT_EQ(status("/tokenize", R"({"prompt": "hello"})"), 200);
  EXPECT_EQ(status("/v1/messages/count_tokens",
                   R"({"model": "scripted", "messages": [{"role": "user", "content": "hello"}]})"),
            200);
  EXPECT_EQ(status("/v1/chat/completions", Chat("hello")), 200);
  const test::HttpAnswer refused =
      Post(port_, "/tokenize", R"({"prompt": "hello"})", "x-api-key: abc\r\n");
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.Header("Retry-After"), "");
}

// Who waits for an answer before the next question is never more than one request.
TEST_F(ServiceFaultTest, OneAtATimeIsEnoughForWhoAsksOneAtATime) {
  test::ScriptedServiceOptions options;
  options.keys = *KeyRing::FromJson(
      R"({"keys": [{"name": "abc", "max_running": 1, "sha256":
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]})");
  Start(std::move(options));
  for (int i = 0; i < 60; ++i) {
    for (const std::string more : {"", R"(, "stream": true)"}) {
      const std::string body =
          R"({"messages": [{"role": "user", "content": "hello"}])" + more + "}";
      ASSERT_EQ(Post(port_, "/v1/chat/completions", body, "x-api-key: abc\r\n").status, 200) << i;
    }
    ASSERT_EQ(Post(port_, "/tokenize", R"({"prompt": "a"})", "x-api-key: abc\r\n").status, 200)
        << i;
  }
}

TEST_F(ServiceFaultTest, TheCacheDoesNotTellOneKeyWhatAnotherAsked) {
  test::ScriptedServiceOptions options;
  options.keys = TwoKeys();
  Start(std::move(options));
  const std::string body = Chat(std::string(2000, 'x') + " hello");
  const auto cached = [&](const std::string& key) {
    const auto answer = Post(port_, "/v1/chat/completions", body, "x-api-key: " + key + "\r\n");
    return *test::At(test::JsonOf(answer), "usage.prompt_cache_hit_tokens").AsInt64();
  };
  EXPECT_EQ(cached("alice-key"), 0);
  EXPECT_GT(cached("alice-key"), 0);
  EXPECT_EQ(cached("bob-key"), 0);
}

TEST_F(ServiceFaultTest, ForeignHostsAndOrigins) {
  const auto status = [&](const std::string& headers) {
    test::HttpClient client(port_);
    const std::string body = Chat("hello");
    client.Send(fmt::format("POST /v1/chat/completions HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{}",
                            headers, body.size(), body));
    return client.Read().status;
  };
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_EQ(status("Host: localhost\r\n" + json), 200);
  EXPECT_EQ(status("Host: rebound.example\r\n" + json), 403);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: https://evil.example\r\n" + json), 403);
  EXPECT_EQ(status("Host: localhost\r\nContent-Type: text/plain\r\n"), 415);
  EXPECT_EQ(Stats().steps, steps_);
}

TEST_F(ServiceFaultTest, AFullQueueSaysWhenToComeBack) {
  test::ScriptedServiceOptions options;
  options.max_running = 1;
  options.max_waiting = 1;
  step_milliseconds_ = 1;
  Start(std::move(options));
  std::vector<std::unique_ptr<test::HttpClient>> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(std::make_unique<test::HttpClient>(port_));
    busy.back()->Send(test::PostText("/v1/chat/completions", Chat("count", "\"stream\": true")));
    ASSERT_TRUE(Eventually([&] { return Stats().running == 1 && Stats().waiting == i; }));
  }
  const test::HttpAnswer refused = Post(port_, "/v1/chat/completions", Chat("hello"));
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_NE(refused.Header("Retry-After"), "");
  for (auto& client : busy) EXPECT_EQ(JoinChat(client->Read().body).content, counted_);
}

TEST_F(ServiceFaultTest, OutOfPagesEveryoneIsServedAllTheSame) {
  test::ScriptedServiceOptions options;
  options.pages = 64;  // one context; twelve answers want about 200
  Start(std::move(options));
  std::vector<std::thread> readers;
  for (int i = 0; i < 12; ++i) {
    readers.emplace_back([&, i] {  // prompts that differ share no page
      const std::string body = Chat(fmt::format("{} count", i), "\"stream\": true");
      EXPECT_EQ(JoinChat(Post(port_, "/v1/chat/completions", body).body).content, counted_);
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(Stats().preemptions, 0);
}

TEST_F(ServiceFaultTest, DrainLets32StreamsEndAndTakesNoMore) {
  test::ScriptedServiceOptions options;
  options.max_running = 32;
  options.pages = 2048;
  step_milliseconds_ = 1;
  Start(std::move(options));
  std::vector<std::unique_ptr<test::HttpClient>> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(std::make_unique<test::HttpClient>(port_));
    clients.back()->Send(test::PostText("/v1/chat/completions", Chat("count", "\"stream\": true")));
  }
  ASSERT_TRUE(Eventually([&] { return Stats().running == 32; }));
  std::atomic<bool> drained = false;
  std::thread drain([&] { drained = service_->server->Drain(std::chrono::seconds(60)); });
  for (auto& client : clients) {
    const test::Streamed streamed = JoinChat(client->Read().body);
    EXPECT_EQ(streamed.content, counted_);
    EXPECT_TRUE(streamed.done);
  }
  drain.join();
  EXPECT_TRUE(drained);
}

// A server may go while its engine still has something to say to it.
TEST_F(ServiceFaultTest, AServerThatIsDestroyedTakesItsAnswersWithIt) {
  step_milliseconds_ = 1;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<test::HttpClient>> clients;
    for (int i = 0; i < 12; ++i) {
      clients.push_back(std::make_unique<test::HttpClient>(port_));
      clients.back()->Send(test::PostText(
          "/v1/chat/completions", Chat("count", i % 2 == 0 ? "\"stream\": true" : "\"n\": 2")));
      clients.back()->Send(test::GetText("/metrics"));
    }
    // Sooner or later in their lives.
    ASSERT_TRUE(Eventually([&] { return Stats().running + Stats().waiting > 2 * round; }));
    service_->server.reset();
    EXPECT_EQ(Stats().running + Stats().waiting, 0);
    EXPECT_EQ(Stats().pages_held, 0);
    for (auto& client : clients) EXPECT_EQ(client->ReadAll().find("[DONE]"), std::string::npos);
    Start();
  }
}

TEST_F(ServiceFaultTest, AnEndInTheMiddleIsToldAsOne) {
  step_milliseconds_ = 5;
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/chat/completions", Chat("count", "\"stream\": true")));
  for (int i = 0; i < 5; ++i) ASSERT_NE(client.ReadUntil("data: "), "");
  service_->engine->Stop();  // the engine ends, the server still stands
  const std::string rest = client.ReadUntil("\r\n0\r\n\r\n");
  EXPECT_NE(rest.find("the server is stopping"), std::string::npos) << rest;
  EXPECT_EQ(rest.find("[DONE]"), std::string::npos);
  const test::HttpAnswer late = Post(port_, "/v1/chat/completions", Chat("hello"));
  EXPECT_EQ(late.status, 503) << late.body;
}

TEST_F(ServiceFaultTest, AClientThatReadsNothingIsCutAndOthersGoOn) {
  test::ScriptedServiceOptions options;
  options.api.http.stream_queue_bytes = 64 << 10;
  test::CollectedLines log_lines;
  options.api.access_log = log_lines.Writer();
  Start(std::move(options));
  // Its events are long and many, since the kernel takes some megabytes before it is full.
  test::HttpClient stuck(port_, /*receive_bytes=*/2048);
  ASSERT_TRUE(stuck.Send(test::PostText(
      "/v1/chat/completions",
      Chat("count", R"("stream": true, "logprobs": true, "top_logprobs": 20, "n": 6)"))));
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      const auto answer = Post(port_, "/v1/chat/completions", Chat("count", "\"stream\": true"));
      EXPECT_EQ(JoinChat(answer.body).content, counted_);
      EXPECT_TRUE(JoinChat(answer.body).done);
    });
  }
  for (std::thread& reader : readers) reader.join();
  ASSERT_TRUE(Eventually([&] { return Stats().running == 0; }));
  EXPECT_EQ(Stats().finished[static_cast<size_t>(FinishReason::kCancelled)], 6);
  EXPECT_FALSE(stuck.Read().whole);
  EXPECT_TRUE(Eventually([&] { return service_->server->counts().answers == 0; }));
  std::vector<std::string> ends;
  for (const json::Value& answer : log_lines.TakeEvents("answer")) {
    ends.push_back(test::TextAt(answer, "end"));
  }
  EXPECT_EQ(std::ranges::count(ends, "gone"), 1);
  EXPECT_EQ(std::ranges::count(ends, "stop"), 4);
}

TEST_F(ServiceFaultTest, SilentStreamsAreKeptAlive) {
  test::ScriptedServiceOptions options;
  options.max_running = 1;
  options.api.keep_alive_seconds = 0.02;
  step_milliseconds_ = 1;
  Start(std::move(options));
  test::HttpClient first(port_), second(port_);
  first.Send(test::PostText("/v1/chat/completions", Chat("count", "\"stream\": true")));
  ASSERT_TRUE(Eventually([&] { return Stats().running == 1; }));
  second.Send(test::PostText("/v1/messages", R"({"model": "scripted", "max_tokens": 9, "stream":
      true, "messages": [{"role": "user", "content": "hello"}]})"));
  ASSERT_TRUE(Eventually([&] { return Stats().waiting == 1; }));
  // While it waits for its turn.
  for (int i = 0; i < 3; ++i) ASSERT_NE(second.ReadUntil(kSseKeepAlive), "");
  EXPECT_EQ(JoinChat(first.Read().body).content, counted_);
  EXPECT_NE(second.ReadUntil("Hello"), "");
  EXPECT_NE(second.ReadUntil("message_stop"), "");
}

TEST_F(ServiceFaultTest, AnAnswerThatTakesTooLongIsCutOff) {
  test::ScriptedServiceOptions options;
  options.api.answer_seconds = 0.2;
  step_milliseconds_ = 4;
  Start(std::move(options));
  const test::Streamed streamed = JoinChat(
      Post(port_, "/v1/chat/completions", Chat("count", "\"stream\": true, \"n\": 1")).body);
  EXPECT_EQ(streamed.finish, "length");
  EXPECT_TRUE(streamed.done);
  EXPECT_EQ(streamed.content, counted_.substr(0, streamed.content.size()));
  EXPECT_LT(streamed.content.size(), counted_.size());
  EXPECT_GT(streamed.content.size(), 4U);
  const json::Value whole =
      test::JsonOf(Post(port_, "/v1/chat/completions", Chat("count", "\"n\": 2")));
  EXPECT_EQ(test::TextAt(whole, "choices.0.finish_reason"), "length");
  EXPECT_EQ(test::TextAt(whole, "choices.1.finish_reason"), "length");
  const json::Value message = test::JsonOf(Post(port_, "/v1/messages", R"({"model": "scripted",
      "max_tokens": 4000, "messages": [{"role": "user", "content": "count"}]})"));
  EXPECT_EQ(test::TextAt(message, "stop_reason"), "max_tokens");
  EXPECT_TRUE(Eventually([&] { return Stats().running == 0; }));
  EXPECT_TRUE(Lives());
}

TEST_F(ServiceFaultTest, KeepAliveIsNoPartOfAnAnswer) {
  test::ScriptedServiceOptions options;
  options.api.keep_alive_seconds = 0.002;  // shorter than a step
  step_milliseconds_ = 8;
  Start(std::move(options));
  const test::HttpAnswer streamed =
      Post(port_, "/v1/chat/completions", Chat("count", "\"stream\": true, \"max_tokens\": 40"));
  EXPECT_NE(streamed.body.find(kSseKeepAlive), std::string::npos);
  EXPECT_TRUE(streamed.whole);
  EXPECT_TRUE(JoinChat(streamed.body).done);
  const std::string content = JoinChat(streamed.body).content;
  EXPECT_EQ(content, counted_.substr(0, content.size()));
  EXPECT_GT(content.size(), 20U);
  const test::HttpAnswer whole =
      Post(port_, "/v1/chat/completions", Chat("count", "\"max_tokens\": 40"));
  EXPECT_EQ(test::TextAt(test::JsonOf(whole), "choices.0.message.content"), content);
}

// Whole, streamed, abandoned and failing, over all APIs: nothing of them stays.
TEST_F(ServiceFaultTest, NothingIsHeldWhenAllIsAnswered) {
  test::ScriptedServiceOptions options;
  options.keys = TwoKeys();
  options.pages = 256;
  options.max_running = 6;
  options.max_waiting = 4;  // some are refused with 429
  options.api.memory.bytes = 64 << 10;
  options.api.keep_alive_seconds = 0.004;
  Start(std::move(options));
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"/v1/chat/completions", Chat("hello")},
      {"/v1/chat/completions", Chat("hello", "\"stream\": true, \"n\": 2")},
      {"/v1/chat/completions", Chat("count", "\"stream\": true")},
      {"/v1/chat/completions", Chat("count", "\"stop\": \"9 10\"")},
      {"/v1/chat/completions", Chat("count", "\"temperature\": 9")},
      {"/v1/chat/completions", Chat("hello", "\"model\": \"gpt\"")},
      {"/v1/chat/completions", Chat("broken logits")},
      {"/v1/chat/completions", Chat("broken logits", "\"stream\": true, \"n\": 3")},
      {"/v1/chat/completions", "{\"messages\": "},
      {"/v1/completions", R"({"prompt": ["count", "hello"], "max_tokens": 30, "echo": true})"},
      {"/v1/completions", R"({"prompt": "hello", "max_tokens": 30, "stream": true})"},
      {"/v1/responses", R"({"input": "hello"})"},
      {"/v1/responses", R"({"input": "count", "stream": true})"},
      {"/v1/responses", R"({"input": "hello", "previous_response_id": "resp_none"})"},
      {"/v1/messages", R"({"max_tokens": 90, "messages": [{"role": "user", "content": "count"}]})"},
      {"/v1/messages", R"({"max_tokens": 0, "messages": []})"}};
  std::map<int, int> statuses;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const auto number = static_cast<size_t>(t * 25 + i);
        const auto& [path, body] = requests[number % requests.size()];
        test::HttpClient client(port_);
        const std::string key =
            number % 3 == 0 ? "x-api-key: bob-key\r\n" : "x-api-key: alice-key\r\n";
        ASSERT_TRUE(client.Send(test::PostText(path, body, key)));
        switch (number % 7) {
          case 0:
            std::this_thread::sleep_for(std::chrono::milliseconds(number % 11));
            client.Reset();
            break;
          case 1:
            client.ReadUntil("\r\n\r\n");  // in the middle, where it is a stream
            client.Close();
            break;
          default: {
            const test::HttpAnswer answer = client.Read();
            EXPECT_TRUE(answer.whole) << answer.head << answer.body;
            const std::lock_guard lock(mutex);
            ++statuses[answer.status];
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int status : {200, 400, 404, 500}) EXPECT_GT(statuses[status], 0) << status;
  EXPECT_TRUE(Eventually([&] {
    const ApiCounts counts = service_->server->counts();
    return counts.answers == 0 && counts.admitted == 0 && counts.http.connections == 0;
  }));
  EXPECT_EQ(Stats().running + Stats().waiting, 0);
  EXPECT_EQ(Stats().pages_held, 0);
  EXPECT_EQ(Stats().pages_free + Stats().pages_in_tree, Stats().pages);
  EXPECT_GT(service_->server->counts().memory.entries, 0U);
  EXPECT_LE(service_->server->counts().memory.bytes, size_t{64 << 10});
  EXPECT_EQ(Post(port_, "/v1/chat/completions", Chat("hello"), "x-api-key: bob-key\r\n").status,
            200);
}

// What broke is the log's to tell: it may name files and places.
TEST_F(ServiceFaultTest, AFailureOfOurOwnTellsNothingOfItself) {
  for (const std::string stream : {"true", "false"}) {
    const test::HttpAnswer answer =
        Post(port_, "/v1/chat/completions", Chat("broken logits", "\"stream\": " + stream));
    EXPECT_EQ(answer.status, stream == "true" ? 200 : 500);
    EXPECT_NE(answer.body.find("the server failed"), std::string::npos) << answer.body;
    EXPECT_EQ(answer.body.find("position"), std::string::npos) << answer.body;
  }
  EXPECT_TRUE(Lives());
}

}  // namespace
}  // namespace fathom::api
