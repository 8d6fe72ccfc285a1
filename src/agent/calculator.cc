#include "agent/calculator.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include "agent/number.h"
#include "base/utf8.h"

namespace fathom {
namespace {

using Arguments = std::span<const Number>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

template <double (*function)(double)>
Result<Number> OfDouble(Arguments x) {
  return Finite(function(x[0].AsDouble()));
}

// Like OfDouble, for functions that need an argument in [low, high].
template <double (*function)(double), int low, int high>
Result<Number> OfUnitRange(Arguments x) {
  const double value = x[0].AsDouble();
  if (value < low || value > high) {
    return InvalidArgument("{} is outside [{}, {}]", x[0].Text(), low, high);
  }
  return Finite(function(value));
}

Result<Number> Sqrt(Arguments x) {
  if (x[0].AsDouble() < 0) return InvalidArgument("{} is negative", x[0].Text());
  const double root = std::sqrt(x[0].AsDouble());
  if (x[0].is_integer() && root < 0x1p53 && root == std::trunc(root)) {
    const auto whole = static_cast<Int128>(root);
    if (whole * whole == x[0].integer()) return Number(whole);
  }
  return Number(root);
}

Result<Number> Logarithm(const Number& x, double (*function)(double)) {
  if (x.AsDouble() <= 0) return InvalidArgument("{} is not positive", x.Text());
  return Finite(function(x.AsDouble()));
}
Result<Number> Ln(Arguments x) { return Logarithm(x[0], std::log); }
Result<Number> Log2(Arguments x) { return Logarithm(x[0], std::log2); }
Result<Number> Log10(Arguments x) { return Logarithm(x[0], std::log10); }
Result<Number> Log(Arguments x) {
  if (x.size() == 1) return Ln(x);
  const double base = x[1].AsDouble();
  if (base == 2) return Log2(x.first(1));
  if (base == 10) return Log10(x.first(1));
  FATHOM_ASSIGN_OR_RETURN(const Number numerator, Logarithm(x[0], std::log));
  FATHOM_ASSIGN_OR_RETURN(const Number denominator, Logarithm(x[1], std::log));
  return Divide(numerator, denominator);
}

Result<Number> Abs(Arguments x) { return Less(x[0], Number(Int128{0})) ? Negate(x[0]) : x[0]; }
Result<Number> FloorOf(Arguments x) { return Floor(x[0]); }
Result<Number> CeilOf(Arguments x) { return Ceil(x[0]); }
Result<Number> PowerOf(Arguments x) { return Power(x[0], x[1]); }
Result<Number> Max(Arguments x) { return *std::max_element(x.begin(), x.end(), Less); }
Result<Number> Min(Arguments x) { return *std::min_element(x.begin(), x.end(), Less); }
Result<Number> RoundOf(Arguments x) {
  if (x.size() == 1) return Round(x[0], 0);
  const bool fits = x[1].is_integer() && x[1].integer() >= 0 && x[1].integer() <= kMaxRoundDigits;
  if (!fits) return InvalidArgument("digits must be an integer from 0 to {}", kMaxRoundDigits);
  return Round(x[0], static_cast<int>(x[1].integer()));
}

struct Function {
  std::string_view name;
  size_t least, most;  // arguments
  Result<Number> (*run)(Arguments);
};
constexpr size_t kMany = 100;
constexpr std::array<Function, 19> kFunctions = {{
    {"abs", 1, 1, Abs},
    {"acos", 1, 1, OfUnitRange<std::acos, -1, 1>},
    {"asin", 1, 1, OfUnitRange<std::asin, -1, 1>},
    {"atan", 1, 1, OfDouble<std::atan>},
    {"ceil", 1, 1, CeilOf},
    {"cos", 1, 1, OfDouble<std::cos>},
    {"exp", 1, 1, OfDouble<std::exp>},
    {"floor", 1, 1, FloorOf},
    {"ln", 1, 1, Ln},
    {"log", 1, 2, Log},
    {"log10", 1, 1, Log10},
    {"log2", 1, 1, Log2},
    {"max", 1, kMany, Max},
    {"min", 1, kMany, Min},
    {"pow", 2, 2, PowerOf},
    {"round", 1, 2, RoundOf},
    {"sin", 1, 1, OfDouble<std::sin>},
    {"sqrt", 1, 1, Sqrt},
    {"tan", 1, 1, OfDouble<std::tan>},
}};

struct Constant {
  std::string_view name;
  double value;
};
constexpr std::array<Constant, 2> kConstants = {{{"e", std::numbers::e}, {"pi", std::numbers::pi}}};

std::string KnownNames() {
  std::string names;
  for (const Constant& constant : kConstants) names.append(constant.name).append(", ");
  for (const Function& function : kFunctions) names.append(function.name).append(", ");
  names.resize(names.size() - 2);
  return names;
}

// Recursive descent; every function leaves at_ behind what it took.
class Evaluator {
 public:
  explicit Evaluator(std::string_view text) : text_(text) {}

