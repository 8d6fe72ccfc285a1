#include "engine/engine_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>

#include "support/scripted_engine.h"

namespace fathom {
namespace {

using test::GreedyRequest;
using testing::HasSubstr;

const test::Script kScript = test::HashScript(/*first=*/2, /*count=*/60);

std::vector<int32_t> PromptOf(int32_t token, int64_t length) {
  return std::vector<int32_t>(static_cast<size_t>(length), token);
}

// One that sleeps until its stream has something.
class Reader {
 public:
  std::function<void()> on_ready() {
    return [this] {
      const std::lock_guard lock(mutex_);
      ready_ = true;
      wake_.notify_one();
    };
  }

  // Everything up to the end, or up to so many tokens.
  void ReadUntil(TokenStream& stream, int64_t tokens) {
    while (!finish && static_cast<int64_t>(this->tokens.size()) < tokens) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return ready_; });
        ready_ = false;
      }
      for (const TokenEvent& event : stream.Take()) {
        EXPECT_EQ(event.request, stream.id());
        EXPECT_FALSE(finish) << "an event after the end";
        if (event.token) this->tokens.push_back(event.token->token);
        finish = event.finish;
        status = event.status;
        cached_tokens = event.cached_tokens;
      }
    }
  }
  void Read(TokenStream& stream) { ReadUntil(stream, INT64_MAX); }

  std::vector<int32_t> tokens;
  std::optional<FinishReason> finish;
  Status status;
  int64_t cached_tokens = 0;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ready_ = false;
};

// Stops the engine thread inside of a step.
class Gate {
 public:
  void Close() { Set(true); }
  void Open() { Set(false); }
  void Pass() {
    std::unique_lock lock(mutex_);
    inside_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !closed_; });
    inside_ = false;
  }
  void AwaitSomebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_; });
  }

 private:
  void Set(bool closed) {
    const std::lock_guard lock(mutex_);
    closed_ = closed;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false, inside_ = false;
};

class EngineThreadTest : public testing::Test {
 protected:
  void Open(const test::ScriptedEngineOptions& options, EngineThreadOptions thread_options = {},
            test::Script script = kScript) {
    model_ = test::MakeScriptedModel(options, std::move(script));
    model_->OnStep([this](const Batch&) {
      ++steps_;
      gate_.Pass();
    });
    thread_ = std::make_unique<EngineThread>(test::MakeScriptedEngine(*model_, options.engine),
                                             thread_options);
  }

  Gate gate_;
  std::atomic<int64_t> steps_ = 0;
  std::unique_ptr<test::ScriptedModel> model_;
  std::unique_ptr<EngineThread> thread_;
};

TEST_F(EngineThreadTest, ManyThreadsGetTheirOwnTokens) {
  test::ScriptedEngineOptions options;
  options.pages = 12;
  Open(options);
  constexpr int kThreads = 8, kRequests = 25;
  std::atomic<int64_t> whole = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<uint32_t>(t));
      for (int i = 0; i < kRequests; ++i) {
        GenerateRequest request = GreedyRequest(
            PromptOf(static_cast<int32_t>(random() % 3), 1 + random() % 150), 1 + random() % 60);
        request.user = static_cast<uint64_t>(t);
        Reader reader;
        const auto stream = thread_->Submit(request, reader.on_ready()).value();
        if (random() % 4 == 0) {
          reader.ReadUntil(*stream, random() % 20);
          thread_->Cancel(stream->id());
        }
        reader.Read(*stream);
        EXPECT_TRUE(reader.finish == FinishReason::kLength ||
                    reader.finish == FinishReason::kCancelled);
        EXPECT_EQ(reader.tokens, test::ScriptedAnswer(kScript, request.prompt,
                                                      static_cast<int64_t>(reader.tokens.size())));
        whole += reader.finish == FinishReason::kLength;
        static_cast<void>(thread_->Stats());
        static_cast<void>(thread_->EstimatedWait());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const EngineStats stats = thread_->Stats();
  EXPECT_EQ(stats.finished[static_cast<size_t>(FinishReason::kLength)], whole);
  EXPECT_EQ(stats.finished[static_cast<size_t>(FinishReason::kLength)] +
                stats.finished[static_cast<size_t>(FinishReason::kCancelled)],
            kThreads * kRequests);
  EXPECT_EQ(stats.waiting + stats.running, 0);
  EXPECT_EQ(stats.pages_held, 0);
  EXPECT_FALSE(stats.step_began);
}

