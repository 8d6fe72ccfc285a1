// What goes wrong round POST /v1/agent: slow tools, clients that leave, a server that ends, a
// context that is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/sse.h"
#include "support/agent_service.h"
#include "support/collected_lines.h"

namespace fathom::api {
namespace {

using test::At;
using test::Conversation;
using test::IsWhole;
using test::Joined;
using test::Of;
using test::ReadAgentEvents;
using test::TextAt;
using testing::HasSubstr;

using AgentFaultTest = test::AgentServiceTest;

// Five answers with twenty calls each, which take every thread that there is for tools.
TEST_F(AgentFaultTest, SlowToolsKeepNobodyWaiting) {
  Start();
  std::vector<std::unique_ptr<test::HttpClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<test::HttpClient>(port_));
    clients.back()->Send(test::PostText("/v1/agent", Ask("wait twenty times")));
  }
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 16; }));
  EXPECT_TRUE(Lives());
  EXPECT_EQ(Joined(Run(Ask("hello")), "content"), "Hello!");
  EXPECT_EQ(service_->engine->Stats().running, 0);
  gate_.Open();
  for (auto& client : clients) {
    const auto events = ReadAgentEvents(client->Read().body);
    EXPECT_EQ(Of(events, "tool").size(), 20U);
    EXPECT_EQ(Joined(events, "content"), "It is open.");
    EXPECT_TRUE(IsWhole(Conversation(Question("wait"), events)));
  }
}

TEST_F(AgentFaultTest, OneAnswerDoesNotTakeAllThreads) {
  Start();
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait twenty times")));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 4; }));
  EXPECT_EQ(Joined(Run(Ask("echo thrice")), "content"), "I heard it.");
  EXPECT_EQ(gate_.waiting(), 4);
}

TEST_F(AgentFaultTest, AClientThatLeavesTakesItsToolsWithIt) {
  Start();
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait twenty times")));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 4; }));
  client.Close();
  EXPECT_TRUE(AllIsOver());
  EXPECT_TRUE(Eventually([&] { return gate_.stopped() == 4; }));
  EXPECT_TRUE(Lives());
  EXPECT_EQ(gate_.waiting(), 4);  // those that had not begun never did
}

TEST_F(AgentFaultTest, AClientThatLeavesInTheSecondAnswerStopsIt) {
  step_milliseconds_ = 2;
  Start();
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("then count", "\"thinking\": false")));
  // "echo of count" is answered by counting.
  ASSERT_NE(client.ReadUntil("\"round\":1"), "");
  ASSERT_NE(client.ReadUntil("event: content"), "");
  const int64_t tokens = service_->engine->Stats().generated_tokens;
  client.Close();
  EXPECT_TRUE(AllIsOver());
  EXPECT_TRUE(Eventually([&] { return service_->engine->Stats().running == 0; }));
  EXPECT_LT(service_->engine->Stats().generated_tokens, tokens + 400);
  EXPECT_EQ(service_->engine->Stats().pages_held, 0);
}

TEST_F(AgentFaultTest, DrainWaitsForTools) {
  Start();
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait thrice")));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 3; }));
  std::atomic<bool> drained = false;
  std::thread drain([&] { drained = service_->server->Drain(std::chrono::seconds(60)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(drained);
  gate_.Open();
  EXPECT_THAT(client.Read().body, HasSubstr("It is open."));
  drain.join();
  EXPECT_TRUE(drained);
}

TEST_F(AgentFaultTest, AServerThatIsDestroyedStopsItsTools) {
  Start();
  std::vector<std::unique_ptr<test::HttpClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<test::HttpClient>(port_));
    clients.back()->Send(test::PostText("/v1/agent", Ask("wait twenty times")));
  }
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 16; }));
  service_->server.reset();
  EXPECT_EQ(gate_.stopped(), 16);
  for (auto& client : clients) {
    EXPECT_EQ(client->ReadAll().find("event: done"), std::string::npos);
  }
}

