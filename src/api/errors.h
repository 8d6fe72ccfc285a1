// A Status in an API's words. One table says which HTTP status and which type belong to a code.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "http/message.h"
#include "json/value.h"

namespace fathom::api {

enum class Dialect {
  kOpenAi,     // {"error": {"message", "type", "param", "code"}}
  kAnthropic,  // {"type": "error", "error": {"type", "message"}}
};

// Which one a path belongs to: /v1/messages and everything below /anthropic is Anthropic's.
Dialect DialectOf(std::string_view path);

// 400 invalid_request_error for kInvalidArgument and kUnsupported, 404 for kNotFound, 429 for
// kResourceExhausted, 499 for kCancelled, 500 for the rest, whose message stays in the log.
int HttpStatus(Code code);

// `param` names the field in OpenAI's form where the message begins with one ("top_p: …").
json::Value ErrorBody(Dialect dialect, int http_status, std::string_view message);
// The same for a Status; of one that is 500 the client learns only that.
json::Value ErrorBody(Dialect dialect, const Status& status);
http::Response ErrorResponse(Dialect dialect, int http_status, std::string_view message);
http::Response ErrorResponse(Dialect dialect, const Status& status);

}  // namespace fathom::api
