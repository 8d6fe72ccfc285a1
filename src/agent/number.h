// The calculator's numbers: exact integers of up to 127 bits, and doubles where those don't reach.
//
// Results are those of Python where it has the same operation (// and % round down, round() takes
// halves to the even number), with two differences: a quotient that is an integer is one (84 / 7 is
// 12, not 12.0), and integers too large for 127 bits become doubles. Every operation fails rather
// than give an infinity or NaN; the messages are written for the model that asked.
#pragma once

#include <string>
#include <variant>

#include "base/status.h"

namespace fathom {

using Int128 = __int128;

class Number {
 public:
  Number(Int128 integer);
  Number(double real) : held_(real) {}

  bool is_integer() const { return std::holds_alternative<Int128>(held_); }
  Int128 integer() const { return std::get<Int128>(held_); }  // requires is_integer()
  double AsDouble() const;

  // "12", "0.1", "1.5e+300": an integer in full, a double by the shortest digits that read back
  // equal, without ".0".
  std::string Text() const;

 private:
  std::variant<Int128, double> held_;
};

Result<Number> Add(const Number& a, const Number& b);
Result<Number> Subtract(const Number& a, const Number& b);
Result<Number> Multiply(const Number& a, const Number& b);
Result<Number> Divide(const Number& a, const Number& b);
Result<Number> FloorDivide(const Number& a, const Number& b);
Result<Number> Modulo(const Number& a, const Number& b);  // has the sign of b
Result<Number> Power(const Number& a, const Number& b);
Number Negate(const Number& a);
bool Less(const Number& a, const Number& b);

// To `digits` digits after the point, 0 to kMaxRoundDigits.
Number Round(const Number& a, int digits);
inline constexpr int kMaxRoundDigits = 15;
Number Floor(const Number& a);
Number Ceil(const Number& a);

// `value`, or a failure where it is infinite or NaN.
Result<Number> Finite(double value);

}  // namespace fathom
