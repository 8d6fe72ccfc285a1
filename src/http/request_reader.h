// Bytes of a connection → one request, and what is wrong with it.
//
// Strict where two readers of the same bytes could see two requests (RFC 9112): one length, said
// one way; exactly one Host; no control characters; nothing but "chunked" as a transfer encoding.
// The grammar is Boost.Beast's parser, seen by request_reader.cc alone; the rules above it are
// ours.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace fathom::http {

struct Refusal {
  int status = 0;
  std::string message;
};

// One thread.
class RequestReader {
 public:
  enum class State {
    kHead,     // more bytes, please
    kAsked,    // the head is complete: BeginBody goes on
    kBody,     // more bytes, please
    kDone,     // Take has the request
    kRefused,  // the connection can't go on: where its next request begins is not known
  };

  explicit RequestReader(size_t head_bytes);
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  // Reads on, and says how many bytes of `input` are used up. The others come again, with more
  // behind them. Uses nothing in kAsked, kDone and kRefused.
  size_t Read(std::string_view input);
  // In kAsked: kBody, kDone, or kRefused when the body is already known to be larger.
  void BeginBody(size_t body_bytes);

  State state() const;
  bool begun() const;              // more than empty lines has come
  const Refusal& refusal() const;  // in kRefused

  // From kAsked on. `client` and `tls` are the caller's to fill.
  RequestHead& head();
  bool has_body() const;
  bool http_1_1() const;          // else 1.0
  bool keep_alive() const;        // the client allows another request on this connection
  size_t body_bytes() const;      // that have come so far
  bool expects_continue() const;  // it waits for "100 Continue" before it sends the body

  Request Take();  // in kDone, once

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace fathom::http
