#include "http/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"

namespace fathom::http {
namespace {

constexpr std::string_view kId = "{id}";

}  // namespace

Router::Router(std::function<Response(int, const std::string&)> refusal)
    : refusal_(std::move(refusal)) {}

void Router::Add(std::string method, std::string pattern, RouteHandler handler) {
  FATHOM_CHECK(pattern.starts_with('/'), "'{}' is no path", pattern);
  Route route;
  route.method = std::move(method);
  route.handler = std::move(handler);
  const size_t place = pattern.find(kId);
  route.has_id = place != pattern.npos;
  route.before = pattern.substr(0, place);
  if (route.has_id) {
    route.after = pattern.substr(place + kId.size());
    FATHOM_CHECK(route.before.ends_with('/') && (route.after.empty() || route.after[0] == '/') &&
                     route.after.find(kId) == route.after.npos,
                 "'{}': {{id}} must be one whole segment", pattern);
  }
  routes_.push_back(std::move(route));
}

Router::Match Router::Refused(int status, const std::string& message) const {
  return {.handler = nullptr, .id = {}, .refused = refusal_(status, message)};
}

// For a path that only the methods in `allowed` have, or none.
Router::Match Router::Refused(const RequestHead& head,
                              const std::vector<std::string>& allowed) const {
  const std::string path = ReplaceInvalidUtf8(head.path);
  if (allowed.empty()) return Refused(404, fmt::format("there is nothing at {}", path));
  const std::string list = fmt::format("{}", fmt::join(allowed, ", "));
  Match match = Refused(405, fmt::format("{} takes {}, not {}", path, list, head.method));
  match.refused.headers.Add("Allow", list);
  return match;
}

Router::Match Router::Find(const RequestHead& head) const {
  // The raw segment in place of {id}, or "" on an exact path; nothing where the path differs.
  const auto segment_of = [&](const Route& route) -> std::optional<std::string_view> {
    std::string_view path = head.path;
    if (!route.has_id) {
      return path == route.before ? std::optional<std::string_view>("") : std::nullopt;
    }
    if (path.size() <= route.before.size() + route.after.size() ||
        !path.starts_with(route.before) || !path.ends_with(route.after)) {
      return std::nullopt;
    }
    path.remove_prefix(route.before.size());
    path.remove_suffix(route.after.size());
    if (path.find('/') != path.npos) return std::nullopt;
    return path;
  };

  // Larger is better: an exact path, and the method itself before GET in place of HEAD.
  const Route* best = nullptr;
  std::string_view best_segment;
  int best_rank = 0;
  std::vector<std::string> allowed;
  const auto allow = [&](const std::string& method) {
    if (std::ranges::find(allowed, method) == allowed.end()) allowed.push_back(method);
  };
  for (const Route& route : routes_) {
    const auto segment = segment_of(route);
    if (!segment) continue;
    allow(route.method);
    if (route.method == "GET") allow("HEAD");
    const bool instead = head.method == "HEAD" && route.method == "GET";
    if (route.method != head.method && !instead) continue;
    const int rank = 1 + (instead ? 0 : 1) + (route.has_id ? 0 : 2);
    if (rank <= best_rank) continue;
    best = &route;
    best_segment = *segment;
    best_rank = rank;
  }

  if (best == nullptr) return Refused(head, allowed);
  auto id = PercentDecode(best_segment);
  if (!id) return Refused(400, "the path holds a % without two hexadecimal digits");
  return {.handler = &best->handler, .id = *std::move(id), .refused = {}};
}

void Router::Handle(std::shared_ptr<Exchange> exchange) const {
  Match match = Find(exchange->request().head);
  if (match.handler == nullptr) {
    exchange->Send(std::move(match.refused));
  } else {
    (*match.handler)(std::move(exchange), match.id);
  }
}

}  // namespace fathom::http
