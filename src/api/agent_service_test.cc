// POST /v1/agent over a scripted model and scripted tools, through the socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <mutex>
#include <thread>

#include "agent/tool_run.h"
#include "api/agent_tools.h"
#include "api/sse.h"
#include "chat/tool_results.h"
#include "support/api_client.h"
#include "support/scripted_service.h"

namespace fathom::api {
namespace {

using test::At;
using test::Get;
using test::JsonOf;
using test::Post;
using test::TextAt;
using testing::ElementsAre;
using testing::HasSubstr;

struct Event {
  std::string name;
  json::Value data;
};

// In order, without comments. A last one that is cut off is left out.
std::vector<Event> ReadAgentEvents(std::string_view body) {
  std::vector<Event> events;
  for (size_t end = body.find("\n\n"); end != body.npos; end = body.find("\n\n")) {
    const std::string_view text = body.substr(0, end);
    body.remove_prefix(end + 2);
    if (text.starts_with(':')) continue;
    const size_t data = text.find("\ndata: ");
    FATHOM_CHECK(text.starts_with("event: ") && data != text.npos, "no event: {}", text);
    auto value = json::Parse(text.substr(data + 7));
    FATHOM_CHECK(value.ok(), "{}: {}", value.status().message(), text);
    events.push_back({std::string(text.substr(7, data - 7)), *std::move(value)});
  }
  return events;
}

// The names, those in a row as one, without stats.
std::vector<std::string> Names(const std::vector<Event>& events) {
  std::vector<std::string> names;
  for (const Event& event : events) {
    if (event.name == "stats" || (!names.empty() && names.back() == event.name)) continue;
    names.push_back(event.name);
  }
  return names;
}

std::vector<json::Value> Of(const std::vector<Event>& events, std::string_view name) {
  std::vector<json::Value> found;
  for (const Event& event : events) {
    if (event.name == name) found.push_back(event.data);
  }
  return found;
}

std::string Joined(const std::vector<Event>& events, std::string_view name) {
  std::string text;
  for (const json::Value& data : Of(events, name)) text += TextAt(data, "text");
  return text;
}

// What the client has at the end: its own messages and what joined them.
json::Array Conversation(json::Array messages, const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (event.name == "message") messages.push_back(At(event.data, "message"));
    if (event.name == "messages") messages = At(event.data, "messages").array();
  }
  return messages;
}

bool IsWhole(const json::Array& messages) {
  auto read = chat::MessagesFromJson(messages, "messages");
  return read.ok() && chat::OrderToolResults(&*read).ok();
}

std::string Call(const std::string& name, const std::string& parameter, const std::string& value) {
  return fmt::format(
      "<｜DSML｜invoke name=\"{}\">\n<｜DSML｜parameter name=\"{}\" string=\"true\">{}"
      "</｜DSML｜parameter>\n</｜DSML｜invoke>\n",
      name, parameter, value);
}
std::string Block(const std::string& calls) {
  return "\n\n<｜DSML｜function_calls>\n" + calls + "</｜DSML｜function_calls>";
}
std::string Three(const std::string& tool) {
  return Block(Call(tool, "n", "1") + Call(tool, "n", "2") + Call(tool, "n", "3"));
}

// Tools whose functions a test sets, in a group "test"; and a group that is away.
class TestTools final : public ToolGroups {
 public:
  using Function = std::function<Result<std::string>(const std::string& n, const std::stop_token&)>;

  void Add(const std::string& name, Function run) {
    group_->tools.Add(
        Tool(name, "For tests.", {{"n", "a number", true}},
             [run = std::move(run)](const json::Object& arguments, const std::stop_token& stop) {
               return run(arguments.Find("n")->string(), stop);
             }));
  }
  std::vector<std::shared_ptr<const ToolGroup>> List() const override {
    auto away = std::make_shared<ToolGroup>();
    away->name = "away";
    away->problem = "it never started";
    return {group_, away};
  }

