#include "http/reply.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>

namespace fathom::http {
namespace {

using Taken = ResponseStream::Taken;

struct Fixture {
  int wakes = 0, gone = 0;
  std::shared_ptr<Reply> reply = std::make_shared<Reply>(100, [this] { ++wakes; });
  std::shared_ptr<Exchange> exchange = MakeExchange({}, reply);
};

TEST(Reply, AWholeResponse) {
  Fixture f;
  f.exchange->Send({.status = 201, .body = "x"});
  EXPECT_EQ(f.wakes, 1);
  f.exchange.reset();
  EXPECT_EQ(f.wakes, 1);
  const Reply::Output output = f.reply->Take();
  EXPECT_EQ(output.head->status, 201);
  EXPECT_TRUE(output.finished);
  EXPECT_FALSE(output.stream || output.unanswered || output.cut);
}

TEST(Reply, ADroppedExchangeIsUnanswered) {
  Fixture f;
  f.exchange.reset();
  const Reply::Output output = f.reply->Take();
  EXPECT_TRUE(output.unanswered && output.finished);
  EXPECT_FALSE(output.head || output.cut);
}

TEST(Reply, PiecesAreTakenTogetherAndWakeOnce) {
  Fixture f;
  const auto stream = f.exchange->StartStream({});
  EXPECT_EQ(stream->Write("a"), Taken::kYes);
  EXPECT_EQ(stream->Write("b"), Taken::kYes);
  EXPECT_EQ(f.wakes, 1);
  Reply::Output output = f.reply->Take();
  EXPECT_TRUE(output.head && output.stream && !output.finished);
  EXPECT_EQ(output.bytes, "ab");
  output = f.reply->Take();
  EXPECT_TRUE(!output.head && output.stream && output.bytes.empty());
  EXPECT_EQ(stream->Write("c"), Taken::kYes);
  stream->Finish();
  EXPECT_EQ(f.wakes, 2);
  output = f.reply->Take();
  EXPECT_EQ(output.bytes, "c");
  EXPECT_TRUE(output.finished && !output.cut);
}

TEST(Reply, AStreamDroppedUnfinishedIsCut) {
  Fixture f;
  f.exchange->StartStream({})->Write("a");
  const Reply::Output output = f.reply->Take();
  EXPECT_TRUE(output.cut && !output.finished && !output.too_slow);
}

TEST(Reply, TheQueueIsBounded) {
  Fixture f;
  const auto stream = f.exchange->StartStream({});
  // One piece larger than the queue may go alone; what is being written counts.
  EXPECT_EQ(stream->Write(std::string(200, 'x')), Taken::kYes);
  EXPECT_EQ(f.reply->Take().bytes.size(), 200u);
  f.reply->Written();
  EXPECT_EQ(stream->Write(std::string(60, 'x')), Taken::kYes);
  EXPECT_EQ(f.reply->Take().bytes.size(), 60u);
  EXPECT_EQ(stream->Write(std::string(40, 'x')), Taken::kYes);
  const int wakes = f.wakes;
  EXPECT_EQ(stream->Write("y"), Taken::kFull);
  EXPECT_EQ(f.wakes, wakes + 1);  // although the I/O thread has not taken since the last one
  EXPECT_EQ(stream->Write("z"), Taken::kGone);
  EXPECT_TRUE(f.reply->too_slow());
  const Reply::Output output = f.reply->Take();
  EXPECT_TRUE(output.cut && output.too_slow);
  EXPECT_EQ(output.bytes, "");
  f.exchange->OnGone([&] { ++f.gone; });
  f.reply->Close(true);
  EXPECT_EQ(f.gone, 1);
}

TEST(Reply, OnGoneIsCalledOnceAndOnlyWhenGone) {
  Fixture left;
  left.exchange->OnGone([&] { ++left.gone; });
  left.reply->Close(true);
  left.reply->Close(true);
  EXPECT_EQ(left.gone, 1);
  left.exchange->OnGone([&] { ++left.gone; });  // at once
  EXPECT_EQ(left.gone, 2);

  Fixture complete;
  complete.exchange->OnGone([&] { ++complete.gone; });
  complete.exchange->Send({});
  complete.reply->Close(false);
  complete.exchange->OnGone([&] { ++complete.gone; });
  EXPECT_EQ(complete.gone, 0);
}

TEST(Reply, CloseLetsGoOfTheCallback) {
  // The callback holds the exchange, which holds the reply, which holds the callback.
  Fixture f;
  const std::weak_ptr<Exchange> watched = f.exchange;
  f.exchange->OnGone([exchange = f.exchange] {});
  f.exchange->Send({});
  f.exchange.reset();
  EXPECT_FALSE(watched.expired());
  f.reply->Close(false);
  EXPECT_TRUE(watched.expired());
}

TEST(Reply, NothingReachesAClosedOne) {
  Fixture f;
  const auto stream = f.exchange->StartStream({});
  f.reply->Close(true);
  const int wakes = f.wakes;
  EXPECT_EQ(stream->Write("x"), Taken::kGone);
  stream->Finish();
  EXPECT_EQ(stream->Write("y"), Taken::kGone);
  EXPECT_EQ(f.wakes, wakes);

  Fixture late;
  late.reply->Close(true);
  late.exchange->Send({});
  late.exchange.reset();
  EXPECT_EQ(late.wakes, 0);
}

TEST(Reply, WorkersAndTheIoThreadSideBySide) {
  std::atomic<int> wakes = 0;
  const auto reply = std::make_shared<Reply>(1 << 20, [&] { wakes.fetch_add(1); });
  auto exchange = MakeExchange({}, reply);
  std::thread worker([&] {
    const auto stream = exchange->StartStream({});
    for (int i = 0; i < 20000; ++i) ASSERT_EQ(stream->Write("0123456789"), Taken::kYes);
    stream->Finish();
  });
  size_t bytes = 0;
  for (bool finished = false; !finished;) {
    const Reply::Output output = reply->Take();
    bytes += output.bytes.size();
    reply->Written();
    finished = output.finished;
  }
  worker.join();
  EXPECT_EQ(bytes, 200000u);
  EXPECT_GE(wakes.load(), 1);
}

TEST(ReplyDeathTest, AnExchangeIsAnsweredOnce) {
  Fixture f;
  f.exchange->Send({});
  EXPECT_DEATH(f.exchange->Send({}), "answered once");
}

}  // namespace
}  // namespace fathom::http
