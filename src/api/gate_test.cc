#include "api/gate.h"

#include <gtest/gtest.h>

#include "json/parse.h"

namespace fathom::api {
namespace {

Gate OpenGate(GateOptions options = {}) {
  static const KeyStore keys(KeyRing::Open());
  return Gate(std::move(options), keys);
}

Gate LockedGate(GateOptions options = {}) {
  static const KeyStore keys(KeyRing::OfKey("secret"));
  return Gate(std::move(options), keys);
}

http::RequestHead Head(std::string method, std::string path, http::Headers headers = {}) {
  http::RequestHead head;
  head.method = std::move(method);
  head.path = std::move(path);
  head.headers = std::move(headers);
  return head;
}

http::RequestHead Post(http::Headers headers, std::string path = "/v1/chat/completions") {
  return Head("POST", std::move(path), std::move(headers));
}

int Status(const Gate& gate, const http::RequestHead& head) {
  const auto response = gate.Check(head);
  return response ? response->status : 200;
}

const http::Header kHost{"Host", "localhost:8080"};
const http::Header kJson{"Content-Type", "application/json"};

TEST(Gate, HostsThatTheServerIsKnownBy) {
  const auto status = [](const std::string& host, GateOptions options = {}) {
    return Status(OpenGate(std::move(options)), Post({{"Host", host}, kJson}));
  };
  for (const char* host :
       {"localhost", "LocalHost:8080", "127.0.0.1:8080", "127.9.9.9", "[::1]:80", "[::1]"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const char* host : {"evil.example", "evil.example:8080", "127.0.0.1.evil.example",
                           "localhost.evil.example", "127.evil", "192.168.1.7", "[::2]",
                           "localhost@evil.example", "localhost evil", "[::1].evil.example"}) {
    EXPECT_EQ(status(host), 403) << host;
  }
  EXPECT_EQ(status("box.lan:8080", {.allowed_hosts = {"box.lan"}}), 200);
  EXPECT_EQ(status("192.168.1.7:8080", {.bound_host = "192.168.1.7"}), 200);
  // Bound to every address: an address is no rebound name, a name may be.
  EXPECT_EQ(status("192.168.1.7:8080", {.bound_host = "0.0.0.0"}), 200);
  EXPECT_EQ(status("[fe80::1]:8080", {.bound_host = "::"}), 200);
  EXPECT_EQ(status("box.lan", {.bound_host = "0.0.0.0"}), 403);
  EXPECT_EQ(Status(OpenGate(), Post({kJson})), 400);
}

TEST(Gate, OriginsOfOtherSitesAreRefused) {
  const auto status = [](const std::string& origin, GateOptions options = {}) {
    return Status(OpenGate(std::move(options)), Post({kHost, kJson, {"Origin", origin}}));
  };
  EXPECT_EQ(status("http://localhost:8080"), 200);
  EXPECT_EQ(status("https://localhost:8080"), 200);
  for (const char* origin : {"http://evil.example", "null", "http://localhost:9999", "",
                             "http://localhost:8080.evil.example", "localhost:8080"}) {
    EXPECT_EQ(status(origin), 403) << origin;
  }
  EXPECT_EQ(status("https://chat.example", {.allowed_origins = {"https://chat.example"}}), 200);
  EXPECT_EQ(status("https://other.example", {.allowed_origins = {"https://chat.example"}}), 403);
  EXPECT_EQ(status("https://other.example", {.allowed_origins = {"*"}}), 200);
}

TEST(Gate, ABrowserThatSaysCrossSiteIsRefused) {
  http::RequestHead head = Head("GET", "/v1/models");
  head.headers = {kHost, {"Sec-Fetch-Site", "cross-site"}};
  EXPECT_EQ(Status(OpenGate(), head), 403);
  head.headers = {kHost, {"Sec-Fetch-Site", "same-origin"}};
  EXPECT_EQ(Status(OpenGate(), head), 200);
}

TEST(Gate, ABodyMustBeDeclaredAsJson) {
  const auto status = [](const std::string& type) {
    return Status(OpenGate(), Post({kHost, {"Content-Type", type}}));
  };
  EXPECT_EQ(status("application/json"), 200);
  EXPECT_EQ(status("Application/JSON; charset=utf-8"), 200);
  EXPECT_EQ(status("application/json ;charset=utf-8"), 200);
  // What a page may send to another site without asking it first.
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                           "", "application/jsonp", "text/plain; application/json"}) {
    EXPECT_EQ(status(type), 415) << type;
  }
  EXPECT_EQ(Status(OpenGate(), Post({kHost})), 415);
}

TEST(Gate, AKeyIsNeededWhereThereAreKeys) {
  const auto status = [](http::Headers headers, const std::string& path = "/v1/models") {
    http::RequestHead head = Head("GET", path);
    head.headers = std::move(headers);
    head.headers.Add("Host", "localhost");
    return Status(LockedGate(), head);
  };
  EXPECT_EQ(status({{"Authorization", "Bearer secret"}}), 200);
  EXPECT_EQ(status({{"authorization", "bearer  secret"}}), 200);
  EXPECT_EQ(status({{"X-Api-Key", "secret"}}), 200);
  EXPECT_EQ(status({}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer wrong"}}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer "}}), 401);
  EXPECT_EQ(status({{"Authorization", "Basic secret"}}), 401);
  EXPECT_EQ(status({{"Authorization", "secret"}}), 401);
  for (const char* path : {"/metrics", "/v1/engine", "/nothing", "/health/x"}) {
    EXPECT_EQ(status({}, path), 401) << path;
  }
  EXPECT_EQ(status({}, "/health"), 200);
  EXPECT_EQ(status({}, "/ready"), 200);
}

