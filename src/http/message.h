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

// "Not Found"; "" for a status without a name.
std::string_view ReasonPhrase(int status);

// Whether two names of headers, or two tokens in their values, are the same.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// "a%20b" → "a b". Nothing when a "%" is not followed by two hexadecimal digits. The result is
// bytes: it may hold any of them, and need not be UTF-8.
std::optional<std::string> PercentDecode(std::string_view text);

// The value of the first `name` in "a=1&b=2", decoded, with "+" for a space; "" behind a bare name.
// Nothing when it is not there, or not decodable.
std::optional<std::string> QueryParameter(std::string_view query, std::string_view name);

}  // namespace fathom::http