 private:
  const std::shared_ptr<ToolGroup> group_ =
      std::make_shared<ToolGroup>(ToolGroup{.name = "test", .problem = "", .tools = {}});
};

// A tool that waits until the test lets it go, or until it is told to stop.
class Gate {
 public:
  TestTools::Function Tool() {
    return [this](const std::string& n, const std::stop_token& stop) {
      ++waiting_;
      while (!open_ && !stop.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      if (open_) return Result<std::string>("through " + n);
      ++stopped_;
      return Result<std::string>(Cancelled("told to stop"));
    };
  }
  void Open() { open_ = true; }
  int waiting() const { return waiting_; }
  int stopped() const { return stopped_; }

 private:
  std::atomic<bool> open_ = false;
  std::atomic<int> waiting_ = 0, stopped_ = 0;
};

class AgentServiceTest : public testing::Test {
 protected:
  AgentServiceTest() {
    tools_->Add("echo", [](const std::string& n, const std::stop_token&) {
      return Result<std::string>("echo of " + n);
    });
    tools_->Add("fail", [](const std::string& n, const std::stop_token&) {
      return Result<std::string>(InvalidArgument("{} is a bad number", n));
    });
    tools_->Add("wait", gate_.Tool());
    tools_->Add("page", [](const std::string& n, const std::stop_token&) {
      return Result<std::string>(
          fmt::format("page={} of an old book about ships and harbours that "
                      "nobody has read for years and years.",
                      n));
    });
  }
  ~AgentServiceTest() override {
    gate_.Open();
    service_.reset();
  }

  void Start(test::ScriptedServiceOptions options = {}) {
    service_.reset();
    options.tokenizer = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";
    std::string count;
    for (int i = 1; i <= 400; ++i) count += fmt::format("{} ", i);
    options.lines = {
        {"context is nearly full", "Pages up to here: nothing found."},
        {"summary of it:]", "Right.</think>On I go from the summary."},
        {"hello", "Well.</think>Hello!"},
        {"then count", "</think>" + Block(Call("echo", "n", "count"))},
        {"count", count},
        {"broken logits", "So far", /*spelled=*/false, /*broken=*/true},
        {"six times seven", "I compute.</think>" + Block(Call("calculator", "expression", "6*7"))},
        {"<result>42</result>", "So it is.</think>The answer is 42."},
        {"spelled echo", "Letters.</think>" + Block(Call("echo", "n", "x")), /*spelled=*/true},
        {"echo thrice", "Thrice.</think>" + Three("echo")},
        {"<result>echo of", "Heard.</think>I heard it."},
        {"fail thrice", "</think>" + Block(Call("fail", "n", "1") + Call("gone", "n", "2") +
                                           Call("echo", "m", "3"))},
        {"is a bad number", "</think>All three failed."},
        {"meet", "</think>" + Three("meet")},
        {"<result>met", "</think>They met."},
        {"wait thrice", "</think>" + Three("wait")},
        {"wait twenty times", "</think>" + Twenty()},
        {"<result>through", "</think>It is open."},
        {"write an essay", "</think>" + Block(Call("essay", "n", "1"))},
        {"slow thrice", "</think>" + Three("slow")},
    };
    for (int page = 40; page >= 0; --page) {
      options.lines.push_back(
          {page == 0 ? "look through the book" : fmt::format("page={} of", page),
           page == 40 ? "Done.</think>It is on page 40."
                      : "Next.</think>" + Block(Call("page", "n", std::to_string(page + 1)))});
    }
    if (!options.on_step) {
      options.on_step = [this](const Batch&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(step_milliseconds_));
      };
    }
    if (options.api.tool_groups == nullptr) options.api.tool_groups = tools_;
    auto started = test::ScriptedService::Start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.status().message();
    service_ = std::move(started).value();
    port_ = service_->server->port();
  }

  static std::string Twenty() {
    std::string calls;
    for (int i = 0; i < 20; ++i) calls += Call("wait", "n", std::to_string(i));
    return Block(calls);
  }
  static json::Array Question(const std::string& text) {
    return {json::Object{{"role", "user"}, {"content", text}}};
  }
  static std::string Body(const json::Array& messages, const std::string& more = "") {
    return fmt::format(R"({{"messages": {}, "tool_groups": ["test"]{}{}}})",
                       json::Dump(messages, json::Style::kCompact), more.empty() ? "" : ", ", more);
  }
  static std::string Ask(const std::string& text, const std::string& more = "") {
    return Body(Question(text), more);
  }
  std::vector<Event> Run(const std::string& body) {
    const test::HttpAnswer answer = Post(port_, "/v1/agent", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.body.find("DSML"), std::string::npos) << answer.body;
    return ReadAgentEvents(answer.body);
  }
  bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 3000; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  bool AllIsOver() {
    return Eventually([&] {
      const ApiCounts counts = service_->server->counts();
      return counts.answers == 0 && counts.admitted == 0;
    });
  }
  bool Lives() {
    const auto answer = Post(port_, "/v1/chat/completions",
                             R"({"messages": [{"role": "user", "content": "hello"}]})");
    return answer.body.find("Hello!") != std::string::npos;
  }

