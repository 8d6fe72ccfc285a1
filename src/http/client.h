// A client of HTTP/1.1 for a thread that waits: one request, then its answer, whole or piece by
// piece, with a deadline and a way to stop it from another thread at every step.
//
// Each request has a connection of its own. What is asked here takes longer than a handshake, and
// nothing is ever lost, or done twice, because the other side closed an old connection.
// Redirects are answers like any other: they are not followed. With https the certificate must
// hold for the host's name.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/patience.h"
#include "base/status.h"
#include "http/message.h"

namespace fathom::http {

struct Url {
  bool tls = false;
  std::string host;  // a name or an address; of "[::1]" what stands inside
  uint16_t port = 80;
  std::string target = "/";  // path and query
};

// "https://example.org:8443/mcp?a=b". No user names, no fragments, only http and https.
Result<Url> ParseUrl(std::string_view text);

// An error where it could end its line, and so add headers of its own, or has no name.
Status CheckHeader(const Header& header);

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};  // of each address that a name stands for
  size_t head_bytes = 64 << 10;                       // of an answer's head
  std::string trusted_file = {};                      // PEM; empty: what the system trusts
};

struct ClientRequest {
  std::string method = "GET";
  Url url;
  Headers headers = {};  // Host, Content-Length and Connection are the client's
  std::string body = {};
};

// An answer whose body may still be on its way. Its connection ends with it. One thread at a time.
class IncomingResponse {
 public:
  virtual ~IncomingResponse() = default;

  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;

  // The next piece of the body as soon as there is one, at most 64 KiB; "" at its end. A body that
  // breaks off is kDataLoss.
  virtual Result<std::string> Read(const Patience& patience) = 0;

  // What is left of it; kResourceExhausted when that is more than `most` bytes.
  Result<std::string> ReadAll(size_t most, const Patience& patience);
};

// Any thread, several requests at a time.
class Client {
 public:
  // An error where the trusted certificates can't be read.
  static Result<std::unique_ptr<Client>> Create(ClientOptions options = {});
  virtual ~Client() = default;

  // Returns with the answer's head. Errors say which step failed: the name, the connection, the
  // certificate, the answer. kCancelled and kResourceExhausted are those of Patience. A name is
  // looked up by a thread of its own, which a system that doesn't answer may hold on to after this
  // has returned.
  virtual Result<std::unique_ptr<IncomingResponse>> Send(const ClientRequest& request,
                                                         const Patience& patience) = 0;
};

}  // namespace fathom::http
