#include "agent/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/core.h>

#include "json/write.h"

namespace fathom {
namespace {

constexpr Int128 kMaxInteger = ~(Int128{1} << 127);
constexpr double kTwo53 = 0x1p53, kTwo126 = 0x1p126;

bool BothIntegers(const Number& a, const Number& b) { return a.is_integer() && b.is_integer(); }
bool IsZero(const Number& a) { return a.AsDouble() == 0; }

Int128 Magnitude(Int128 a) { return a < 0 ? -a : a; }

// The double nearest to a / b, which dividing two doubles is not when they had to be rounded first.
// Not for quotients that are integers; b is not 0.
double NearestQuotient(Int128 a, Int128 b) {
  using Unsigned = unsigned __int128;
  const auto divisor = static_cast<Unsigned>(Magnitude(b));
  Unsigned quotient = static_cast<Unsigned>(Magnitude(a)) / divisor;
  Unsigned remainder = static_cast<Unsigned>(Magnitude(a)) % divisor;
  // Bits after the point until there are two more than a double holds; the last one then stands
  // for all that follow.
  int shift = 0;
  for (; quotient >> 55 == 0; ++shift) {
    remainder *= 2;
    quotient *= 2;
    if (remainder >= divisor) {
      remainder -= divisor;
      quotient += 1;
    }
  }
  quotient |= remainder != 0;
  const double magnitude = std::ldexp(static_cast<double>(quotient), -shift);
  return (a < 0) == (b < 0) ? magnitude : -magnitude;
}

Status DivisionByZero() { return InvalidArgument("division by zero"); }

std::string IntegerText(Int128 integer) {
  std::string digits;
  for (Int128 left = Magnitude(integer); left > 0; left /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(left % 10)));
  }
  if (digits.empty()) digits.push_back('0');
  if (integer < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// A double without a fraction as an integer where that is exact.
Number Whole(double value) {
  if (std::abs(value) < kTwo126) return Number(static_cast<Int128>(value));
  return Number(value);
}

// Quotient and remainder as Python's divmod: the remainder has the sign of b.
struct DoubleDivision {
  double quotient, remainder;
};
DoubleDivision DivideDown(double a, double b) {
  double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (remainder < 0) != (b < 0)) {
    remainder += b;
    quotient -= 1;
  }
  return {std::round(quotient), remainder};
}

}  // namespace

// The most negative Int128 has no counterpart; as a double it is exact, and every other integer
// can be negated.
Number::Number(Int128 integer) {
  if (integer >= -kMaxInteger) {
    held_ = integer;
  } else {
    held_ = static_cast<double>(integer);
  }
}

double Number::AsDouble() const {
  return is_integer() ? static_cast<double>(integer()) : std::get<double>(held_);
}

std::string Number::Text() const {
  if (is_integer()) return IntegerText(integer());
  const double real = std::get<double>(held_);
  if (std::abs(real) < kTwo53 && real == std::trunc(real)) {
    return IntegerText(static_cast<Int128>(real));
  }
  std::string text = json::PythonFloat(real);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

Result<Number> Finite(double value) {
  if (std::isnan(value)) return InvalidArgument("the result is not a number");
  if (std::isinf(value)) return InvalidArgument("the result is too large");
  return Number(value);
}

Result<Number> Add(const Number& a, const Number& b) {
  Int128 sum;
  if (BothIntegers(a, b) && !__builtin_add_overflow(a.integer(), b.integer(), &sum)) {
    return Number(sum);
  }
  return Finite(a.AsDouble() + b.AsDouble());
}

Result<Number> Subtract(const Number& a, const Number& b) { return Add(a, Negate(b)); }

Result<Number> Multiply(const Number& a, const Number& b) {
  Int128 product;
  if (BothIntegers(a, b) && !__builtin_mul_overflow(a.integer(), b.integer(), &product)) {
    return Number(product);
  }
  return Finite(a.AsDouble() * b.AsDouble());
}

Result<Number> Divide(const Number& a, const Number& b) {
  if (IsZero(b)) return DivisionByZero();
  if (!BothIntegers(a, b)) return Finite(a.AsDouble() / b.AsDouble());
  if (a.integer() % b.integer() == 0) return Number(a.integer() / b.integer());
  return Number(NearestQuotient(a.integer(), b.integer()));
}

Result<Number> FloorDivide(const Number& a, const Number& b) {
  if (IsZero(b)) return DivisionByZero();
  if (!BothIntegers(a, b)) {
    const Result<Number> quotient = Finite(DivideDown(a.AsDouble(), b.AsDouble()).quotient);
    return quotient.ok() ? Whole(quotient->AsDouble()) : quotient;
  }
  const Int128 quotient = a.integer() / b.integer(), remainder = a.integer() % b.integer();
  const bool down = remainder != 0 && (remainder < 0) != (b.integer() < 0);
  return Number(quotient - (down ? 1 : 0));
}

Result<Number> Modulo(const Number& a, const Number& b) {
  if (IsZero(b)) return DivisionByZero();
  if (!BothIntegers(a, b)) return Finite(DivideDown(a.AsDouble(), b.AsDouble()).remainder);
  const Int128 remainder = a.integer() % b.integer();
  const bool other_sign = remainder != 0 && (remainder < 0) != (b.integer() < 0);
  return Number(remainder + (other_sign ? b.integer() : 0));
}

Result<Number> Power(const Number& a, const Number& b) {
  const double base = a.AsDouble(), exponent = b.AsDouble();
  if (base == 0 && exponent < 0) return DivisionByZero();
  if (base < 0 && exponent != std::trunc(exponent)) {
    return InvalidArgument("a negative number has no real power with a fraction as exponent");
  }
  if (!BothIntegers(a, b) || b.integer() < 0) return Finite(std::pow(base, exponent));
  // By squaring, as long as it stays exact.
  Int128 result = 1, square = a.integer();
  for (Int128 left = b.integer(); left > 0;) {
    if (left % 2 == 1 && __builtin_mul_overflow(result, square, &result)) {
      return Finite(std::pow(base, exponent));
    }
    left /= 2;
    if (left > 0 && __builtin_mul_overflow(square, square, &square)) {
      return Finite(std::pow(base, exponent));
    }
  }
  return Number(result);
}

Number Negate(const Number& a) {
  return a.is_integer() ? Number(-a.integer()) : Number(-a.AsDouble());
}

bool Less(const Number& a, const Number& b) {
  return BothIntegers(a, b) ? a.integer() < b.integer() : a.AsDouble() < b.AsDouble();
}

Number Round(const Number& a, int digits) {
  if (a.is_integer()) return a;
  // Printing rounds the exact value of the double to the nearest decimal, which multiplying by a
  // power of ten would not: 2.675 is below the half and becomes 2.67.
  const std::string text = fmt::format("{:.{}f}", a.AsDouble(), digits);
  double rounded = 0;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return digits == 0 ? Whole(rounded) : Number(rounded);
}

Number Floor(const Number& a) { return a.is_integer() ? a : Whole(std::floor(a.AsDouble())); }
Number Ceil(const Number& a) { return a.is_integer() ? a : Whole(std::ceil(a.AsDouble())); }

}  // namespace fathom
