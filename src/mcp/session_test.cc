#include "mcp/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "json/parse.h"

namespace fathom::mcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// What the other side is made to do: called with every message that is sent to it, and free to say
// anything, at once or later.
class Peer {
 public:
  using Behaviour = std::function<void(Peer&, const Message&)>;
  explicit Peer(Behaviour behaviour) : behaviour_(std::move(behaviour)) {}

  void Say(const std::string& text) { receiver_.on_message(text); }
  void Answer(const Message& request, const json::Value& result) {
    Say(ResultText(request.id, result));
  }
  void Close(const Status& why) { receiver_.on_closed(why); }

  std::vector<Message> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::vector<std::string> methods() {
    std::vector<std::string> all;
    for (const Message& message : seen()) all.push_back(message.method);
    return all;
  }

 private:
  friend class PeerTransport;
  void Take(const std::string& text) {
    const auto messages = ReadMessages(text);
    FATHOM_CHECK(messages.ok() && messages->size() == 1, "{}", text);
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(messages->front());
    }
    behaviour_(*this, messages->front());
  }

  Behaviour behaviour_;
  Transport::Receiver receiver_;
  std::mutex mutex_;
  std::vector<Message> seen_;
};

class PeerTransport : public Transport {
 public:
  explicit PeerTransport(Peer& peer) : peer_(peer) {}
  Status Open(Receiver receiver, const Patience&) override {
    peer_.receiver_ = std::move(receiver);
    return {};
  }
  Status Send(const std::string& text, const std::function<bool()>&, const Patience&) override {
    peer_.Take(text);
    return {};
  }

 private:
  Peer& peer_;
};

json::Value HelloOf(const std::string& version) {
  return json::Object{{"protocolVersion", version},
                      {"capabilities", json::Object{{"tools", json::Object{}}}},
                      {"serverInfo", json::Object{{"name", "peer"}, {"version", "7"}}}};
}

// A peer that shakes hands; what comes after it is the test's.
Peer PolitePeer(Peer::Behaviour then) {
  return Peer([then = std::move(then)](Peer& peer, const Message& message) {
    if (message.method == "initialize") return peer.Answer(message, HelloOf("2025-06-18"));
    if (message.method != "notifications/initialized") then(peer, message);
  });
}

struct Told {
  std::atomic<int> changed = 0, closed = 0;
  std::mutex mutex;
  std::string log;
  Session::Callbacks Callbacks() {
    return {.on_tools_changed = [this] { ++changed; },
            .on_closed = [this](const Status&) { ++closed; },
            .on_log =
                [this](std::string_view line) {
                  const std::lock_guard lock(mutex);
                  log += std::string(line) + "\n";
                }};
  }
};

Result<std::shared_ptr<Session>> Open(Peer& peer, Told& told,
                                      const Patience& patience = Patience::For(seconds(60))) {
  return Session::Open(std::make_unique<PeerTransport>(peer), told.Callbacks(), patience);
}

Patience Patient() { return Patience::For(seconds(60)); }

TEST(McpSession, ShakesHands) {
  for (const char* version : {"2025-06-18", "2025-03-26", "2024-11-05"}) {
    Told told;
    Peer peer([&](Peer& self, const Message& message) {
      if (message.method == "initialize") self.Answer(message, HelloOf(version));
    });
    const auto session = Open(peer, told);
    ASSERT_TRUE(session.ok()) << session.status().message();
    EXPECT_EQ((*session)->info().protocol_version, version);
    EXPECT_EQ((*session)->info().name, "peer");
    EXPECT_EQ((*session)->info().version, "7");
    EXPECT_TRUE((*session)->info().has_tools);
    EXPECT_THAT(peer.methods(), ElementsAre("initialize", "notifications/initialized"));
    const Message hello = peer.seen()[0];
    EXPECT_EQ(hello.params.Find("protocolVersion")->string(), "2025-06-18");
    EXPECT_NE(hello.params.Find("clientInfo"), nullptr);
  }
}

