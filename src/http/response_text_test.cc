#include "http/response_text.h"

#include <gtest/gtest.h>

namespace fathom::http {
namespace {

TEST(HeadText, OfAWholeResponse) {
  const Response response{.status = 404, .headers = {{"X-A", "1"}}, .body = "gone"};
  EXPECT_EQ(HeadText(response, {.unix_seconds = 784111777}),
            "HTTP/1.1 404 Not Found\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 4\r\n"
            "X-A: 1\r\n"
            "\r\n");
}

TEST(HeadText, OfStreams) {
  const Response response{.content_type = "text/event-stream"};
  const std::string chunked = HeadText(response, {.framing = BodyFraming::kChunked});
  EXPECT_NE(chunked.find("\r\nTransfer-Encoding: chunked\r\n"), chunked.npos);
  EXPECT_EQ(chunked.find("Content-Length"), chunked.npos);
  const std::string open = HeadText(response, {.framing = BodyFraming::kUntilClose});
  EXPECT_EQ(open.find("Transfer-Encoding"), open.npos);
  EXPECT_EQ(open.find("Content-Length"), open.npos);
}

TEST(HeadText, SaysWhatFollowsOnTheConnection) {
  const struct {
    bool http_1_1, keep_alive;
    std::string_view line;
  } cases[] = {{true, true, ""},
               {true, false, "\r\nConnection: close\r\n"},
               {false, true, "\r\nConnection: keep-alive\r\n"},
               {false, false, "\r\nConnection: close\r\n"}};
  for (const auto& test : cases) {
    const std::string text =
        HeadText({}, {.http_1_1 = test.http_1_1, .keep_alive = test.keep_alive});
    EXPECT_NE(text.find(test.line), text.npos) << text;
    EXPECT_EQ(text.find("Connection") == text.npos, test.line.empty()) << text;
  }
}

TEST(HeadText, ABodylessStatusHasNoLength) {
  const std::string text = HeadText({.status = 204}, {});
  EXPECT_EQ(text.find("Content-"), text.npos) << text;
}

TEST(HeadText, ControlCharactersMakeNoHeaders) {
  const Response response{.headers = {{"X-Id\r\nA", "1\r\nSet-Cookie: x\n\x01\x7f\ty\xc3\xa9"},
                                      {"Z", std::string("a\0b", 3)}},
                          .content_type = "text/plain\r\nB: 2"};
  const std::string text = HeadText(response, {.unix_seconds = 0});
  EXPECT_EQ(text,
            "HTTP/1.1 200 OK\r\n"
            "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Content-Type: text/plain??B: 2\r\n"
            "Content-Length: 0\r\n"
            "X-Id??A: 1??Set-Cookie: x???\ty\xc3\xa9\r\n"
            "Z: a?b\r\n"
            "\r\n");
}

TEST(AppendChunk, WritesTheSizeInHexadecimal) {
  std::string out = "x";
  AppendChunk(out, "");
  EXPECT_EQ(out, "x");
  AppendChunk(out, std::string(26, 'a'));
  EXPECT_EQ(out, "x1a\r\n" + std::string(26, 'a') + "\r\n");
}

}  // namespace
}  // namespace fathom::http
