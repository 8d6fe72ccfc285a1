// A server behind HTTP ("streamable HTTP"): every message is a POST, whose answer is JSON or a
// stream of events; what the server says unasked comes on a GET, where it offers one.
//
// Calls wait on threads of their callers. Redirects are not followed.
#pragma once

#include <memory>

#include "http/client.h"
#include "mcp/config.h"
#include "mcp/transport.h"

namespace fathom::mcp {

// `client` outlives it.
std::unique_ptr<Transport> MakeHttpTransport(HttpConfig config, http::Client& client);

}  // namespace fathom::mcp
