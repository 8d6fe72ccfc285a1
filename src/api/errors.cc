#include "api/errors.h"

#include <array>

#include "base/utf8.h"
#include "json/write.h"

namespace fathom::api {
namespace {

// Messages quote what the client sent, which may be long.
constexpr size_t kMaxMessageBytes = 2000;

struct CodeRow {
  Code code;
  int http_status;
};

constexpr std::array<CodeRow, 8> kCodes = {{
    {Code::kOk, 500},  // no failure: whoever asks has lost one
    {Code::kInvalidArgument, 400},
    {Code::kNotFound, 404},
    {Code::kUnsupported, 400},
    {Code::kResourceExhausted, 429},
    {Code::kDataLoss, 500},
    {Code::kCancelled, 499},
    {Code::kInternal, 500},
}};

constexpr bool CodeRowsMatch() {
  for (size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i].code != static_cast<Code>(i)) return false;
  }
  return static_cast<size_t>(Code::kInternal) + 1 == kCodes.size();
}
static_assert(CodeRowsMatch(), "kCodes needs one row per Code, in enum order");

struct ErrorRow {
  int http_status;
  std::string_view open_ai_type;
  std::string_view open_ai_code;  // empty: null
  std::string_view anthropic_type;
};

// The last row stands for every other status.
constexpr std::array kErrors = {
    ErrorRow{400, "invalid_request_error", "", "invalid_request_error"},
    ErrorRow{401, "authentication_error", "invalid_api_key", "authentication_error"},
    ErrorRow{403, "permission_error", "", "permission_error"},
    ErrorRow{404, "invalid_request_error", "not_found", "not_found_error"},
    ErrorRow{405, "invalid_request_error", "", "invalid_request_error"},
    ErrorRow{406, "invalid_request_error", "", "invalid_request_error"},
    ErrorRow{408, "timeout_error", "", "timeout_error"},
    ErrorRow{413, "invalid_request_error", "request_too_large", "request_too_large"},
    ErrorRow{415, "invalid_request_error", "", "invalid_request_error"},
    ErrorRow{429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error"},
    ErrorRow{431, "invalid_request_error", "request_too_large", "request_too_large"},
    ErrorRow{499, "cancelled", "", "api_error"},
    ErrorRow{503, "server_error", "overloaded", "overloaded_error"},
    ErrorRow{500, "server_error", "", "api_error"},
};

const ErrorRow& RowOf(int http_status) {
  for (const ErrorRow& row : kErrors) {
    if (row.http_status == http_status) return row;
  }
  return kErrors.back();
}

bool IsPathCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '[' || c == ']';
}

// "messages[2].content" of "messages[2].content: expected string"; empty where none stands there.
std::string_view FieldOf(std::string_view message) {
  size_t end = 0;
  while (end < message.size() && IsPathCharacter(message[end])) ++end;
  return message.substr(end).starts_with(": ") ? message.substr(0, end) : std::string_view();
}

std::string Shortened(std::string_view message) {
  if (message.size() <= kMaxMessageBytes) return std::string(message);
  message = message.substr(0, kMaxMessageBytes);
  message.remove_suffix(IncompleteUtf8Suffix(message));
  return std::string(message) + "...";
}

std::string_view PublicMessage(const Status& status) {
  if (HttpStatus(status.code()) != 500) return status.message();
  return "the server failed; its log says why";
}

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

json::Value TextOrNull(std::string_view text) {
  return text.empty() ? json::Value() : json::Value(text);
}

}  // namespace

Dialect DialectOf(std::string_view path) {
  for (const std::string_view folder : {"/v1/messages", "/messages", "/anthropic"}) {
    if (IsBelow(path, folder)) return Dialect::kAnthropic;
  }
  return Dialect::kOpenAi;
}

int HttpStatus(Code code) { return kCodes[static_cast<size_t>(code)].http_status; }

json::Value ErrorBody(Dialect dialect, int http_status, std::string_view message) {
  const ErrorRow& row = RowOf(http_status);
  const std::string shown = Shortened(message);
  if (dialect == Dialect::kAnthropic) {
    return json::Object{{"type", "error"},
                        {"error", json::Object{{"type", row.anthropic_type}, {"message", shown}}}};
  }
  const std::string_view field = http_status < 500 ? FieldOf(message) : std::string_view();
  return json::Object{{"error", json::Object{{"message", shown},
                                             {"type", row.open_ai_type},
                                             {"param", TextOrNull(Shortened(field))},
                                             {"code", TextOrNull(row.open_ai_code)}}}};
}

json::Value ErrorBody(Dialect dialect, const Status& status) {
  return ErrorBody(dialect, HttpStatus(status.code()), PublicMessage(status));
}

http::Response ErrorResponse(Dialect dialect, int http_status, std::string_view message) {
  http::Response response{.status = http_status};
  response.body = json::Dump(ErrorBody(dialect, http_status, message), json::Style::kCompact);
  return response;
}

http::Response ErrorResponse(Dialect dialect, const Status& status) {
  return ErrorResponse(dialect, HttpStatus(status.code()), PublicMessage(status));
}

}  // namespace fathom::api