TEST(McpSession, RefusesAHelloThatIsNone) {
  for (const json::Value& hello :
       {json::Value(), json::Value(json::Object{}), HelloOf("2099-01-01"), HelloOf(""),
        json::Value(json::Object{{"protocolVersion", 7}})}) {
    Told told;
    Peer peer([&](Peer& self, const Message& message) { self.Answer(message, hello); });
    EXPECT_FALSE(Open(peer, told).ok());
  }
  Told told;
  Peer peer([](Peer& self, const Message& message) {
    self.Say(ErrorText(message.id, {-32000, "not today"}));
  });
  EXPECT_THAT(Open(peer, told).status().message(), HasSubstr("not today"));
}

TEST(McpSession, AHelloThatNeverComesEndsWithPatience) {
  Told told;
  Peer peer([](Peer&, const Message&) {});
  const auto session = Open(peer, told, Patience::For(milliseconds(20)));
  EXPECT_EQ(session.status().code(), Code::kResourceExhausted);
  EXPECT_THAT(peer.methods(), ElementsAre("initialize")) << "a handshake is not cancelled";
}

TEST(McpSession, AnswersFindTheirRequests) {
  Told told;
  Peer peer = PolitePeer([](Peer& self, const Message& message) {
    self.Say(ResultText(int64_t{12345}, "not asked for"));
    self.Say(ResultText(std::to_string(*message.id.AsInt64()), "an id of another type"));
    self.Answer(message, "right");
    self.Answer(message, "twice");
  });
  const auto session = Open(peer, told);
  EXPECT_EQ(*(*session)->Request("x", json::Object{}, Patient()), json::Value("right"));
  EXPECT_EQ(*(*session)->Request("x", json::Object{}, Patient()), json::Value("right"));
}

TEST(McpSession, ErrorsOfTheServerAreErrors) {
  Told told;
  Peer peer = PolitePeer([](Peer& self, const Message& message) {
    self.Say(ErrorText(message.id, {-32602, "no such tool"}));
  });
  const auto session = Open(peer, told);
  const auto result = (*session)->Request("x", json::Object{}, Patient());
  EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(result.status().message(), "no such tool (error -32602)");
}

TEST(McpSession, WhoGivesUpSaysSo) {
  for (const bool by_stop : {false, true}) {
    Told told;
    Peer peer = PolitePeer([](Peer&, const Message&) {});
    const auto session = Open(peer, told);
    std::stop_source source;
    std::thread stopper([&] {
      if (!by_stop) return;
      std::this_thread::sleep_for(milliseconds(30));
      source.request_stop();
    });
    const Patience patience =
        by_stop ? Patience{.stop = source.get_token()} : Patience::For(milliseconds(30));
    const auto result = (*session)->Request("tools/call", json::Object{}, patience);
    stopper.join();
    EXPECT_EQ(result.status().code(), by_stop ? Code::kCancelled : Code::kResourceExhausted);
    ASSERT_THAT(peer.methods(), ElementsAre("initialize", "notifications/initialized", "tools/call",
                                            "notifications/cancelled"));
    const std::vector<Message> seen = peer.seen();
    EXPECT_EQ(*seen[3].params.Find("requestId"), seen[2].id);
    peer.Answer(seen[2], "late");  // nobody waits for it
    EXPECT_TRUE((*session)->closed().ok());
  }
}

TEST(McpSession, WhatTheServerAsksIsAnswered) {
  Told told;
  Peer peer = PolitePeer([](Peer&, const Message&) {});
  const auto session = Open(peer, told);
  peer.Say(R"({"jsonrpc":"2.0","id":"p","method":"ping"})");
  peer.Say(R"({"jsonrpc":"2.0","id":1,"method":"roots/list"})");
  peer.Say(R"({"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{}})");
  peer.Say(R"({"jsonrpc":"2.0","id":3,"method":"elicitation/create","params":{}})");
  const std::vector<Message> seen = peer.seen();
  ASSERT_EQ(seen.size(), 6U);
  EXPECT_EQ(seen[2].id, json::Value("p"));
  EXPECT_EQ(seen[2].result, json::Value(json::Object{}));
  EXPECT_EQ(seen[3].result, json::Value(json::Object{{"roots", json::Array{}}}));
  EXPECT_EQ(seen[4].error->code, -32601);
  EXPECT_EQ(seen[5].error->code, -32601);
  EXPECT_THAT(seen[5].error->message, HasSubstr("elicitation/create"));
}