  std::shared_ptr<TestTools> tools_ = std::make_shared<TestTools>();
  Gate gate_;
  std::atomic<int> step_milliseconds_ = 0;
  std::unique_ptr<test::ScriptedService> service_;
  uint16_t port_ = 0;
};

TEST_F(AgentServiceTest, AnswersAtOnce) {
  Start();
  const auto events = Run(Ask("hello", "\"thinking\": true"));
  EXPECT_THAT(Names(events),
              ElementsAre("start", "round", "reasoning", "content", "message", "done"));
  EXPECT_EQ(Joined(events, "reasoning"), "Well.");
  EXPECT_EQ(Joined(events, "content"), "Hello!");
  const json::Value start = Of(events, "start")[0];
  EXPECT_THAT(TextAt(start, "id"), testing::StartsWith("agent_"));
  EXPECT_EQ(TextAt(start, "model"), "scripted");
  EXPECT_EQ(TextAt(start, "thinking"), "true");
  EXPECT_EQ(TextAt(start, "context_tokens"), "4096");
  EXPECT_EQ(TextAt(start, "tools"), R"(["echo","fail","wait","page"])");
  const json::Value done = Of(events, "done")[0];
  EXPECT_EQ(TextAt(done, "reason"), "stop");
  EXPECT_EQ(TextAt(done, "rounds"), "1");
  EXPECT_EQ(TextAt(done, "repairs"), "[]");
  EXPECT_EQ(TextAt(done, "usage.prompt_tokens"), TextAt(Of(events, "round")[0], "prompt_tokens"));
  const json::Value stats = Of(events, "stats").back();
  EXPECT_EQ(TextAt(stats, "completion_tokens"), TextAt(done, "usage.completion_tokens"));
  EXPECT_EQ(TextAt(stats, "reasoning_tokens"),
            TextAt(done, "usage.completion_tokens_details.reasoning_tokens"));
  EXPECT_TRUE(AllIsOver());
}

TEST_F(AgentServiceTest, TheBuiltInToolsAreThereWithoutAnyGroups) {
  test::ScriptedServiceOptions options;
  options.api.tool_groups = HarmlessTools();
  Start(std::move(options));
  const auto events = Run(R"({"messages": [{"role": "user", "content": "six times seven"}],
                              "tool_groups": ["builtin"], "thinking": true})");
  EXPECT_THAT(Names(events),
              ElementsAre("start", "round", "reasoning", "call", "arguments", "call_end", "message",
                          "tool", "message", "round", "reasoning", "content", "message", "done"));
  EXPECT_EQ(Joined(events, "arguments"), R"({"expression": "6*7"})");
  const json::Value tool = Of(events, "tool")[0];
  EXPECT_EQ(TextAt(tool, "text"), "42");
  EXPECT_EQ(TextAt(tool, "failed"), "false");
  EXPECT_EQ(TextAt(tool, "id"), TextAt(Of(events, "call")[0], "id"));
  const json::Array messages = Conversation({}, events);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(TextAt(messages[0], "tool_calls.0.id"), TextAt(tool, "id"));
  EXPECT_EQ(TextAt(messages[0], "reasoning_content"), "I compute.");
  EXPECT_EQ(TextAt(messages[1], "role"), "tool");
  EXPECT_EQ(TextAt(messages[2], "content"), "The answer is 42.");
  EXPECT_EQ(TextAt(Of(events, "done")[0], "rounds"), "2");
}

// What the client sends back is found in the cache to its last token, however it was written.
TEST_F(AgentServiceTest, TheNextRequestContinuesTheLastOne) {
  Start();
  const json::Array question = Question("spelled echo");
  const auto first = Run(Body(question, "\"thinking\": true"));
  const json::Array said = Conversation(question, first);
  ASSERT_EQ(said.size(), 4U);
  // The loop alone, without the answer: its reasoning stands in the prompt again.
  const json::Array loop(said.begin(), said.end() - 1);
  const auto again = Run(Body(loop, "\"thinking\": true"));
  EXPECT_EQ(TextAt(Of(again, "round")[0], "prompt_tokens"),
            TextAt(Of(first, "round")[1], "prompt_tokens"));
  const int64_t prompt = *At(Of(again, "round")[0], "prompt_tokens").AsInt64();
  const int64_t cached =
      *At(Of(again, "done")[0], "usage.prompt_tokens_details.cached_tokens").AsInt64();
  EXPECT_GT(cached, prompt - 65);  // but for the last page
}

