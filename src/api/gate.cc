#include "api/gate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "api/errors.h"
#include "api/page.h"

namespace fathom::api {
namespace {

bool IsAddress(std::string_view host) {
  const std::string text(host);
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// "application/json; charset=utf-8" is JSON.
bool IsJson(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return http::EqualsIgnoringCase(type, "application/json");
}

// Answered to everybody: they tell nothing and change nothing.
bool NeedsNoKey(std::string_view path) {
  return path == "/health" || path == "/ready" || IsPagePath(path);
}

// Someone has followed a link to the page. It is shown, alone in its tab; the site that the link
// stood on learns nothing of it.
bool OpensPage(const http::RequestHead& head) {
  return head.path == "/" && (head.method == "GET" || head.method == "HEAD") &&
         head.headers.Find("sec-fetch-dest") == "document" &&
         head.headers.Find("sec-fetch-mode") == "navigate";
}

std::string_view KeyOf(const http::RequestHead& head) {
  if (const auto key = head.headers.Find("x-api-key")) return *key;
  const auto authorization = head.headers.Find("authorization");
  constexpr std::string_view kBearer = "bearer ";
  if (!authorization || authorization->size() < kBearer.size() ||
      !http::EqualsIgnoringCase(authorization->substr(0, kBearer.size()), kBearer)) {
    return {};
  }
  std::string_view key = authorization->substr(kBearer.size());
  while (!key.empty() && key.front() == ' ') key.remove_prefix(1);
  return key;
}

}  // namespace

std::string_view HostWithoutPort(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    const bool whole = end != host.npos && (end + 1 == host.size() || host[end + 1] == ':');
    return whole ? host.substr(1, end - 1) : host;
  }
  const size_t colon = host.find(':');
  // Several colons without brackets: a bare IPv6 address.
  if (colon == std::string_view::npos || host.find(':', colon + 1) != std::string_view::npos) {
    return host;
  }
  return host.substr(0, colon);
}

bool IsLoopback(std::string_view host) {
  if (http::EqualsIgnoringCase(host, "localhost") || host == "::1") return true;
  return host.starts_with("127.") && IsAddress(host);
}

Gate::Gate(GateOptions options, const KeyStore& keys)
    : options_(std::move(options)),
      keys_(keys),
      any_address_(options_.bound_host == "0.0.0.0" || options_.bound_host == "::") {}

std::shared_ptr<const KeyHolder> Gate::HolderOf(const http::RequestHead& head) const {
  const auto ring = keys_.Get();
  return ring->open() ? ring->local() : ring->Find(KeyOf(head));
}

bool Gate::HostIsKnown(std::string_view host) const {
  const std::string_view name = HostWithoutPort(host);
  if (IsLoopback(name) || http::EqualsIgnoringCase(name, options_.bound_host)) return true;
  if (any_address_ && IsAddress(name)) return true;
  return std::ranges::any_of(options_.allowed_hosts, [&](const std::string& allowed) {
    return http::EqualsIgnoringCase(name, allowed) || http::EqualsIgnoringCase(host, allowed);
  });
}

bool Gate::OriginIsAllowed(std::string_view origin, std::string_view host) const {
  for (const std::string& allowed : options_.allowed_origins) {
    if (allowed == "*" || http::EqualsIgnoringCase(origin, allowed)) return true;
  }
  // The server's own page: its origin is the very Host, which is known.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme) &&
        http::EqualsIgnoringCase(origin.substr(scheme.size()), host)) {
      return true;
    }
  }
  return false;
}

void Gate::AddCorsHeaders(const http::RequestHead& head, http::Headers* headers) const {
  const auto origin = head.headers.Find("origin");
  if (!origin || options_.allowed_origins.empty()) return;
  if (!OriginIsAllowed(*origin, head.headers.Find("host").value_or(""))) return;
  headers->Add("Access-Control-Allow-Origin", std::string(*origin));
  headers->Add("Vary", "Origin");
}

std::optional<http::Response> Gate::Check(const http::RequestHead& head) const {
  const Dialect dialect = DialectOf(head.path);
  const auto refuse = [&](int status, const std::string& message) {
    http::Response response = ErrorResponse(dialect, status, message);
    if (status == 401) {
      response.headers.Add("WWW-Authenticate", "Bearer");
      // Some clients try a wrong key again for minutes otherwise.
      response.headers.Add("X-Should-Retry", "false");
    }
    return response;
  };
  const auto host = head.headers.Find("host");
  if (!host || host->empty()) return refuse(400, "the request has no Host");
  if (!HostIsKnown(*host)) {
    return refuse(403, fmt::format("the server is not known as \"{}\" (--allow-host says which "
                                   "names it has)",
                                   *host));
  }
  const auto origin = head.headers.Find("origin");
  if (origin && !OriginIsAllowed(*origin, *host)) {
    return refuse(403, fmt::format("pages of {} may not use this server (--allow-origin says "
                                   "which may)",
                                   *origin));
  }
  const auto site = head.headers.Find("sec-fetch-site");
  if (!origin && site && (*site == "cross-site" || *site == "same-site") && !OpensPage(head)) {
    return refuse(403, "another site's page may not use this server");
  }
  if (head.method == "OPTIONS" && origin) {
    http::Response response = {.status = 204, .content_type = ""};
    AddCorsHeaders(head, &response.headers);
    response.headers.Add("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    const auto asked = head.headers.Find("access-control-request-headers");
    if (asked) response.headers.Add("Access-Control-Allow-Headers", std::string(*asked));
    response.headers.Add("Access-Control-Max-Age", "600");
    return response;
  }
  if (!NeedsNoKey(head.path) && HolderOf(head) == nullptr) {
    return refuse(401, KeyOf(head).empty()
                           ? "an API key is needed: \"Authorization: Bearer KEY\" or \"x-api-key\""
                           : "the API key is not valid");
  }
  if (head.method == "POST") {
    const auto type = head.headers.Find("content-type");
    if (!type || !IsJson(*type)) {
      return refuse(
          415, fmt::format("the body must be application/json, found \"{}\"", type.value_or("")));
    }
  }
  return std::nullopt;
}

}  // namespace fathom::api