TEST_F(AgentFaultTest, AnEngineThatStopsIsAnErrorBehindTheTools) {
  Start();
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait thrice")));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 3; }));
  service_->engine->Stop();
  gate_.Open();
  const auto events = ReadAgentEvents(client.Read().body);
  EXPECT_EQ(events.back().name, "error");
  EXPECT_EQ(TextAt(events.back().data, "type"), "server_error");
  EXPECT_TRUE(IsWhole(Conversation(Question("wait"), events)));
  EXPECT_TRUE(AllIsOver());
}

TEST_F(AgentFaultTest, ATurnThatTakesTooLongIsCutOffWithItsCallsStopped) {
  test::ScriptedServiceOptions options;
  options.api.answer_seconds = 2;
  Start(std::move(options));
  const json::Array question = Question("wait thrice");
  const auto events = Run(Body(question));
  EXPECT_EQ(TextAt(Of(events, "done")[0], "reason"), "limit");
  const json::Array messages = Conversation(question, events);
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_TRUE(IsWhole(messages));
  for (size_t i = 2; i < 5; ++i) EXPECT_EQ(TextAt(messages[i], "content"), StoppedResult());
  EXPECT_TRUE(Eventually([&] { return gate_.stopped() == 3; }));
  EXPECT_TRUE(AllIsOver());
  // While the model speaks, too: what there is of it stands.
  step_milliseconds_ = 10;  // some 800 tokens
  const auto counted = Run(Ask("count"));
  EXPECT_EQ(TextAt(Of(counted, "done")[0], "reason"), "limit");
  EXPECT_EQ(TextAt(Of(counted, "message")[0], "message.content"), Joined(counted, "content"));
  EXPECT_TRUE(Lives());
}

TEST_F(AgentFaultTest, AStreamThatWaitsForToolsIsKeptAlive) {
  test::ScriptedServiceOptions options;
  options.api.keep_alive_seconds = 0.02;
  Start(std::move(options));
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait thrice")));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 3; }));
  for (int i = 0; i < 3; ++i) ASSERT_NE(client.ReadUntil(kSseKeepAlive), "");
  gate_.Open();
  EXPECT_NE(client.ReadUntil("It is open."), "");
  EXPECT_NE(client.ReadUntil("event: done"), "");
}

TEST_F(AgentFaultTest, AFailureOfOurOwnTellsNothingOfItself) {
  Start();
  const auto events = Run(Ask("broken logits"));
  EXPECT_EQ(events.back().name, "error");
  EXPECT_THAT(TextAt(events.back().data, "message"), HasSubstr("the server failed"));
  EXPECT_TRUE(AllIsOver());
}

TEST_F(AgentFaultTest, OneRequestIsOneRecordWithAllItsGenerations) {
  test::ScriptedServiceOptions options;
  test::CollectedLines record_lines, log_lines;
  options.api.record = record_lines.Writer();
  options.api.access_log = log_lines.Writer();
  Start(std::move(options));
  const auto events = Run(Ask("echo thrice"));
  ASSERT_TRUE(AllIsOver());
  const std::vector<std::string> records = record_lines.Take();
  ASSERT_EQ(records.size(), 1U);
  const json::Value record = *json::Parse(records[0]);
  EXPECT_EQ(At(record, "generations").array().size(), 2U);
  EXPECT_EQ(TextAt(record, "path"), "/v1/agent");
  const std::vector<json::Value> answers = log_lines.TakeEvents("answer");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(TextAt(answers[0], "end"), "stop");
  // Prompts of both rounds.
  EXPECT_EQ(TextAt(answers[0], "prompt_tokens"),
            TextAt(Of(events, "done")[0], "usage.prompt_tokens"));
  EXPECT_EQ(*At(answers[0], "prompt_tokens").AsInt64(),
            *At(Of(events, "round")[0], "prompt_tokens").AsInt64() +
                *At(Of(events, "round")[1], "prompt_tokens").AsInt64());
}