  Result<Number> Run() {
    FATHOM_ASSIGN_OR_RETURN(const Number value, Sum());
    SkipSpace();
    if (at_ < text_.size()) return Expected("an operator");
    return value;
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  // Takes one of `words`, the longer ones first; returns which, or words.size().
  template <size_t n>
  size_t Take(const std::array<std::string_view, n>& words) {
    SkipSpace();
    for (size_t i = 0; i < n; ++i) {
      if (text_.substr(at_).starts_with(words[i])) {
        at_ += words[i].size();
        return i;
      }
    }
    return n;
  }
  bool Take(std::string_view word) { return Take(std::array{word}) == 0; }

  std::string Place(size_t at) const {
    return fmt::format("character {}", CountUtf8(text_.substr(0, at)) + 1);
  }
  Status Expected(std::string_view what) {
    SkipSpace();
    std::string found = "the end";
    if (at_ < text_.size()) {
      const Utf8Char c = DecodeUtf8(text_.substr(at_));
      const bool readable = c.valid && c.code_point > 0x20 && c.code_point != 0x7F;
      found = readable ? fmt::format("'{}'", text_.substr(at_, static_cast<size_t>(c.length)))
                       : fmt::format("byte 0x{:02x}", static_cast<uint8_t>(text_[at_]));
    }
    return InvalidArgument("{}: expected {}, found {}", Place(at_), what, found);
  }

  Result<Number> Sum() {
    FATHOM_ASSIGN_OR_RETURN(Number left, Product());
    while (true) {
      const size_t op = Take(std::array<std::string_view, 3>{"+", "-", "−"});
      if (op == 3) return left;
      FATHOM_ASSIGN_OR_RETURN(const Number right, Product());
      FATHOM_ASSIGN_OR_RETURN(left, op == 0 ? Add(left, right) : Subtract(left, right));
    }
  }

  Result<Number> Product() {
    FATHOM_ASSIGN_OR_RETURN(Number left, Unary());
    while (true) {
      using Operation = Result<Number> (*)(const Number&, const Number&);
      constexpr std::array<std::string_view, 7> kWords = {"//", "*", "/", "%", "×", "÷", "·"};
      constexpr std::array<Operation, 7> kOperations = {FloorDivide, Multiply, Divide,  Modulo,
                                                        Multiply,    Divide,   Multiply};
      const size_t op = Take(kWords);
      if (op == kWords.size()) return left;
      after_percent_ = kWords[op] == "%";
      FATHOM_ASSIGN_OR_RETURN(const Number right, Unary());
      FATHOM_ASSIGN_OR_RETURN(left, kOperations[op](left, right));
    }
  }

  Result<Number> Unary() {
    const Depth depth(&depth_);
    SkipSpace();
    if (depth_ > kMaxExpressionDepth) {
      return InvalidArgument("{}: nested deeper than {}", Place(at_), kMaxExpressionDepth);
    }
    const size_t sign = Take(std::array<std::string_view, 3>{"+", "-", "−"});
    if (sign == 3) return PowerExpression();
    FATHOM_ASSIGN_OR_RETURN(const Number value, Unary());
    return sign == 0 ? value : Negate(value);
  }

  Result<Number> PowerExpression() {
    FATHOM_ASSIGN_OR_RETURN(const Number base, Primary());
    if (Take(std::array<std::string_view, 2>{"**", "^"}) == 2) return base;
    FATHOM_ASSIGN_OR_RETURN(const Number exponent, Unary());
    return Power(base, exponent);
  }

  Result<Number> Primary() {
    const bool after_percent = std::exchange(after_percent_, false);
    if (Take("(")) {
      FATHOM_ASSIGN_OR_RETURN(const Number value, Sum());
      if (!Take(")")) return Expected("')'");
      return value;
    }
    if (Take("π")) return Number(std::numbers::pi);
    if (at_ < text_.size() && IsLetter(text_[at_])) return Name();
    const size_t digit = at_ + (text_.substr(at_).starts_with('.') ? 1 : 0);
    if (digit < text_.size() && IsDigit(text_[digit])) return Literal();
    return Expected(after_percent ? "a number after %, the remainder (for percent, divide by 100)"
                                  : "a number");
  }

  // digits [. digits] [e digits], where one side of the point may be empty, but not both.
  Result<Number> Literal() {
    const size_t start = at_;
    size_t i = at_;
    const auto digits = [&] {
      const size_t first = i;
      while (i < text_.size() && IsDigit(text_[i])) ++i;
      return i > first;
    };
    digits();
    bool whole = true;
    if (i < text_.size() && text_[i] == '.') {
      ++i;
      digits();
      whole = false;
    }
    if (i < text_.size() && (text_[i] | 0x20) == 'e') {
      const size_t mantissa_end = i++;
      if (i < text_.size() && (text_[i] == '+' || text_[i] == '-')) ++i;
      if (digits()) {
        whole = false;
      } else {
        i = mantissa_end;
      }
    }
    at_ = i;
    return ReadNumber(text_.substr(start, i - start), whole, start);
  }

  Result<Number> ReadNumber(std::string_view digits, bool whole, size_t start) const {
    Int128 integer = 0;
    for (const char c : digits) {
      whole = whole && !__builtin_mul_overflow(integer, 10, &integer) &&
              !__builtin_add_overflow(integer, c - '0', &integer);
    }
    if (whole) return Number(integer);
    double real = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), real);
    if (end.ec == std::errc::result_out_of_range) {
      return InvalidArgument("{}: {} is too large or too close to 0", Place(start), digits);
    }
    return Number(real);
  }

