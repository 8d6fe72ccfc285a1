// Server-sent events: how a stream is cut into events on the wire.
//
//   data: {"id": …}\n\n                        OpenAI
//   event: message_start\ndata: {…}\n\n        Anthropic, and OpenAI's responses
//
// Data is JSON without line breaks, so one line is always enough.
#pragma once

#include <string>
#include <string_view>

#include "base/check.h"

namespace fathom::api {

inline constexpr std::string_view kEventStreamType = "text/event-stream; charset=utf-8";

// A comment: keeps a connection alive, and every client passes over it.
inline constexpr std::string_view kSseKeepAlive = ": keep-alive\n\n";

// For an event that is written piece by piece: this, its data, kSseEnd.
inline constexpr std::string_view kSseData = "data: ";
inline constexpr std::string_view kSseEnd = "\n\n";

inline void AppendSse(std::string_view data, std::string* out) {
  FATHOM_DCHECK(data.find_first_of("\r\n") == std::string_view::npos, "a line break in an event");
  out->append(kSseData).append(data).append(kSseEnd);
}

inline void AppendSse(std::string_view event, std::string_view data, std::string* out) {
  out->append("event: ").append(event).append("\n");
  AppendSse(data, out);
}

}  // namespace fathom::api
