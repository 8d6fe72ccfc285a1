// POST /v1/agent for tests: a scripted model, tools whose functions a test sets, and what the
// stream of events says.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/tool_groups.h"
#include "agent/tool_run.h"
#include "api/agent_tools.h"
#include "chat/tool_results.h"
#include "support/api_client.h"
#include "support/service_fixture.h"

namespace fathom::test {

struct AgentEvent {
  std::string name;
  json::Value data;
};

// In order, without comments. A last one that is cut off is left out.
inline std::vector<AgentEvent> ReadAgentEvents(std::string_view body) {
  std::vector<AgentEvent> events;
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
inline std::vector<std::string> Names(const std::vector<AgentEvent>& events) {
  std::vector<std::string> names;
  for (const AgentEvent& event : events) {
    if (event.name == "stats" || (!names.empty() && names.back() == event.name)) continue;
    names.push_back(event.name);
  }
  return names;
}

inline std::vector<json::Value> Of(const std::vector<AgentEvent>& events, std::string_view name) {
  std::vector<json::Value> found;
  for (const AgentEvent& event : events) {
    if (event.name == name) found.push_back(event.data);
  }
  return found;
}

inline std::string Joined(const std::vector<AgentEvent>& events, std::string_view name) {
  std::string text;
  for (const json::Value& data : Of(events, name)) text += TextAt(data, "text");
  return text;
}

// What the client has at the end: its own messages and what joined them.
inline json::Array Conversation(json::Array messages, const std::vector<AgentEvent>& events) {
  for (const AgentEvent& event : events) {
    if (event.name == "message") messages.push_back(At(event.data, "message"));
    if (event.name == "messages") messages = At(event.data, "messages").array();
  }
  return messages;
}

inline bool IsWhole(const json::Array& messages) {
  auto read = chat::MessagesFromJson(messages, "messages");
  return read.ok() && chat::OrderToolResults(&*read).ok();
}

inline std::string Call(const std::string& name, const std::string& parameter,
                        const std::string& value) {
  return fmt::format(
      "<｜DSML｜invoke name=\"{}\">\n<｜DSML｜parameter name=\"{}\" string=\"true\">{}"
      "</｜DSML｜parameter>\n</｜DSML｜invoke>\n",
      name, parameter, value);
}
inline std::string Block(const std::string& calls) {
  return "\n\n<｜DSML｜function_calls>\n" + calls + "</｜DSML｜function_calls>";
}
inline std::string Three(const std::string& tool) {
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
class ToolGate {
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

class AgentServiceTest : public ServiceFixture {
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
  void TearDown() override {
    gate_.Open();
    ServiceFixture::TearDown();
  }

  void Start(ScriptedServiceOptions options = {}) {
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
    Serve(std::move(options));
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
  std::vector<AgentEvent> Run(const std::string& body) {
    const HttpAnswer answer = Post(port_, "/v1/agent", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.body.find("DSML"), std::string::npos) << answer.body;
    return ReadAgentEvents(answer.body);
  }
  bool AllIsOver() {
    return Eventually([&] {
      const api::ApiCounts counts = service_->server->counts();
      return counts.answers == 0 && counts.admitted == 0;
    });
  }
  bool Lives() {
    const auto answer = Post(port_, "/v1/chat/completions",
                             R"({"messages": [{"role": "user", "content": "hello"}]})");
    return answer.body.find("Hello!") != std::string::npos;
  }

  std::shared_ptr<TestTools> tools_ = std::make_shared<TestTools>();
  ToolGate gate_;
  std::atomic<int> step_milliseconds_ = 0;
};

}  // namespace fathom::test