  Result<Number> Name() {
    const size_t start = at_;
    while (at_ < text_.size() && (IsLetter(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    for (const Constant& constant : kConstants) {
      if (constant.name == name) return Number(constant.value);
    }
    for (const Function& function : kFunctions) {
      if (function.name == name) return Call(function, start);
    }
    return InvalidArgument("{}: unknown name '{}'; known are {}", Place(start), name, KnownNames());
  }

  Result<Number> Call(const Function& function, size_t start) {
    if (!Take("(")) return Expected(fmt::format("'(' after {}", function.name));
    std::vector<Number> arguments;
    do {
      FATHOM_ASSIGN_OR_RETURN(arguments.emplace_back(Number(0.0)), Sum());
    } while (Take(","));
    if (!Take(")")) return Expected("',' or ')'");
    if (arguments.size() < function.least || arguments.size() > function.most) {
      const std::string wanted = function.least == function.most
                                     ? fmt::format("{}", function.least)
                                     : fmt::format("{} to {}", function.least, function.most);
      return InvalidArgument("{}: {} takes {} argument{}, found {}", Place(start), function.name,
                             wanted, wanted == "1" ? "" : "s", arguments.size());
    }
    Result<Number> result = function.run(arguments);
    if (!result.ok()) return result.status().At(fmt::format("{}()", function.name));
    return result;
  }

  // Counts while it lives.
  class Depth {
   public:
    explicit Depth(int* depth) : depth_(depth) { ++*depth_; }
    ~Depth() { --*depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    int* depth_;
  };

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  bool after_percent_ = false;
};

}  // namespace

Result<std::string> Calculate(std::string_view expression) {
  if (expression.size() > kMaxExpressionBytes) {
    return InvalidArgument("the expression has {} bytes, more than {}", expression.size(),
                           kMaxExpressionBytes);
  }
  FATHOM_ASSIGN_OR_RETURN(const Number value, Evaluator(expression).Run());
  return value.Text();
}

}  // namespace fathom