TEST(Gate, ARevokedKeyIsRefusedFromTheReloadOn) {
  KeyStore keys(KeyRing::OfKey("secret"));
  const Gate gate({}, keys);
  http::RequestHead head = Head("GET", "/v1/models");
  head.headers = {kHost, {"Authorization", "Bearer secret"}};
  EXPECT_EQ(Status(gate, head), 200);
  keys.Replace(KeyRing::OfKey("another"));
  EXPECT_EQ(Status(gate, head), 401);
}

TEST(Gate, RefusalsSpeakThePathsDialect) {
  const Gate gate = LockedGate();
  const auto openai = gate.Check(Post({kHost, kJson}));
  ASSERT_TRUE(openai);
  EXPECT_EQ(openai->headers.Find("www-authenticate"), "Bearer");
  const auto anthropic = gate.Check(Post({kHost, kJson}, "/v1/messages"));
  ASSERT_TRUE(anthropic);
  const auto body = json::Parse(anthropic->body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->Find("type")->string(), "error");
  EXPECT_EQ(body->Find("error")->Find("type")->string(), "authentication_error");
}

TEST(Gate, AnswersABrowsersQuestion) {
  const Gate gate = LockedGate({.allowed_origins = {"https://chat.example"}});
  http::RequestHead head = Head("OPTIONS", "/v1/chat/completions");
  head.headers = {kHost,
                  {"Origin", "https://chat.example"},
                  {"Access-Control-Request-Method", "POST"},
                  {"Access-Control-Request-Headers", "authorization, content-type"}};
  const auto response = gate.Check(head);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(response->headers.Find("access-control-allow-origin"), "https://chat.example");
  EXPECT_EQ(response->headers.Find("access-control-allow-headers"), "authorization, content-type");
  http::Headers headers;
  OpenGate().AddCorsHeaders(head, &headers);
  EXPECT_FALSE(headers.Find("access-control-allow-origin"));  // off by default
  gate.AddCorsHeaders(head, &headers);
  EXPECT_EQ(headers.Find("access-control-allow-origin"), "https://chat.example");
  // Nor may a foreign page read so much as its refusal.
  head.headers = {kHost, {"Origin", "https://evil.example"}};
  http::Headers foreign;
  gate.AddCorsHeaders(head, &foreign);
  EXPECT_EQ(foreign.begin(), foreign.end());
}

}  // namespace
}  // namespace fathom::api