TEST_F(AgentServiceTest, CallsOfOneAnswerRunAtOnceAndComeBackInOrder) {
  std::latch all(3);
  tools_->Add("meet", [&](const std::string& n, const std::stop_token&) {
    all.arrive_and_wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(10 * (3 - std::stoi(n))));
    return Result<std::string>("met " + n);
  });
  Start();
  const auto events = Run(Ask("meet"));
  const json::Array messages = Conversation({}, events);
  ASSERT_EQ(messages.size(), 5U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(TextAt(messages[i + 1], "content"), fmt::format("met {}", i + 1));
    EXPECT_EQ(TextAt(messages[i + 1], "tool_call_id"),
              TextAt(messages[0], fmt::format("tool_calls.{}.id", i)));
  }
  EXPECT_EQ(Of(events, "tool").size(), 3U);
  EXPECT_TRUE(IsWhole(Conversation(Question("meet"), events)));
}

TEST_F(AgentServiceTest, FailuresAreResults) {
  Start();
  const auto events = Run(Ask("fail thrice"));
  const json::Array messages = Conversation({}, events);
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_EQ(TextAt(messages[1], "content"), R"({"error": "1 is a bad number"})");
  EXPECT_THAT(TextAt(messages[2], "content"), HasSubstr("there is no tool called gone"));
  EXPECT_THAT(TextAt(messages[3], "content"), HasSubstr("unknown argument m"));
  EXPECT_EQ(TextAt(messages[4], "content"), "All three failed.");
  for (const json::Value& tool : Of(events, "tool")) EXPECT_EQ(TextAt(tool, "failed"), "true");
}

TEST_F(AgentServiceTest, RoundsAreLimited) {
  Start();
  const json::Array question = Question("look through the book");
  const auto events = Run(Body(question, "\"max_rounds\": 3"));
  const json::Value done = Of(events, "done")[0];
  EXPECT_EQ(TextAt(done, "reason"), "rounds");
  EXPECT_EQ(TextAt(done, "rounds"), "3");
  const json::Array messages = Conversation(question, events);
  ASSERT_EQ(messages.size(), 7U);
  EXPECT_TRUE(IsWhole(messages));
  EXPECT_THAT(TextAt(messages.back(), "content"), HasSubstr("limit of 3 rounds"));
}

TEST_F(AgentServiceTest, AnAnswerThatIsCutOffEndsTheTurn) {
  Start();
  const auto events = Run(Ask("count", "\"max_tokens\": 9"));
  EXPECT_EQ(TextAt(Of(events, "done")[0], "reason"), "length");
  EXPECT_EQ(Of(events, "message").size(), 1U);
}

TEST_F(AgentServiceTest, ErrorsBeforeTheStream) {
  Start();
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"messages": [{"role": "user", "content": "hello"}], "tool_groups": ["files"]})",
       "tool_groups[0]: there is no group \\\"files\\\"; there are: test, away"},
      {R"({"messages": [{"role": "user", "content": "hello"}], "tool_groups": ["away"]})",
       "it never started"},
      {Ask("hello", "\"tools\": [1]"), "tools: an agent uses"},
      {Ask("hello", "\"stream\": true"), "stream: "},
      {Ask("hello", "\"max_rounds\": 0"), "max_rounds: "},
      {Ask("hello", "\"context\": \"x\""), "context: 'x' is none of"},
      {Ask("hello", "\"temperature\": 9"), "temperature"},
      {Ask(std::string(9000, 'x')), "messages: the next prompt has"},
      {"{\"messages\": ", "body: "},
      {"[]", "body: expected object"},
  };
  for (const auto& [body, message] : kCases) {
    const test::HttpAnswer answer = Post(port_, "/v1/agent", body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 200);
    EXPECT_THAT(answer.body, HasSubstr(message));
    EXPECT_THAT(answer.body, HasSubstr("invalid_request_error"));
  }
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello", "\"model\": \"gpt\"")).status, 404);
  EXPECT_TRUE(AllIsOver());
}

