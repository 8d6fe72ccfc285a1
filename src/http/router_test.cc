#include "http/router.h"

#include <gtest/gtest.h>

namespace fathom::http {
namespace {

Response Refuse(int status, const std::string& message) {
  return {.status = status, .body = message};
}

// Names what it was asked for by the route that has it, and the id; or the status of the refusal.
class RouterTest : public testing::Test {
 protected:
  RouterTest() : router_(Refuse) {
    for (const auto& [method, pattern] :
         std::vector<std::pair<std::string, std::string>>{{"GET", "/v1/models"},
                                                          {"GET", "/v1/models/{id}"},
                                                          {"DELETE", "/v1/models/{id}"},
                                                          {"GET", "/v1/models/all"},
                                                          {"POST", "/v1/models/{id}/load"},
                                                          {"POST", "/v1/chat"},
                                                          {"HEAD", "/own"},
                                                          {"GET", "/own"},
                                                          {"GET", "/"}}) {
      router_.Add(
          method, pattern,
          [this, name = method + " " + pattern](std::shared_ptr<Exchange>, const std::string& id) {
            called_ = name + (id.empty() ? "" : " id=" + id);
          });
    }
  }

  std::string Ask(const std::string& method, const std::string& path) {
    RequestHead head;
    head.method = method;
    head.path = path;
    const Router::Match match = router_.Find(head);
    if (match.handler == nullptr) {
      std::string text = std::to_string(match.refused.status);
      if (const auto allow = match.refused.headers.Find("allow")) text += " " + std::string(*allow);
      return text;
    }
    (*match.handler)(nullptr, match.id);
    return called_;
  }

  Router router_;
  std::string called_;
};

TEST_F(RouterTest, Cases) {
  const struct {
    std::string method, path, expected;
  } cases[] = {
      {"GET", "/v1/models", "GET /v1/models"},
      {"GET", "/v1/models/", "404"},
      {"GET", "/v1/models/nano", "GET /v1/models/{id} id=nano"},
      {"GET", "/v1/models/a%2Fb%20c", "GET /v1/models/{id} id=a/b c"},
      {"GET", "/v1/models/a/b", "404"},
      {"GET", "/v1/models/%zz", "400"},
      {"GET", "/v1/models/\xff", "GET /v1/models/{id} id=\xff"},
      {"GET", "/v1/models/all", "GET /v1/models/all"},
      {"DELETE", "/v1/models/all", "DELETE /v1/models/{id} id=all"},
      {"POST", "/v1/models/x/load", "POST /v1/models/{id}/load id=x"},
      {"POST", "/v1/models//load", "404"},
      {"POST", "/v1/models", "405 GET, HEAD"},
      {"PUT", "/v1/models/x", "405 GET, HEAD, DELETE"},
      {"GET", "/v1/chat", "405 POST"},
      {"HEAD", "/v1/chat", "405 POST"},
      {"HEAD", "/v1/models", "GET /v1/models"},
      {"HEAD", "/v1/models/all", "GET /v1/models/all"},
      {"HEAD", "/own", "HEAD /own"},
      {"get", "/v1/models", "405 GET, HEAD"},
      {"GET", "/", "GET /"},
      {"GET", "//", "404"},
      {"GET", "/V1/models", "404"},
      {"GET", "/v1/models/../models", "404"},
      {"OPTIONS", "*", "404"},
      {"GET", "", "404"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(Ask(test.method, test.path), test.expected) << test.method << " " << test.path;
  }
}

TEST_F(RouterTest, ARefusalIsTextWhateverThePathHolds) {
  RequestHead head;
  head.method = "GET";
  head.path = "/\xff\xc3";
  EXPECT_EQ(router_.Find(head).refused.body, "there is nothing at /\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace fathom::http