// Forty pages in a window that holds about fifteen.
TEST_F(AgentFaultTest, FortyRoundsPassTheWindowWithEveryStrategy) {
  for (const std::string strategy : {"summary", "discard-75", "discard-all"}) {
    test::ScriptedServiceOptions options;
    options.context = 2048;
    Start(std::move(options));
    const json::Array question = Question("look through the book");
    const auto events =
        Run(Body(question,
                 fmt::format(R"("context": "{}", "max_rounds": 100, "thinking": true)", strategy)));
    const auto changes = Of(events, "context");
    ASSERT_FALSE(changes.empty()) << strategy;
    for (const json::Value& change : changes) {
      EXPECT_EQ(TextAt(change, "strategy"), strategy);
      EXPECT_GT(*At(change, "before_tokens").AsInt64(), 1638);
      EXPECT_LE(*At(change, "after_tokens").AsInt64(), 1638);
      EXPECT_GT(*At(change, "dropped_rounds").AsInt64(), 0);
      EXPECT_EQ(At(change, "summary").is_null(), strategy != "summary");
    }
    EXPECT_EQ(Of(events, "messages").size(), changes.size());
    for (const json::Value& round : Of(events, "round")) {
      EXPECT_LT(*At(round, "prompt_tokens").AsInt64(), 2048);
    }
    EXPECT_TRUE(IsWhole(Conversation(question, events)));
    const std::string reason = TextAt(Of(events, "done")[0], "reason");
    if (strategy == "summary") {
      EXPECT_EQ(TextAt(changes[0], "summary"), "Pages up to here: nothing found.");
      EXPECT_EQ(Joined(events, "content"), "On I go from the summary.");
      EXPECT_EQ(reason, "stop");
    } else if (strategy == "discard-75") {
      EXPECT_EQ(Joined(events, "content"), "It is on page 40.");
      EXPECT_EQ(TextAt(Of(events, "done")[0], "rounds"), "41");
    } else {
      // Without a memory of what it has seen, this model begins again each time.
      EXPECT_EQ(reason, "rounds");
    }
    ASSERT_TRUE(AllIsOver());
  }
}

TEST_F(AgentFaultTest, KeepEndsInAnErrorWithTheCounts) {
  test::ScriptedServiceOptions options;
  options.context = 1024;
  Start(std::move(options));
  tools_->Add("essay", [](const std::string&, const std::stop_token&) {
    return Result<std::string>(std::string(5000, 'x'));
  });
  const json::Array question = Question("write an essay");
  const auto events = Run(Body(question, R"("context": "keep")"));
  EXPECT_EQ(events.back().name, "error");
  EXPECT_THAT(TextAt(events.back().data, "message"),
              HasSubstr("which leaves no room in a context of 1024"));
  EXPECT_EQ(TextAt(events.back().data, "type"), "invalid_request_error");
  EXPECT_TRUE(IsWhole(Conversation(question, events)));
  EXPECT_TRUE(Of(events, "context").empty());
}

// Whole, abandoned and failing, with tools that take their time: nothing of them stays.
TEST_F(AgentFaultTest, NothingIsHeldWhenAllIsAnswered) {
  tools_->Add("slow", [](const std::string& n, const std::stop_token& stop) {
    for (int i = 0; i < 20 && !stop.stop_requested(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return Result<std::string>("echo of " + n);
  });
  test::ScriptedServiceOptions options;
  options.pages = 512;
  options.max_running = 6;
  options.max_waiting = 8;
  options.api.keep_alive_seconds = 0.004;
  options.api.memory.bytes = 64 << 10;
  Start(std::move(options));
  const std::vector<std::string> bodies = {Ask("echo thrice"),
                                           Ask("fail thrice"),
                                           Ask("count"),
                                           Ask("hello", "\"thinking\": true"),
                                           Ask("look through the book", "\"max_rounds\": 5"),
                                           Ask("broken logits"),
                                           Ask("hello", "\"temperature\": 9"),
                                           Ask("then count"),
                                           Ask("slow thrice")};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 16; ++i) {
        const size_t number = t * 16 + i;
        test::HttpClient client(port_);
        ASSERT_TRUE(client.Send(test::PostText("/v1/agent", bodies[number % bodies.size()])));
        if (number % 3 == 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(number % 17));
          client.Reset();
        } else {
          EXPECT_TRUE(client.Read().whole);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(AllIsOver());
  const EngineStats stats = service_->engine->Stats();
  EXPECT_EQ(stats.pages_held, 0);
  EXPECT_EQ(stats.pages_free + stats.pages_in_tree, stats.pages);
  EXPECT_TRUE(Lives());
}

}  // namespace
}  // namespace fathom::api