TEST_F(EngineThreadTest, ErrorsAreFoundAtOnce) {
  Open({});
  const auto error = [&](const GenerateRequest& request) {
    return thread_->Submit(request, nullptr).status();
  };
  EXPECT_EQ(error(GreedyRequest({}, 3)).message(), "the prompt is empty");
  EXPECT_EQ(error(GreedyRequest({99}, 3)).code(), Code::kInvalidArgument);
  GenerateRequest hot = GreedyRequest({1}, 3);
  hot.sampling.temperature = 9;
  EXPECT_EQ(error(hot).code(), Code::kInvalidArgument);
  EXPECT_EQ(thread_->Stats().waiting, 0);
}

TEST_F(EngineThreadTest, FullQueueSaysHowFull) {
  test::ScriptedEngineOptions options;
  options.engine.max_running = 1;
  Open(options, {.max_waiting = 3});
  gate_.Close();
  Reader first;
  const auto running = thread_->Submit(GreedyRequest({1}, 3), first.on_ready()).value();
  gate_.AwaitSomebody();
  // The step's own request counts as waiting until the step has ended, since only then does the
  // thread say what runs.
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<std::shared_ptr<TokenStream>> streams;
  Status refused;
  while (refused.ok()) {
    ASSERT_LE(streams.size(), 3U);
    readers.push_back(std::make_unique<Reader>());
    auto stream = thread_->Submit(GreedyRequest({2}, 3), readers.back()->on_ready());
    refused = stream.status();
    if (stream.ok()) streams.push_back(*std::move(stream));
  }
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.message(), "3 requests wait already, at most 3 may");
  EXPECT_EQ(thread_->Stats().waiting, 3);
  EXPECT_GT(thread_->EstimatedWait(), 0);
  gate_.Open();
  first.Read(*running);
  for (size_t i = 0; i < streams.size(); ++i) {
    readers[i]->Read(*streams[i]);
    EXPECT_EQ(readers[i]->finish, FinishReason::kLength);
  }
  EXPECT_TRUE(thread_->Submit(GreedyRequest({2}, 3), nullptr).ok());
}

TEST_F(EngineThreadTest, CancelCostsNoFurtherStep) {
  Open({});
  gate_.Close();
  Reader reader;
  const auto stream = thread_->Submit(GreedyRequest({1}, 200), reader.on_ready()).value();
  gate_.AwaitSomebody();
  thread_->Cancel(stream->id());
  const int64_t steps = steps_;
  gate_.Open();
  reader.Read(*stream);
  EXPECT_EQ(reader.finish, FinishReason::kCancelled);
  EXPECT_EQ(steps_, steps);
  thread_->Cancel(stream->id());  // long gone
  thread_->Cancel(12345);
}

TEST_F(EngineThreadTest, CancelBeforeTheRequestIsSeen) {
  Open({});
  gate_.Close();
  Reader first, second;
  const auto running = thread_->Submit(GreedyRequest({1}, 3), first.on_ready()).value();
  gate_.AwaitSomebody();
  const auto unseen = thread_->Submit(GreedyRequest({2}, 3), second.on_ready()).value();
  thread_->Cancel(unseen->id());
  gate_.Open();
  second.Read(*unseen);
  first.Read(*running);
  EXPECT_EQ(second.finish, FinishReason::kCancelled);
  EXPECT_TRUE(second.tokens.empty());
  EXPECT_EQ(first.finish, FinishReason::kLength);
}

TEST_F(EngineThreadTest, DestructorEndsEveryStream) {
  test::ScriptedEngineOptions options;
  options.context = 1 << 20;  // nobody gets there before the thread ends
  options.pages = 1 << 14;
  options.engine.max_running = 1;
  Open(options);
  gate_.Close();
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<std::shared_ptr<TokenStream>> streams;
  const auto submit = [&] {
    readers.push_back(std::make_unique<Reader>());
    streams.push_back(
        thread_->Submit(GreedyRequest({1}, kNoTokenLimit), readers.back()->on_ready()).value());
  };
  submit();
  submit();
  gate_.AwaitSomebody();
  submit();  // still in the inbox
  std::thread ends([&] { thread_.reset(); });
  gate_.Open();
  for (size_t i = 0; i < streams.size(); ++i) {
    readers[i]->Read(*streams[i]);
    EXPECT_EQ(readers[i]->finish, FinishReason::kCancelled);
  }
  ends.join();
  EXPECT_EQ(model_->cache().pool().free(), model_->cache().pool().size());
}

