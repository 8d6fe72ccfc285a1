// A response's first lines as bytes, and chunks of its body.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace fathom::http {

enum class BodyFraming {
  kLength,      // Content-Length: the body's size
  kChunked,     // "Transfer-Encoding: chunked"
  kUntilClose,  // a stream to a client of HTTP/1.0: the body ends where the connection does
};

struct HeadOptions {
  BodyFraming framing = BodyFraming::kLength;
  bool http_1_1 = true;      // what the client speaks
  bool keep_alive = true;    // another request may follow
  int64_t unix_seconds = 0;  // for Date
};

// Status line, headers and the empty line. Control characters in names and values become "?": what
// a client made us repeat must not become a header of its own.
std::string HeadText(const Response& response, const HeadOptions& options);

// Appends one chunk; nothing for an empty piece, which would end the body.
void AppendChunk(std::string& out, std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// Whether a response of this status may have a body at all.
bool StatusHasBody(int status);

}  // namespace fathom::http
