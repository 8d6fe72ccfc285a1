#include "json/python_repr.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/utf8.h"
#include "json/write.h"

namespace fathom::json {
namespace {

struct Range {
  char32_t first, last;
};

// The code points above U+007F that str.isprintable refuses and that text holds in practice:
// controls, format characters, spaces other than U+0020, surrogates, private use and
// noncharacters. base/unicode_class.h, with the unassigned ones as well, takes its place.
constexpr std::array kNotPrintable = {
    Range{0x80, 0xA0},       Range{0xAD, 0xAD},       Range{0x600, 0x605},
    Range{0x61C, 0x61C},     Range{0x6DD, 0x6DD},     Range{0x70F, 0x70F},
    Range{0x890, 0x891},     Range{0x8E2, 0x8E2},     Range{0x1680, 0x1680},
    Range{0x180E, 0x180E},   Range{0x2000, 0x200F},   Range{0x2028, 0x202F},
    Range{0x205F, 0x206F},   Range{0x3000, 0x3000},   Range{0xD800, 0xF8FF},
    Range{0xFEFF, 0xFEFF},   Range{0xFFF0, 0xFFFB},   Range{0xFFFE, 0xFFFF},
    Range{0x110BD, 0x110BD}, Range{0x110CD, 0x110CD}, Range{0x13430, 0x1343F},
    Range{0x1BCA0, 0x1BCA3}, Range{0x1D173, 0x1D17A}, Range{0x1FFFE, 0x1FFFF},
    Range{0xE0000, 0xE00FF}, Range{0xE01F0, 0x10FFFF}};

bool IsPrintable(char32_t c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7F;
  const auto above =
      std::upper_bound(kNotPrintable.begin(), kNotPrintable.end(), c,
                       [](char32_t x, const Range& range) { return x < range.first; });
  return above == kNotPrintable.begin() || c > std::prev(above)->last;
}

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
