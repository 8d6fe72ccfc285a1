#include "api/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "api/gate.h"
#include "support/api_client.h"
#include "support/scripted_service.h"

namespace fathom::api {
namespace {

using testing::HasSubstr;

http::RequestHead Head(std::string path, http::Headers headers = {}) {
  http::RequestHead head;
  head.method = "GET";
  head.path = std::move(path);
  head.headers = std::move(headers);
  return head;
}

const std::vector<EmbeddedFile> kFiles = {
    {"assets/a-1.js.gz", "\x1f\x8b script"},
    {"assets/f-2.woff2", "font"},
    {"index.html", "<!doctype html>"},
};
const http::Headers kGzip = {{"Accept-Encoding", "gzip, deflate, br"}};

std::string HeaderOf(const http::Response& response, std::string_view name) {
  return std::string(response.headers.Find(name).value_or(""));
}

TEST(Page, SaysWhatAFileIs) {
  const Page page(kFiles);
  const http::Response index = page.Index(Head("/"));
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(index.body, "<!doctype html>");
  EXPECT_EQ(HeaderOf(index, "Cache-Control"), "no-cache");

  const http::Response script = page.Asset(Head("/assets/a-1.js", kGzip), "a-1.js");
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(script.body, kFiles[0].bytes);
  EXPECT_EQ(HeaderOf(script, "Content-Encoding"), "gzip");
  EXPECT_EQ(HeaderOf(script, "Vary"), "Accept-Encoding");
  EXPECT_THAT(HeaderOf(script, "Cache-Control"), HasSubstr("immutable"));

  const http::Response font = page.Asset(Head("/assets/f-2.woff2"), "f-2.woff2");
  EXPECT_EQ(font.status, 200);
  EXPECT_EQ(font.content_type, "font/woff2");
  EXPECT_EQ(HeaderOf(font, "Content-Encoding"), "");
}

TEST(Page, NamesThatAreNone) {
  const Page page(kFiles);
  for (const char* name :
       {"", "a-1.js.gz", "assets/a-1.js", "../index.html", "index.html", "A-1.JS", "a-1.js/"}) {
    EXPECT_EQ(page.Asset(Head("/assets/x", kGzip), name).status, 404) << name;
  }
}

TEST(Page, TakesGzip) {
  const struct {
    const char* accept;
    bool takes;
  } kCases[] = {
      {"gzip", true},
      {"GZIP", true},
      {"x-gzip", true},
      {"br, gzip;q=0.5", true},
      {"deflate ,\tgzip ; q=1.0", true},
      {"*", true},
      {"*;q=0.1", true},
      {"", false},
      {"identity", false},
      {"gzip;q=0", false},
      {"gzip; q=0.000, *", false},
      {"*;q=0", false},
      {"*;q=0, gzip", true},
      {"gzip;q=", false},
      {"gzip;q=x", false},
      {"gzipped", false},
      {",,;,", false},
  };
  for (const auto& each : kCases) EXPECT_EQ(TakesGzip(each.accept), each.takes) << each.accept;
  EXPECT_FALSE(TakesGzip(std::nullopt));
  const Page page(kFiles);
  EXPECT_EQ(page.Asset(Head("/assets/a-1.js"), "a-1.js").status, 406);
}

TEST(Page, WantsPage) {
  const auto wants = [](const char* accept) { return WantsPage(Head("/", {{"Accept", accept}})); };
  EXPECT_TRUE(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
  EXPECT_TRUE(wants("Text/HTML"));
  EXPECT_FALSE(wants("*/*"));
  EXPECT_FALSE(wants("application/json"));
  EXPECT_FALSE(wants("text/html;q=0"));
  EXPECT_FALSE(WantsPage(Head("/")));
}

TEST(Page, AnswersNotModified) {
  const Page page(kFiles);
  const std::string tag = HeaderOf(page.Index(Head("/")), "ETag");
  ASSERT_THAT(tag, testing::MatchesRegex("\"[0-9a-f]{16}\""));
  const auto status = [&](const std::string& known) {
    const http::Response response = page.Index(Head("/", {{"If-None-Match", known}}));
    EXPECT_EQ(response.body.empty(), response.status == 304) << known;
    return response.status;
  };
  for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    EXPECT_EQ(status(known), 304) << known;
  }
  for (const std::string& known : {std::string("\"other\""), tag.substr(1), std::string(",")}) {
    EXPECT_EQ(status(known), 200) << known;
  }
  EXPECT_NE(tag, HeaderOf(page.Asset(Head("/assets/f-2.woff2"), "f-2.woff2"), "ETag"));
}

TEST(Page, PolicyLetsNothingInlineRun) {
  const http::Response index = Page::Built().Index(Head("/"));
  const std::string policy = HeaderOf(index, "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("script-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("style-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  for (const char* hole : {"unsafe", "http:", "https:", "blob:", "*", "nonce"}) {
    EXPECT_EQ(policy.find(hole), std::string::npos) << hole;
  }
  EXPECT_EQ(HeaderOf(index, "X-Frame-Options"), "DENY");
  EXPECT_EQ(HeaderOf(index, "Referrer-Policy"), "no-referrer");
  // Nothing of the page itself needs what the policy forbids.
  for (const char* inlined : {"<style", " style=", " onload=", "javascript:"}) {
    EXPECT_EQ(index.body.find(inlined), std::string::npos) << inlined;
  }
  EXPECT_FALSE(std::regex_search(index.body, std::regex("<script[^>]*>[^<]")));
}

TEST(Page, BuiltPageIsWhole) {
  const Page& page = Page::Built();
  const std::string body = page.Index(Head("/")).body;
  const std::regex link("(src|href)=\"/assets/([^\"]+)\"");
  std::set<std::string> names;
  for (auto at = std::sregex_iterator(body.begin(), body.end(), link); at != std::sregex_iterator();
       ++at) {
    names.insert((*at)[2]);
  }
  EXPECT_GE(names.size(), 2U);
  for (const std::string& name : names) {
    const http::Response asset = page.Asset(Head("/assets/" + name, kGzip), name);
    EXPECT_EQ(asset.status, 200) << name;
    EXPECT_TRUE(asset.body.starts_with("\x1f\x8b")) << name;
  }
}

// Through the socket, on a server that has a key.
TEST(Page, NeedsNoKeyButTheApiDoes) {
  test::ScriptedServiceOptions options;
  options.tokenizer = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";
  options.keys = KeyRing::OfKey("secret");
  auto service = test::ScriptedService::Start(std::move(options));
  ASSERT_TRUE(service.ok()) << service.status().message();
  const uint16_t port = (*service)->server->port();
  const test::HttpAnswer index = test::Get(port, "/", "Accept: text/html\r\n");
  EXPECT_EQ(index.status, 200);
  EXPECT_THAT(index.body, HasSubstr("<!doctype html>"));
  std::smatch script;
  ASSERT_TRUE(std::regex_search(index.body, script, std::regex("src=\"(/assets/[^\"]+)\"")));
  EXPECT_EQ(test::Get(port, script[1].str(), "Accept-Encoding: gzip\r\n").status, 200);
  EXPECT_EQ(test::Get(port, script[1].str()).status, 406);
  EXPECT_EQ(test::Get(port, "/assets/none.js").status, 404);
  EXPECT_EQ(test::Get(port, "/").body, R"({"server":"fathom"})");
  EXPECT_EQ(test::Get(port, "/v1/models").status, 401);
  // No way around the key by a path that begins like the page's.
  for (const char* path : {"/assets/../v1/models", "/assets/..%2fv1%2fmodels", "/assets//v1/models",
                           "/assets/%2e%2e/index.html", "/assets/", "/assets/x/y"}) {
    EXPECT_EQ(test::Get(port, path).status, 404) << path;
  }
  for (const char* path : {"//v1/models", "/assets", "/ASSETS/x", "/./assets/x"}) {
    EXPECT_EQ(test::Get(port, path).status, 401) << path;
  }
}

TEST(Page, CanBeSwitchedOff) {
  test::ScriptedServiceOptions options;
  options.tokenizer = FATHOM_SOURCE_DIR "/models/fathom-nano/tokenizer.json";
  options.api.page = false;
  auto service = test::ScriptedService::Start(std::move(options));
  ASSERT_TRUE(service.ok()) << service.status().message();
  const uint16_t port = (*service)->server->port();
  EXPECT_EQ(test::Get(port, "/", "Accept: text/html\r\n").body, R"({"server":"fathom"})");
  EXPECT_EQ(test::Get(port, "/assets/none.js").status, 404);
}

// A link on another site opens the page; what another site's page fetches stays refused.
TEST(Page, OpensFromALinkElsewhere) {
  const KeyStore keys(KeyRing::Open());
  const Gate gate({}, keys);
  const auto status = [&](const char* path, const char* dest, const char* mode) {
    const auto refused = gate.Check(Head(path, {{"Host", "localhost:8080"},
                                                {"Sec-Fetch-Site", "cross-site"},
                                                {"Sec-Fetch-Dest", dest},
                                                {"Sec-Fetch-Mode", mode}}));
    return refused ? refused->status : 200;
  };
  EXPECT_EQ(status("/", "document", "navigate"), 200);
  EXPECT_EQ(status("/", "iframe", "navigate"), 403);
  EXPECT_EQ(status("/", "empty", "no-cors"), 403);
  EXPECT_EQ(status("/v1/models", "document", "navigate"), 403);
  EXPECT_EQ(status("/assets/x.js", "script", "no-cors"), 403);
}

}  // namespace
}  // namespace fathom::api