TEST(McpSession, NotificationsAreTaken) {
  Told told;
  Peer peer = PolitePeer([](Peer&, const Message&) {});
  const auto session = Open(peer, told);
  for (
      const char* text : {
          R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})",
          R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hi"}})",
          R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":{"a":1}}})",
          R"({"jsonrpc":"2.0","method":"notifications/message","params":[1]})",
          R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}})",
          R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})",
          R"({"jsonrpc":"2.0","method":"something/else"})",
      }) {
    peer.Say(text);
  }
  EXPECT_EQ(told.changed, 1);
  EXPECT_EQ(told.log, "info: hi\nlog: {\"a\": 1}\n");
  EXPECT_EQ(peer.seen().size(), 2U) << "none is answered";
}

TEST(McpSession, GarbageIsLoggedAndTooMuchOfItEndsTheSession) {
  Told told;
  Peer peer = PolitePeer([](Peer& self, const Message& message) { self.Answer(message, "ok"); });
  const auto session = Open(peer, told);
  for (int i = 0; i < 50; ++i) peer.Say(i % 2 == 0 ? "{\"x\":" : std::string(2000, '['));
  EXPECT_EQ(*(*session)->Request("x", json::Object{}, Patient()), json::Value("ok"));
  EXPECT_EQ(told.closed, 0);
  for (int i = 0; i < 500; ++i) peer.Say("[]");
  EXPECT_EQ(told.closed, 1);
  EXPECT_EQ((*session)->closed().code(), Code::kDataLoss);
  EXPECT_EQ((*session)->Request("x", json::Object{}, Patient()).status().code(), Code::kDataLoss);
}

TEST(McpSession, AnEndInTheMiddleFailsWhatWaits) {
  Told told;
  Peer peer = PolitePeer([](Peer&, const Message&) {});
  const auto session = Open(peer, told);
  std::thread closer([&] {
    std::this_thread::sleep_for(milliseconds(30));
    peer.Close(DataLoss("gone"));
  });
  const auto result = (*session)->Request("x", json::Object{}, Patient());
  closer.join();
  EXPECT_EQ(result.status().message(), "gone");
  EXPECT_EQ(peer.seen().size(), 3U) << "nobody is told of a request that is given up";
}

// Calls of many threads, answered in any order by another one.
TEST(McpSession, ManyRequestsAtATime) {
  Told told;
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::vector<Message> waiting;
  Peer peer = PolitePeer([&](Peer&, const Message& message) {
    const std::lock_guard lock(mutex);
    waiting.push_back(message);
    arrived.notify_one();
  });
  const auto session = Open(peer, told);
  std::jthread answerer([&](const std::stop_token& stop) {
    uint64_t state = 1;
    while (true) {
      std::unique_lock lock(mutex);
      if (!arrived.wait(lock, stop, [&] { return !waiting.empty(); })) return;
      state = state * 6364136223846793005u + 1442695040888963407u;
      const size_t chosen = (state >> 33) % waiting.size();
      const Message message = waiting[chosen];
      waiting.erase(waiting.begin() + static_cast<ptrdiff_t>(chosen));
      lock.unlock();
      peer.Answer(message, message.params);
    }
  });
  std::vector<std::thread> callers;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      for (int j = 0; j < 100; ++j) {
        const json::Value params = json::Object{{"n", i * 1000 + j}};
        const auto result = (*session)->Request("x", params, Patient());
        right += result.ok() && *result == params;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 800);
}

}  // namespace
}  // namespace fathom::mcp
