#include "agent/tool_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <mutex>
#include <thread>

#include "agent/builtin_tools.h"
#include "json/write.h"

namespace fathom {
namespace {

const WallClock kClock = [] { return WallTime{1795543200, 0}; };

std::vector<chat::ToolCall> CallsOf(const std::string& name, size_t count) {
  std::vector<chat::ToolCall> calls;
  for (size_t i = 0; i < count; ++i) {
    calls.push_back({fmt::format("c{}", i), name, fmt::format("{{\"n\": {}}}", i)});
  }
  return calls;
}

Tool MakeTool(std::string name, Tool::Function run) {
  return Tool::WithSchema(std::move(name), "", json::Object{{"type", "object"}}, std::move(run));
}

TEST(RunTool, FailuresAreResults) {
  const Toolbox tools = MakeBuiltinTools(kClock, nullptr);
  EXPECT_EQ(RunTool(tools, {"", "calculator", "{\"expression\": \"6*7\"}"}).result, "42");
  EXPECT_TRUE(RunTool(tools, {"", "calculator", "{\"expression\": \"1/0\"}"}).failed);
  const ToolRun unknown = RunTool(tools, {"", "weather", "{}"});
  EXPECT_TRUE(unknown.failed);
  EXPECT_TRUE(unknown.result.starts_with("{\"error\": \"")) << unknown.result;
  EXPECT_NE(unknown.result.find("calculator"), std::string::npos) << unknown.result;
  for (const char* broken : {"[1", "", "{\"expression\": ", "[]", "7", "null"}) {
    const ToolRun run = RunTool(tools, {"", "calculator", broken});
    EXPECT_TRUE(run.failed) << broken;
    EXPECT_TRUE(run.result.starts_with("{\"error\": \"")) << run.result;
  }
}

TEST(RunTool, OneThatIsStoppedIsNotRun) {
  bool ran = false;
  Toolbox tools;
  tools.Add(MakeTool("look", [&](const json::Object&, const std::stop_token&) {
    ran = true;
    return Result<std::string>("seen");
  }));
  std::stop_source stop;
  stop.request_stop();
  const ToolRun run = RunTool(tools, {"", "look", "{}"}, stop.get_token());
  EXPECT_FALSE(ran);
  EXPECT_TRUE(run.failed);
  EXPECT_EQ(run.result, "{\"error\": \"stopped\"}");
}

// Each waits until all of them run.
TEST(RunTools, RunsAtOnceAndTellsInOrder) {
  std::latch all(kCallsAtOnce);
  Toolbox tools;
  tools.Add(MakeTool("meet", [&](const json::Object& arguments, const std::stop_token&) {
    all.arrive_and_wait();
    const int64_t n = *arguments.Find("n")->AsInt64();
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * (4 - n)));
    return Result<std::string>(fmt::format("met {}", n));
  }));
  std::vector<size_t> told;
  CallWatch watch;
  watch.on_run = [&](size_t call, const ToolRun& run) {
    EXPECT_EQ(run.result, fmt::format("met {}", call));
    told.push_back(call);
  };
  const auto runs = RunTools(tools, CallsOf("meet", kCallsAtOnce), watch);
  EXPECT_EQ(told, (std::vector<size_t>{0, 1, 2, 3}));
  ASSERT_EQ(runs.size(), 4U);
  EXPECT_EQ(runs[3].call.id, "c3");
}

TEST(RunTools, NoMoreThanSoManyAtATime) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  Toolbox tools;
  tools.Add(MakeTool("work", [&](const json::Object&, const std::stop_token&) {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    --running;
    return Result<std::string>("done");
  }));
  const auto runs = RunTools(tools, CallsOf("work", 64), {});
  EXPECT_EQ(runs.size(), 64U);
  EXPECT_TRUE(std::ranges::all_of(runs, [](const ToolRun& run) { return run.result == "done"; }));
  EXPECT_LE(most, static_cast<int>(kCallsAtOnce));
}

TEST(RunTools, OneThatFailsLeavesTheOthers) {
  const Toolbox tools = MakeBuiltinTools(kClock, nullptr);
  const std::vector<chat::ToolCall> calls = {{"a", "calculator", "{\"expression\": \"1/0\"}"},
                                             {"b", "weather", "{}"},
                                             {"c", "calculator", "{\"expression\": \"6*7\"}"},
                                             {"d", "calculator", "not JSON"}};
  const auto runs = RunTools(tools, calls, {});
  ASSERT_EQ(runs.size(), 4U);
  EXPECT_TRUE(runs[0].failed && runs[1].failed && runs[3].failed);
  EXPECT_EQ(runs[2].result, "42");
}

TEST(RunTools, StoppedWhileTheyRun) {
  std::atomic<int> begun = 0;
  Toolbox tools;
  tools.Add(MakeTool("sleep", [&](const json::Object&, const std::stop_token& stop) {
    ++begun;
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Result<std::string>(Cancelled("I was told to stop"));
  }));
  CallWatch watch;
  watch.stopped = [&] { return begun == static_cast<int>(kCallsAtOnce); };
  const auto runs = RunTools(tools, CallsOf("sleep", 10), watch);
  EXPECT_EQ(begun, static_cast<int>(kCallsAtOnce));
  ASSERT_EQ(runs.size(), 10U);
  for (const ToolRun& run : runs) EXPECT_EQ(run.result, StoppedResult());
}

TEST(RunTools, NoCallsAreNoWork) { EXPECT_TRUE(RunTools(Toolbox(), {}, {}).empty()); }

}  // namespace
}  // namespace fathom