TEST_F(EngineThreadTest, AStoppedOneRefusesAndStands) {
  test::ScriptedEngineOptions options;
  options.context = 1 << 20;
  options.pages = 1 << 14;
  Open(options);
  Reader reader;
  const auto stream = thread_->Submit(GreedyRequest({1}, kNoTokenLimit), reader.on_ready()).value();
  reader.ReadUntil(*stream, 3);
  thread_->Stop();
  reader.Read(*stream);
  EXPECT_EQ(reader.finish, FinishReason::kCancelled);
  EXPECT_EQ(thread_->Submit(GreedyRequest({1}, 3), nullptr).status().code(), Code::kCancelled);
  thread_->Cancel(stream->id());
  EXPECT_EQ(thread_->Stats().running + thread_->Stats().waiting, 0);
  EXPECT_EQ(thread_->Stats().pages_held, 0);
  thread_->Stop();
}

TEST_F(EngineThreadTest, BrokenLogitsEndOneStream) {
  Open({}, {}, [](std::span<const int32_t> prefix) {
    return prefix[0] == 9 && prefix.size() == 12 ? test::kBrokenLogits : kScript(prefix);
  });
  Reader good, bad;
  gate_.Close();
  const auto first = thread_->Submit(GreedyRequest(PromptOf(5, 10), 30), good.on_ready()).value();
  const auto second = thread_->Submit(GreedyRequest(PromptOf(9, 10), 30), bad.on_ready()).value();
  gate_.Open();
  good.Read(*first);
  bad.Read(*second);
  EXPECT_EQ(good.finish, FinishReason::kLength);
  EXPECT_EQ(good.tokens, test::ScriptedAnswer(kScript, PromptOf(5, 10), 30));
  EXPECT_EQ(bad.finish, FinishReason::kError);
  EXPECT_EQ(bad.tokens.size(), 2U);
  EXPECT_THAT(bad.status.message(), HasSubstr("the logit of token 0 is nan"));
}

TEST_F(EngineThreadTest, StatsTellOfTheStepThatRuns) {
  Open({});
  EXPECT_FALSE(thread_->Stats().step_began);
  gate_.Close();
  Reader reader;
  const auto stream = thread_->Submit(GreedyRequest({1}, 3), reader.on_ready()).value();
  gate_.AwaitSomebody();
  Reader other;
  const auto waiting = thread_->Submit(GreedyRequest({2}, 3), other.on_ready()).value();
  const EngineStats stats = thread_->Stats();
  ASSERT_TRUE(stats.step_began);
  EXPECT_LE(*stats.step_began, stats.now);
  ASSERT_TRUE(stats.oldest_waiting_since);
  EXPECT_GE(stats.oldest_waiting_seconds(), 0);
  gate_.Open();
  reader.Read(*stream);
  other.Read(*waiting);
  EXPECT_EQ(thread_->Stats().generated_tokens, 6);
}

// An idle thread asks nobody the time, which it does around every step.
TEST_F(EngineThreadTest, IdleThreadSleeps) {
  std::atomic<int64_t> questions = 0;
  test::ScriptedEngineOptions options;
  options.engine.clock = [&] {
    ++questions;
    return MonotonicSeconds();
  };
  Open(options);
  Reader reader;
  const auto stream = thread_->Submit(GreedyRequest({1}, 3), reader.on_ready()).value();
  reader.Read(*stream);
  const int64_t before = questions;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(questions, before);
  thread_.reset();
}

// What a request's callback holds on to goes when its last event is out.
TEST_F(EngineThreadTest, CallbackIsLetGoAtTheEnd) {
  Open({});
  auto held = std::make_shared<int>(1);
  Reader reader;
  const auto stream =
      thread_->Submit(GreedyRequest({1}, 3), [held, ready = reader.on_ready()] { ready(); })
          .value();
  reader.Read(*stream);
  thread_.reset();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace fathom
