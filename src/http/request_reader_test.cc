#include "http/request_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace fathom::http {
namespace {

using State = RequestReader::State;

struct Outcome {
  State state = State::kHead;
  int status = 0;
  std::string what;  // "POST /a ? q {Host: x} body"
  size_t used = 0;

  bool operator==(const Outcome&) const = default;
};

std::string Describe(const Request& request) {
  std::string text = request.head.method + " " + request.head.path + " ? " + request.head.query;
  for (const Header& header : request.head.headers) {
    text += " {" + header.name + ": " + header.value + "}";
  }
  return text + " " + request.body;
}

// Feeds `pieces` as they would arrive: what is not used stays in front of the next piece.
Outcome Feed(const std::vector<std::string>& pieces, size_t head_bytes = 1000,
             size_t body_bytes = 1000) {
  RequestReader reader(head_bytes);
  Outcome outcome;
  std::string waiting;
  for (const std::string& piece : pieces) {
    waiting += piece;
    while (true) {
      const size_t used = reader.Read(waiting);
      waiting.erase(0, used);
      outcome.used += used;
      if (reader.state() != State::kAsked) break;
      reader.BeginBody(body_bytes);
    }
  }
  outcome.state = reader.state();
  if (outcome.state == State::kRefused) outcome.status = reader.refusal().status;
  if (outcome.state == State::kDone) outcome.what = Describe(reader.Take());
  return outcome;
}

struct Case {
  std::string bytes;
  int status;        // of the refusal; 0: it is a request
  std::string what;  // of the request
};

std::string Get(const std::string& headers) { return "GET / HTTP/1.1\r\n" + headers + "\r\n"; }
std::string Post(const std::string& headers, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body;
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {Get("Host: x\r\n"), 0, "GET / ?  {Host: x} "},
      {"GET /a%20b/\xff?c=d?e HTTP/1.1\r\nhOST:x  \r\n\r\n", 0,
       "GET /a%20b/\xff ? c=d?e {hOST: x} "},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, "GET / ?  {Host: x} "},
      {"GET / HTTP/1.0\r\n\r\n", 0, "GET / ?  "},
      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 0, "OPTIONS * ?  {Host: x} "},
      {Get("Host: x\r\nA: \xc3\xa9\tb\r\nEmpty:\r\n"), 0,
       "GET / ?  {Host: x} {A: \xc3\xa9\tb} {Empty: } "},
      {Post("Content-Length: 5\r\n", "hello"), 0, "POST / ?  {Host: x} {Content-Length: 5} hello"},
      {Post("Content-Length: 0\r\n", ""), 0, "POST / ?  {Host: x} {Content-Length: 0} "},
      {Post("Transfer-Encoding: Chunked\r\n", "3\r\nabc\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n"),
       0, "POST / ?  {Host: x} {Transfer-Encoding: Chunked} abc0123456789"},
      {Post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nHost: evil\r\nX: y\r\n\r\n"), 0,
       "POST / ?  {Host: x} {Transfer-Encoding: chunked} a"},
      {Post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "a"), 0,
       "POST / ?  {Host: x} {Expect: 100-Continue} {Content-Length: 1} a"},

      // Request lines.
      {"\x16\x03\x01\x02\x05\x01\x03\x03 a client of TLS\r\n\r\n", 400, ""},
      {"GET\r\n\r\n", 400, ""},
      {"GET /\r\n\r\n", 400, ""},
      {" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {"GET / a HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {std::string("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 29), 400, ""},
      {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, ""},
      {"GET / HTTP/1.1\nHost: x\n\n    ", 400, ""},
      {"GET / http/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {"GET / HTTP/11\r\nHost: x\r\n\r\n", 400, ""},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, ""},
      {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505, ""},
      {"GET / HTTP/0.9\r\n\r\n", 505, ""},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, ""},
      {"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
      {"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},

      // Headers.
      {Get(""), 400, ""},
      {Get("A: b\r\n"), 400, ""},
      {Get("Host: x\r\nhost: x\r\n"), 400, ""},
      {Get("Host : x\r\n"), 400, ""},
      {Get("Host: x\r\n: a\r\n"), 400, ""},
      {Get("Host: x\r\nno colon\r\n"), 400, ""},
      {Get("Host: x\r\nA\x01: b\r\n"), 400, ""},
      {Get("Host: x\r\nA: b\x01\r\n"), 400, ""},
      {Get("Host: x\r\nA: b\x7f\r\n"), 400, ""},
      {Get("Host: x\r\nA: b\rc\r\n"), 400, ""},
      {Get("Host: x\r\nA: b\nc: d\r\n"), 400, ""},
      {Get(std::string("Host: x\r\nA: \0\r\n", 15)), 400, ""},
      {Get("Host: x\r\nExpect: a miracle\r\n"), 417, ""},

      // The body's length.
      {Post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), 400, ""},
      {Post("Content-Length: 1, 2\r\n", "ab"), 400, ""},
      {Post("Content-Length: -1\r\n", "a"), 400, ""},
      {Post("Content-Length: +1\r\n", "a"), 400, ""},
      {Post("Content-Length: 0x1\r\n", "a"), 400, ""},
      {Post("Content-Length: 1 1\r\n", "a"), 400, ""},
      {Post("Content-Length:\r\n", "a"), 400, ""},
      {Post("Content-Length: 18446744073709551616\r\n", "a"), 400, ""},
      {Post("Content-Length: 18446744073709551615\r\n", "a"), 413, ""},
      {Post("Content-Length: 1001\r\n", ""), 413, ""},
      {Post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "1\r\na\r\n0\r\n\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, ""},
      {Post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, ""},
      {Post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, ""},
      {Post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), 501, ""},
      {Post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501, ""},
      {Post("Transfer-Encoding:\r\n", "0\r\n\r\n"), 501, ""},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, ""},

      // Chunks.
      {Post("Transfer-Encoding: chunked\r\n", "x\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\n", "-1\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\n", "\r\n\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\n", "1 \r\na\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n0\r\n\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\n", "1\na\n0\n\n    "), 400, ""},
      {Post("Transfer-Encoding: chunked\r\n", "10000000000000000\r\n"), 400, ""},
      {Post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n"), 413, ""},
      {Post("Transfer-Encoding: chunked\r\n", "3e9\r\n"), 413, ""},
      {Post("Transfer-Encoding: chunked\r\n", "0\r\nbad trailer\r\n\r\n"), 400, ""},
  };
  return cases;
}

// Ends whatever is open: the parser may wait for the end of a head or of a line before it looks for
// what is wrong in front of it.
constexpr std::string_view kEnds = "\r\n\r\n\r\n\r\n";

TEST(RequestReader, Cases) {
  for (const Case& test : Cases()) {
    const Outcome outcome = Feed({test.bytes + std::string(test.status == 0 ? "" : kEnds)});
    EXPECT_EQ(outcome.status, test.status) << test.bytes;
    EXPECT_EQ(outcome.what, test.what) << test.bytes;
    EXPECT_EQ(outcome.state, test.status == 0 ? State::kDone : State::kRefused) << test.bytes;
    if (test.status == 0) {
      EXPECT_EQ(outcome.used, test.bytes.size()) << test.bytes;
    }
  }
}

TEST(RequestReader, EverySplitMeansTheSame) {
  for (const Case& test : Cases()) {
    const std::string bytes = test.bytes + std::string(kEnds);
    for (size_t at = 1; at < test.bytes.size(); ++at) {
      const Outcome split = Feed({bytes.substr(0, at), bytes.substr(at)});
      EXPECT_EQ(split.status, test.status) << at << ": " << test.bytes;
      EXPECT_EQ(split.what, test.what) << at << ": " << test.bytes;
    }
    std::vector<std::string> single;
    for (const char c : bytes) single.emplace_back(1, c);
    const Outcome outcome = Feed(single);
    EXPECT_EQ(outcome.status, test.status) << test.bytes;
    EXPECT_EQ(outcome.what, test.what) << test.bytes;
  }
}

TEST(RequestReader, StopsWhereTheNextRequestBegins) {
  const std::string first = Post("Content-Length: 2\r\n", "ab");
  const Outcome outcome = Feed({first + Get("Host: x\r\n")});
  EXPECT_EQ(outcome.state, State::kDone);
  EXPECT_EQ(outcome.used, first.size());
}

TEST(RequestReader, AnUnfinishedRequestIsNotOne) {
  for (const Case& test : Cases()) {
    if (test.status != 0) continue;
    for (size_t size = 0; size < test.bytes.size(); ++size) {
      const State state = Feed({test.bytes.substr(0, size)}).state;
      EXPECT_TRUE(state == State::kHead || state == State::kBody) << size << ": " << test.bytes;
    }
  }
}

TEST(RequestReader, TheHeadIsLimitedHoweverItArrives) {
  const std::string line = "GET / HTTP/1.1\r\nHost: x\r\n";
  std::string fields;
  while (fields.size() < 2000) fields += "A: 0123456789\r\n";
  EXPECT_EQ(Feed({line + fields + "\r\n"}).status, 431);
  EXPECT_EQ(Feed({line + "A: " + std::string(2000, 'a')}).status, 431);
  EXPECT_EQ(Feed({"GET /" + std::string(2000, 'a')}).status, 431);
  EXPECT_EQ(Feed({std::string(2000, 'A')}).status, 431);
  // Packets that end with a field are taken by the parser one by one.
  std::vector<std::string> packets = {line};
  for (int i = 0; i < 200; ++i) packets.push_back("A: 0123456789\r\n");
  EXPECT_EQ(Feed(packets).status, 431);
  EXPECT_EQ(Feed({line, fields.substr(0, 900)}).state, State::kHead);
  EXPECT_EQ(Feed({line, fields.substr(0, 900), "\r\n\r\n"}).state, State::kDone);
}

TEST(RequestReader, TheBodyIsLimitedInChunksToo) {
  std::string body;
  for (int i = 0; i < 100; ++i) body += "a\r\n0123456789\r\n";
  const std::string head = "Transfer-Encoding: chunked\r\n";
  EXPECT_EQ(Feed({Post(head, body + "0\r\n\r\n")}).state, State::kDone);
  EXPECT_EQ(Feed({Post(head, body + "1\r\na\r\n0\r\n\r\n")}).status, 413);
  // Lines of chunks and trailers that do not end are no way around it.
  EXPECT_EQ(Feed({Post(head, "1;" + std::string(3000, 'x'))}).status, 400);
  EXPECT_EQ(Feed({Post(head, "0\r\nX: " + std::string(3000, 'x'))}).status, 400);
}

TEST(RequestReader, SaysWhatTheClientExpects) {
  const struct {
    std::string bytes;
    bool http_1_1, keep_alive, expects;
  } cases[] = {
      {Get("Host: x\r\n"), true, true, false},
      {Get("Host: x\r\nConnection: close\r\n"), true, false, false},
      {Get("Host: x\r\nConnection: TE, Close\r\n"), true, false, false},
      {"GET / HTTP/1.0\r\n\r\n", false, false, false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false, true, false},
      {Get("Host: x\r\nExpect: 100-continue\r\n"), true, true, false},
      {Post("Expect: 100-continue\r\nContent-Length: 1\r\n", ""), true, true, true},
      {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", false, false, false},
  };
  for (const auto& test : cases) {
    RequestReader reader(1000);
    reader.Read(test.bytes);
    ASSERT_EQ(reader.state(), State::kAsked) << test.bytes;
    EXPECT_EQ(reader.http_1_1(), test.http_1_1) << test.bytes;
    EXPECT_EQ(reader.keep_alive(), test.keep_alive) << test.bytes;
    EXPECT_EQ(reader.expects_continue(), test.expects) << test.bytes;
  }
}

// Requests of the table with bytes changed, removed and doubled: whatever comes out is the same
// however it arrives, and a refusal has its status.
TEST(RequestReader, BrokenRequestsInRandomPieces) {
  std::mt19937_64 random(5);
  const auto below = [&](uint64_t end) { return static_cast<size_t>(random() % end); };
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = Cases()[below(Cases().size())].bytes;
    for (size_t edits = below(4); edits > 0 && !bytes.empty(); --edits) {
      const size_t at = below(bytes.size());
      switch (below(3)) {
        case 0:
          bytes[at] = static_cast<char>(below(256));
          break;
        case 1:
          bytes.erase(at, 1 + below(3));
          break;
        default:
          bytes.insert(at, bytes.substr(at, 1 + below(8)));
      }
    }
    bytes += kEnds;
    std::vector<std::string> pieces;
    for (size_t at = 0; at < bytes.size();) {
      pieces.push_back(bytes.substr(at, 1 + below(20)));
      at += pieces.back().size();
    }
    const Outcome whole = Feed({bytes}), split = Feed(pieces);
    ASSERT_EQ(whole.state, split.state) << bytes;
    ASSERT_EQ(whole.status, split.status) << bytes;
    ASSERT_EQ(whole.what, split.what) << bytes;
    if (whole.state == State::kRefused) {
      ASSERT_GE(whole.status, 400);
    }
  }
}

}  // namespace
}  // namespace fathom::http