TEST_F(AgentServiceTest, GetSaysWhatCanBeAskedFor) {
  Start();
  const json::Value body = JsonOf(Get(port_, "/v1/agent"));
  EXPECT_EQ(TextAt(body, "object"), "agent");
  EXPECT_EQ(TextAt(body, "models"), R"(["scripted","deepseek-chat","deepseek-reasoner"])");
  EXPECT_EQ(TextAt(body, "context_tokens"), "4096");
  EXPECT_EQ(TextAt(body, "defaults"), R"({"temperature":1.0,"top_p":0.95,"max_rounds":16,)"
                                      R"("context":"summary","thinking":false})");
  EXPECT_EQ(TextAt(body, "strategies"), R"(["keep","summary","discard-75","discard-all"])");
  EXPECT_EQ(TextAt(body, "tool_groups.0.name"), "test");
  EXPECT_EQ(TextAt(body, "tool_groups.0.problem"), "null");
  EXPECT_EQ(TextAt(body, "tool_groups.0.tools.0.name"), "echo");
  EXPECT_EQ(TextAt(body, "tool_groups.0.tools.0.parameters.type"), "object");
  EXPECT_EQ(TextAt(body, "tool_groups.1.problem"), "it never started");
}

TEST_F(AgentServiceTest, KeysAndTheirLimitsHold) {
  test::ScriptedServiceOptions options;
  options.keys = *KeyRing::FromJson(
      R"({"keys": [{"name": "abc", "max_running": 1, "sha256":
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]})");
  Start(std::move(options));
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello")).status, 401);
  EXPECT_EQ(Get(port_, "/v1/agent").status, 401);
  const std::string key = "x-api-key: abc\r\n";
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello"), key).status, 200);
  ASSERT_TRUE(AllIsOver());
  // One that waits for its tools runs.
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait thrice"), key));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 3; }));
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello"), key).status, 429);
  gate_.Open();
  EXPECT_THAT(client.Read().body, HasSubstr("It is open."));
  ASSERT_TRUE(AllIsOver());
  EXPECT_EQ(Post(port_, "/v1/agent", Ask("hello"), key).status, 200);
}

// Five answers with twenty calls each, which take every thread that there is for tools.
TEST_F(AgentServiceTest, SlowToolsKeepNobodyWaiting) {
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

TEST_F(AgentServiceTest, OneAnswerDoesNotTakeAllThreads) {
  Start();
  test::HttpClient client(port_);
  client.Send(test::PostText("/v1/agent", Ask("wait twenty times")));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 4; }));
  EXPECT_EQ(Joined(Run(Ask("echo thrice")), "content"), "I heard it.");
  EXPECT_EQ(gate_.waiting(), 4);
}

TEST_F(AgentServiceTest, AClientThatLeavesTakesItsToolsWithIt) {
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

TEST_F(AgentServiceTest, AClientThatLeavesInTheSecondAnswerStopsIt) {
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

TEST_F(AgentServiceTest, DrainWaitsForTools) {
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

TEST_F(AgentServiceTest, AServerThatIsDestroyedStopsItsTools) {
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

TEST_F(AgentServiceTest, AnEngineThatStopsIsAnErrorBehindTheTools) {
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

TEST_F(AgentServiceTest, ATurnThatTakesTooLongIsCutOffWithItsCallsStopped) {
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

TEST_F(AgentServiceTest, AStreamThatWaitsForToolsIsKeptAlive) {
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

TEST_F(AgentServiceTest, AFailureOfOurOwnTellsNothingOfItself) {
  Start();
  const auto events = Run(Ask("broken logits"));
  EXPECT_EQ(events.back().name, "error");
  EXPECT_THAT(TextAt(events.back().data, "message"), HasSubstr("the server failed"));
  EXPECT_TRUE(AllIsOver());
}

TEST_F(AgentServiceTest, OneRequestIsOneRecordWithAllItsGenerations) {
  test::ScriptedServiceOptions options;
  std::mutex mutex;
  std::vector<json::Value> records, answers;
  options.api.record = [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    records.push_back(*json::Parse(line));
  };
  options.api.access_log = [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    const json::Value value = *json::Parse(line);
    if (TextAt(value, "event") == "answer") answers.push_back(value);
  };
  Start(std::move(options));
  const auto events = Run(Ask("echo thrice"));
  ASSERT_TRUE(AllIsOver());
  const std::lock_guard lock(mutex);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(At(records[0], "generations").array().size(), 2U);
  EXPECT_EQ(TextAt(records[0], "path"), "/v1/agent");
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
TEST_F(AgentServiceTest, FortyRoundsPassTheWindowWithEveryStrategy) {
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

TEST_F(AgentServiceTest, KeepEndsInAnErrorWithTheCounts) {
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
TEST_F(AgentServiceTest, NothingIsHeldWhenAllIsAnswered) {
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
