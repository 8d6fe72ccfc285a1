// A request and a response of HTTP, as the rest of the program sees them: plain structs, no
// library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::http {

struct Header {
  std::string name, value;
};

// In order; names compare without regard to case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : headers_(headers) {}

  // The first one of that name.
  std::optional<std::string_view> Find(std::string_view name) const;
  void Add(std::string name, std::string value) {
    headers_.push_back({std::move(name), std::move(value)});
  }

  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }

 private:
  std::vector<Header> headers_;
};

// Everything before the body.
struct RequestHead {
  std::string method;  // "GET"
  std::string path;    // "/v1/models", as it came: not decoded
  std::string query;   // what stands behind "?", without it
  Headers headers;
  std::string client;  // "127.0.0.1:51234"
  bool tls = false;
};

struct Request {
  RequestHead head;
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers = {};  // Content-Length and Connection are the server's
  std::string content_type = "application/json";
  std::string body = {};
};

}  // namespace fathom::http
