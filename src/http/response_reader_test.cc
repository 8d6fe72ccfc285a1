#include "http/response_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fathom::http {
namespace {

using testing::HasSubstr;

struct Outcome {
  Status status;
  int code = 0;
  std::string body;
  bool done = false;
};

// `bytes` arrive `step` at a time, then the connection ends.
Outcome Read(const std::string& bytes, size_t step, size_t head_bytes = 1000) {
  ResponseReader reader(head_bytes);
  Outcome outcome;
  for (size_t at = 0; at < bytes.size() && outcome.status.ok(); at += step) {
    outcome.status = reader.Add(std::string_view(bytes).substr(at, step));
    outcome.body += reader.TakeBody();
  }
  if (outcome.status.ok()) outcome.status = reader.End();
  outcome.body += reader.TakeBody();
  outcome.code = reader.status();
  outcome.done = reader.done();
  return outcome;
}

struct GoodCase {
  const char* name;
  std::string bytes;
  int code;
  std::string body;
};

TEST(ResponseReader, ReadsAnswersHoweverTheyArrive) {
  const std::vector<GoodCase> cases = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
      {"nothing", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, ""},
      {"no body by its status", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"until the end", "HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello"},
      {"HTTP/1.0", "HTTP/1.0 404 Not Found\r\n\r\nhello", 404, "hello"},
      {"chunks",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nA: "
       "b\r\n\r\n",
       200, "hello"},
      {"informational",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 "
       "OK\r\nContent-Length: 2\r\n\r\nok",
       200, "ok"},
      {"more than the answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 \r\n",
       200, "ok"},
  };
  for (const GoodCase& each : cases) {
    for (const size_t step : {1, 2, 7, 1000}) {
      const Outcome outcome = Read(each.bytes, step);
      EXPECT_TRUE(outcome.status.ok()) << each.name << ": " << outcome.status.message();
      EXPECT_TRUE(outcome.done) << each.name;
      EXPECT_EQ(outcome.code, each.code) << each.name << ", step " << step;
      EXPECT_EQ(outcome.body, each.body) << each.name << ", step " << step;
    }
  }
}

struct BadCase {
  const char* name;
  std::string bytes;
  const char* message;
};

TEST(ResponseReader, RefusesWhatIsNoAnswer) {
  std::string informational;
  for (int i = 0; i < 30; ++i) informational += "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::vector<BadCase> cases = {
      {"nothing", "", "before the answer"},
      {"garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"},
      {"half a head", "HTTP/1.1 200 OK\r\nA: b\r\n", "before the answer"},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", "in the middle"},
      {"half a chunk", chunked + "5\r\nhe", "in the middle"},
      {"no last chunk", chunked + "2\r\nhe\r\n", "in the middle"},
      {"a chunk without a size", chunked + "x\r\nhe\r\n", "not HTTP"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
       "not HTTP"},
      {"a large head", "HTTP/1.1 200 OK\r\nA: " + std::string(2000, 'a') + "\r\n\r\n", ""},
      {"an endless head", "HTTP/1.1 200 OK\r\nA: " + std::string(2000, 'a'), ""},
      {"an endless line of a chunk", chunked + "5;" + std::string(2000, 'a'), "too large"},
      {"never an answer", informational, "informational"},
  };
  for (const BadCase& each : cases) {
    for (const size_t step : {1, 7, 5000}) {
      const Outcome outcome = Read(each.bytes, step);
      EXPECT_FALSE(outcome.status.ok()) << each.name << ", step " << step;
      EXPECT_THAT(outcome.status.message(), HasSubstr(each.message)) << each.name << " " << step;
    }
  }
}

TEST(ResponseReader, TrailersAreNoHeaders) {
  ResponseReader reader(1000);
  ASSERT_TRUE(reader
                  .Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: head\r\n\r\n0\r\nA: "
                       "trailer\r\nB: trailer\r\n\r\n")
                  .ok());
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.headers().Find("a"), "head");
  EXPECT_FALSE(reader.headers().Find("b").has_value());
}

}  // namespace
}  // namespace fathom::http
