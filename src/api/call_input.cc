#include "api/call_input.h"

#include <utility>

#include "json/parse.h"

namespace fathom::api {

std::string InputFilter::Take(std::string_view piece) {
  std::string out;
  for (const char c : piece) {
    if (in_string_) {
      out += c;
      in_string_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
      continue;
    }
    if (in_word_ && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) continue;
    const bool no_json = c == 'N' || c == 'I';  // NaN, Infinity; all other words begin small
    if (minus_ && !no_json) out += '-';
    minus_ = c == '-';
    in_word_ = no_json;
    in_string_ = c == '"';
    if (no_json) {
      out += "null";
    } else if (!minus_) {
      out += c;
    }
  }
  return out;
}

json::Value CallInput(std::string_view arguments) {
  Result<json::Value> input = json::Parse(InputFilter().Take(arguments));
  if (!input.ok() || !input->is_object()) return json::Object{};
  return *std::move(input);
}

}  // namespace fathom::api
