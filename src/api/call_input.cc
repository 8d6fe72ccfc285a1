#include "api/call_input.h"

#include "json/parse.h"

namespace fathom::api {
namespace {

bool IsJsonNumber(const json::Number& number) {
  return number.text.find_first_of("NI") == std::string::npos;  // NaN, Infinity, -Infinity
}

json::Value Readable(const json::Value& value) {
  if (value.is_number() && !IsJsonNumber(value.number())) return {};
  if (value.is_array()) {
    json::Array readable;
    readable.reserve(value.array().size());
    for (const json::Value& element : value.array()) readable.push_back(Readable(element));
    return readable;
  }
  if (value.is_object()) {
    json::Object readable;
    for (const json::Member& member : value.object()) {
      readable.Set(member.key, Readable(member.value));
    }
    return readable;
  }
  return value;
}

}  // namespace

json::Value CallInput(std::string_view arguments) {
  const Result<json::Value> parsed = json::Parse(arguments, {.python_constants = true});
  if (!parsed.ok() || !parsed->is_object()) return json::Object{};
  return Readable(*parsed);
}

}  // namespace fathom::api
