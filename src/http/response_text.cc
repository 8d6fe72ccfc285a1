#include "http/response_text.h"

#include <fmt/core.h>

#include <ctime>
#include <iterator>

namespace fathom::http {
namespace {

void AppendClean(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool control = (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f;
    out += control ? '?' : c;
  }
}

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  AppendClean(out, name);
  out += ": ";
  AppendClean(out, value);
  out += "\r\n";
}

// "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale is.
std::string DateText(int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(unix_seconds);
  std::tm time = {};
  ::gmtime_r(&seconds, &time);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[time.tm_wday], time.tm_mday,
                     kMonths[time.tm_mon], 1900 + time.tm_year, time.tm_hour, time.tm_min,
                     time.tm_sec);
}

}  // namespace

bool StatusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string HeadText(const Response& response, const HeadOptions& options) {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, ReasonPhrase(response.status));
  AppendHeader(out, "Date", DateText(options.unix_seconds));
  if (StatusHasBody(response.status)) {
    if (!response.content_type.empty()) AppendHeader(out, "Content-Type", response.content_type);
    if (options.framing == BodyFraming::kLength) {
      AppendHeader(out, "Content-Length", std::to_string(response.body.size()));
    } else if (options.framing == BodyFraming::kChunked) {
      AppendHeader(out, "Transfer-Encoding", "chunked");
    }
  }
  if (!options.keep_alive) {
    AppendHeader(out, "Connection", "close");
  } else if (!options.http_1_1) {
    AppendHeader(out, "Connection", "keep-alive");
  }
  for (const Header& header : response.headers) AppendHeader(out, header.name, header.value);
  out += "\r\n";
  return out;
}

void AppendChunk(std::string& out, std::string_view piece) {
  if (piece.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", piece.size());
  out += piece;
  out += "\r\n";
}

}  // namespace fathom::http
