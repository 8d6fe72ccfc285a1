// Who gets past the door: decided from a request's head alone, before its body is read.
//
// A page of another site can make a browser send requests to a server on this machine, directly or
// by letting its own name point here (DNS rebinding). So the Host must be one the server is known
// by, an Origin must be the server's own or allowed by name, and a body must be declared as JSON,
// which no page can send to another site without asking first.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/keys.h"
#include "http/message.h"

namespace fathom::api {

struct GateOptions {
  std::string bound_host = "127.0.0.1";           // what the server listens on
  std::vector<std::string> allowed_hosts = {};    // besides the bound one and loopback's names
  std::vector<std::string> allowed_origins = {};  // "https://chat.example.org"; "*" for every one
};

class Gate {
 public:
  Gate(GateOptions options, const KeyStore& keys);  // the keys outlive it

  // Who asks; nothing without a right key. Of a ring without keys: the local holder.
  std::shared_ptr<const KeyHolder> HolderOf(const http::RequestHead& head) const;

  // A response that ends the request here, in the form of the path's API: 400, 401, 403, 415, or
  // the answer to a browser's question before a request (OPTIONS). Nothing when it may go on.
  std::optional<http::Response> Check(const http::RequestHead& head) const;

  // What a response to this request needs for the browser to show it to the page that asked.
  void AddCorsHeaders(const http::RequestHead& head, http::Headers* headers) const;

 private:
  bool HostIsKnown(std::string_view host) const;
  bool OriginIsAllowed(std::string_view origin, std::string_view host) const;

  const GateOptions options_;
  const KeyStore& keys_;
  const bool any_address_;  // bound to all of them: any address may be the Host, but no name
};

// True for 127.0.0.0/8, ::1 and localhost.
bool IsLoopback(std::string_view host);

// "example.org:8080" → "example.org"; "[::1]:8080" → "::1".
std::string_view HostWithoutPort(std::string_view host);

}  // namespace fathom::api
