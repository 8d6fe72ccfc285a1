#include "json/python_repr.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/unicode_class.h"
#include "base/utf8.h"
#include "json/write.h"

namespace fathom::json {
namespace {

std::string NumberRepr(std::string_view text) {
  std::string number = PythonNumber(text);
  if (number == "NaN") return "nan";
  if (number == "Infinity") return "inf";
  if (number == "-Infinity") return "-inf";
  return number;
}

}  // namespace

void PythonReprString(std::string_view text, std::string* out) {
  // Double quotes only where they save every escape.
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char32_t quote = has_single && !has_double ? '"' : '\'';
  out->push_back(static_cast<char>(quote));
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8(text);
    const char32_t c = next.code_point;
    if (c == quote || c == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '\r') {
      out->append("\\r");
    } else if (c == '\t') {
      out->append("\\t");
    } else if (IsPrintable(c)) {
      AppendUtf8(c, out);
    } else if (c <= 0xFF) {
      fmt::format_to(std::back_inserter(*out), "\\x{:02x}", static_cast<uint32_t>(c));
    } else if (c <= 0xFFFF) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      fmt::format_to(std::back_inserter(*out), "\\U{:08x}", static_cast<uint32_t>(c));
    }
    text.remove_prefix(static_cast<size_t>(next.length));
  }
  out->push_back(static_cast<char>(quote));
}

void PythonReprTo(const Value& value, std::string* out) {
  bool first = true;
  switch (value.kind()) {
    case Kind::kNull:
      out->append("None");
      break;
    case Kind::kBool:
      out->append(value.boolean() ? "True" : "False");
      break;
    case Kind::kNumber:
      out->append(NumberRepr(value.number().text));
      break;
    case Kind::kString:
      PythonReprString(value.string(), out);
      break;
    case Kind::kArray:
      out->push_back('[');
      for (const Value& element : value.array()) {
        if (!std::exchange(first, false)) out->append(", ");
        PythonReprTo(element, out);
      }
      out->push_back(']');
      break;
    case Kind::kObject:
      out->push_back('{');
      for (const Member& member : value.object()) {
        if (!std::exchange(first, false)) out->append(", ");
        PythonReprString(member.key, out);
        out->append(": ");
        PythonReprTo(member.value, out);
      }
      out->push_back('}');
      break;
  }
}

std::string PythonRepr(const Value& value) {
  std::string out;
  PythonReprTo(value, &out);
  return out;
}

std::string PythonStr(const Value& value) {
  return value.is_string() ? value.string() : PythonRepr(value);
}

}  // namespace fathom::json
