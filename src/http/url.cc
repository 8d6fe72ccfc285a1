#include <charconv>

#include "http/client.h"

namespace fathom::http {
namespace {

constexpr size_t kMaxUrlBytes = 8 << 10;

Result<uint16_t> ParsePort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535) {
    return InvalidArgument("'{}' is no port", text);
  }
  return static_cast<uint16_t>(port);
}

bool IsHostChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_';
}

bool IsAddressChar(char c) { return IsHostChar(c) || c == ':'; }

Status CheckHost(std::string_view host, bool bracketed) {
  if (host.empty() || host.size() > 253) return InvalidArgument("a host of 1 to 253 characters");
  for (const char c : host) {
    if (!(bracketed ? IsAddressChar(c) : IsHostChar(c))) {
      return InvalidArgument("'{}' is no host", host);
    }
  }
  return {};
}

}  // namespace

Result<Url> ParseUrl(std::string_view text) {
  if (text.size() > kMaxUrlBytes) {
    return InvalidArgument("{} bytes of URL, at most {} are possible", text.size(), kMaxUrlBytes);
  }
  for (const char c : text) {
    if (c <= ' ' || c == '\x7f' || c == '#') {
      return InvalidArgument("a URL can't hold spaces, '#' or characters beyond ASCII");
    }
  }
  Url url;
  url.tls = text.starts_with("https://");
  if (!url.tls && !text.starts_with("http://")) {
    return InvalidArgument("expected http:// or https://, found '{}'", text.substr(0, 40));
  }
  text.remove_prefix(url.tls ? 8 : 7);
  url.port = url.tls ? 443 : 80;
  const size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view host = text.substr(0, end);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  if (host.find('@') != host.npos) {
    return InvalidArgument("a URL with a user's name; a header can carry it");
  }
  const bool bracketed = host.starts_with('[');
  const size_t close = bracketed ? host.find(']') : host.find(':');
  if (bracketed && close == host.npos) return InvalidArgument("'[' without ']'");
  const std::string_view port = close == host.npos ? "" : host.substr(close + bracketed);
  url.host = bracketed ? host.substr(1, close - 1) : host.substr(0, close);
  FATHOM_RETURN_IF_ERROR(CheckHost(url.host, bracketed));
  if (!port.empty()) {
    if (port[0] != ':') return InvalidArgument("expected ':' and a port behind ']'");
    FATHOM_ASSIGN_OR_RETURN(url.port, ParsePort(port.substr(1)));
  }
  return url;
}

}  // namespace fathom::http
