// Method and path → handler.
//
// A pattern is a path, of which one segment may be "{id}": "/v1/models/{id}". Paths are compared as
// they came, so "%2F" stands for a slash inside a segment; what stood in place of {id} is handed
// over decoded. An exact path comes before one with {id}. Prefixes ("/v1" and none) are the
// caller's: one Add each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"

namespace fathom::http {

// `id` is empty where the pattern has none.
using RouteHandler = std::function<void(std::shared_ptr<Exchange>, const std::string& id)>;

// Filled first, by one thread; then used by any.
class Router {
 public:
  // `refusal` makes the answers 400 (a path that can't be decoded), 404 and 405.
  explicit Router(std::function<Response(int status, const std::string& message)> refusal);

  void Add(std::string method, std::string pattern, RouteHandler handler);

  struct Match {
    const RouteHandler* handler = nullptr;  // null: `refused` says why
    std::string id;
    Response refused;
  };
  // HEAD is answered by what answers GET, where nothing of its own is there. Cheap enough to be
  // asked before the body is read.
  Match Find(const RequestHead& head) const;

  void Handle(std::shared_ptr<Exchange> exchange) const;

 private:
  struct Route {
    std::string method;
    std::string before, after;  // around the segment; an exact path is all `before`
    bool has_id = false;
    RouteHandler handler;
  };

  Match Refused(int status, const std::string& message) const;
  Match Refused(const RequestHead& head, const std::vector<std::string>& allowed) const;

  std::function<Response(int, const std::string&)> refusal_;
  std::vector<Route> routes_;
};

}  // namespace fathom::http
