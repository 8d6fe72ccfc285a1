// A connection to a server, with or without TLS, whose every step ends with the caller's patience.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "base/patience.h"
#include "base/status.h"

namespace fathom::http {

using TlsContext = std::shared_ptr<SSL_CTX>;

// For connections that check their server's certificate. `trusted_file`: PEM, empty for what the
// system trusts.
Result<TlsContext> MakeClientTls(const std::string& trusted_file);

class ClientSocket {
 public:
  // To the first address of `host` that answers; `host` may be an address itself. `tls` may be
  // null: a plain connection.
  static Result<ClientSocket> Connect(const std::string& host, uint16_t port, const TlsContext& tls,
                                      std::chrono::milliseconds connect_timeout,
                                      const Patience& patience);

  Status Write(std::string_view bytes, const Patience& patience);
  // At least one byte, at most `most`; "" at the connection's end. A TLS connection that ends
  // without saying so is an error: somebody else may have cut it.
  Result<std::string> Read(size_t most, const Patience& patience);

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  explicit ClientSocket(FileDescriptor socket) : socket_(std::move(socket)) {}
  Status BeginTls(const std::string& host, const TlsContext& tls, const Patience& patience);
  // Waits for what TLS needs next, or says what went wrong.
  Status WaitForTls(int result, const Patience& patience);

  FileDescriptor socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace fathom::http
