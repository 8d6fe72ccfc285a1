// Value → text.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace fathom::json {

enum class Style {
  kCompact,  // {"a":1,"b":[2]} with numbers as they stood (NaN too): for the wire
  kPython,   // {"a": 1, "b": [2]} exactly as json.dumps(value, ensure_ascii=False)
};

std::string Dump(const Value& value, Style style);
void DumpTo(const Value& value, Style style, std::string* out);

// "text" in quotes with JSON escapes; the same in both styles.
void DumpString(std::string_view text, std::string* out);
// The same without the quotes, for a string that is written piece by piece.
void EscapeTo(std::string_view text, std::string* out);

// A float as Python's repr prints it: 1.0, 1e+16, 5e-324, inf as Infinity, NaN.
std::string PythonFloat(double number);

// A number's text as Python prints it after reading it: "-0" → 0, "1E5" → 100000.0, 1e400 →
// Infinity, integers of any length unchanged.
std::string PythonNumber(std::string_view text);

// Whether Python reads a number's text as an int: it has no point and no exponent.
bool IsIntegerText(std::string_view text);

// Nearest double; NaN, Infinity and overflow included.
double NumberToDouble(std::string_view text);

}  // namespace fathom::json
