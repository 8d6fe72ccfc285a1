#include "api/agent_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "json/value.h"

namespace fathom::api {
namespace {

std::shared_ptr<const AgentTools> OneTool(Tool::Function run) {
  auto tools = std::make_shared<AgentTools>();
  tools->box.Add(Tool::WithSchema("work", "", json::Object{{"type", "object"}}, std::move(run)));
  return tools;
}

std::vector<chat::ToolCall> CallsOf(size_t count) {
  std::vector<chat::ToolCall> calls;
  for (size_t i = 0; i < count; ++i) calls.push_back({fmt::format("c{}", i), "work", "{}"});
  return calls;
}

// Takes until `count` results are there; their calls.
std::set<size_t> TakeAll(AgentCalls& calls, size_t count) {
  std::set<size_t> ended;
  while (ended.size() < count) {
    for (const auto& [call, run] : calls.Take()) {
      EXPECT_EQ(run.call.id, fmt::format("c{}", call));
      EXPECT_TRUE(ended.insert(call).second) << "a second result for " << call;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return ended;
}

TEST(AgentCalls, SeveralAnswersShareTheThreads) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> told = 0;
  const auto tools = OneTool([&](const json::Object&, const std::stop_token&) {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    --running;
    return Result<std::string>("done");
  });
  TaskQueue queue(6);
  std::vector<std::shared_ptr<AgentCalls>> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(std::make_shared<AgentCalls>(queue, tools, CallsOf(25), [&] { ++told; }));
    answers.back()->Start();
  }
  for (const auto& calls : answers) EXPECT_EQ(TakeAll(*calls, 25).size(), 25U);
  while (told < 100) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_LE(most, 6);
}

TEST(AgentCalls, OneAnswerTakesAFewThreads) {
  std::atomic<size_t> begun = 0;
  std::atomic<bool> open = false;
  const auto tools = OneTool([&](const json::Object&, const std::stop_token&) {
    ++begun;
    while (!open) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Result<std::string>("done");
  });
  TaskQueue queue(8);
  const auto calls = std::make_shared<AgentCalls>(queue, tools, CallsOf(20), [] {});
  calls->Start();
  while (begun < kCallsAtOnce) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(begun, kCallsAtOnce);
  open = true;
  EXPECT_EQ(TakeAll(*calls, 20).size(), 20U);
}

// Whoever started them may be gone, and the queue ends all the same.
TEST(AgentCalls, StoppedAndForgotten) {
  std::atomic<size_t> begun = 0;
  const auto tools = OneTool([&](const json::Object&, const std::stop_token& stop) {
    ++begun;
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Result<std::string>(Cancelled("told to stop"));
  });
  {
    TaskQueue queue(8);
    auto calls = std::make_shared<AgentCalls>(queue, tools, CallsOf(20), [] {});
    calls->Start();
    while (begun < kCallsAtOnce) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    calls->Stop();
    calls.reset();
  }
  EXPECT_EQ(begun, kCallsAtOnce);
}

}  // namespace
}  // namespace fathom::api
