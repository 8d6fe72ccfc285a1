#include "json/write.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace fathom::json {

void DumpString(std::string_view text, std::string* out) {
  out->push_back('"');
  EscapeTo(text, out);
  out->push_back('"');
}

void EscapeTo(std::string_view text, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\b':
        out->append("\\b");
        break;
      case '\f':
        out->append("\\f");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out->append("\\u00");
          out->push_back(kHex[static_cast<size_t>(c) >> 4]);
          out->push_back(kHex[static_cast<size_t>(c) & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
}

std::string PythonFloat(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 std::chars_format::scientific)
                       .ptr;
  std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  std::string out;
  if (text.front() == '-') {
    out.push_back('-');
    text.remove_prefix(1);
  }
  // d[.ddd]e±xx → the digits without the point, and the power of ten of the first one.
  const size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits.append(text.substr(2, e - 2));
  int exponent = 0;
  const char* sign = text.data() + e + 1;
  std::from_chars(*sign == '+' ? sign + 1 : sign, text.data() + text.size(), exponent);

  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out.push_back(digits[0]);
    if (count > 1) out.append(".").append(digits, 1);
    out.append(exponent < 0 ? "e-" : "e+");
    const int size = std::abs(exponent);
    if (size < 10) out.push_back('0');
    out.append(std::to_string(size));
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
  } else if (count <= exponent + 1) {
    out.append(digits).append(static_cast<size_t>(exponent + 1 - count), '0').append(".0");
  } else {
    const auto point = static_cast<size_t>(exponent + 1);
    out.append(digits, 0, point).append(".").append(digits, point);
  }
  return out;
}

double NumberToDouble(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    // from_chars leaves the value alone; a negative exponent means it was too small. The power of
    // ten of the leading digit decides, since "0.000…1e400" has an exponent of the other sign.
    const bool negative = text.front() == '-';
    const size_t e = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(negative, e - negative);
    const size_t first = mantissa.find_first_of("123456789");
    const size_t point = std::min(mantissa.find('.'), mantissa.size());
    const double leading =
        first < point ? static_cast<double>(point - first) : -static_cast<double>(first - point);
    double exponent = 0;
    if (e != std::string_view::npos) {
      for (const char c : text.substr(e + 1)) {
        if (c >= '0' && c <= '9') exponent = exponent * 10 + (c - '0');
      }
      if (text[e + 1] == '-') exponent = -exponent;
    }
    value = leading + exponent > 0 ? std::numeric_limits<double>::infinity() : 0.0;
    if (negative) value = -value;
  }
  return value;
}

bool IsIntegerText(std::string_view text) {
  return text.find_first_of(".eEIN") == std::string_view::npos;  // I and N of Infinity and NaN
}

std::string PythonNumber(std::string_view text) {
  if (!IsIntegerText(text)) return PythonFloat(NumberToDouble(text));
  return text == "-0" ? "0" : std::string(text);
}

void DumpTo(const Value& value, Style style, std::string* out) {
  const std::string_view comma = style == Style::kPython ? ", " : ",";
  switch (value.kind()) {
    case Kind::kNull:
      out->append("null");
      break;
    case Kind::kBool:
      out->append(value.boolean() ? "true" : "false");
      break;
    case Kind::kNumber:
      out->append(style == Style::kPython ? PythonNumber(value.number().text)
                                          : value.number().text);
      break;
    case Kind::kString:
      DumpString(value.string(), out);
      break;
    case Kind::kArray: {
      out->push_back('[');
      bool first = true;
      for (const Value& element : value.array()) {
        if (!std::exchange(first, false)) out->append(comma);
        DumpTo(element, style, out);
      }
      out->push_back(']');
      break;
    }
    case Kind::kObject: {
      out->push_back('{');
      bool first = true;
      for (const Member& member : value.object()) {
        if (!std::exchange(first, false)) out->append(comma);
        DumpString(member.key, out);
        out->append(style == Style::kPython ? ": " : ":");
        DumpTo(member.value, style, out);
      }
      out->push_back('}');
      break;
    }
  }
}

std::string Dump(const Value& value, Style style) {
  std::string out;
  DumpTo(value, style, &out);
  return out;
}

}  // namespace fathom::json
