// fathom_encode_messages and fathom_parse_message: the official functions by JSON.
#include <utility>
#include <variant>

#include "capi/boundary.h"
#include "chat/reference_call.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::capi {
namespace {

// `call` takes the arguments' value; `to_text` makes its answer text.
template <typename Call, typename ToText>
fathom_code CallByJson(const char* arguments, size_t size, fathom_string* out, Call call,
                       ToText to_text) {
  if (out != nullptr) *out = {nullptr, 0};
  return Boundary([&]() -> Status {
    FATHOM_RETURN_IF_ERROR(CheckNotNull(arguments, "arguments"));
    FATHOM_RETURN_IF_ERROR(CheckNotNull(out, "out"));
    FATHOM_ASSIGN_OR_RETURN(const std::string_view text, TextOf(arguments, size, "arguments"));
    auto parsed = json::ParseOrError(text, {.python_constants = true});
    if (const auto* error = std::get_if<json::ParseError>(&parsed)) {
      return RaisedInPython({chat::ErrorType::kJSONDecodeError, error->PythonText(text)});
    }
    const auto outcome = call(std::get<json::Value>(std::move(parsed)));
    if (!outcome.ok()) return RaisedInPython(outcome.error());
    *out = NewString(to_text(*outcome));
    return {};
  });
}

}  // namespace
}  // namespace fathom::capi

extern "C" {

fathom_code fathom_encode_messages(const char* arguments, size_t size, fathom_string* out) {
  return fathom::capi::CallByJson(arguments, size, out, fathom::chat::CallEncodeMessages,
                                  [](const fathom::chat::Prompt& p) { return p.Joined(); });
}

fathom_code fathom_parse_message(const char* arguments, size_t size, fathom_string* out) {
  return fathom::capi::CallByJson(
      arguments, size, out, fathom::chat::CallParseMessage, [](const fathom::json::Value& message) {
        return fathom::json::Dump(message, fathom::json::Style::kPython);
      });
}

}  // extern "C"
