// Evaluates an arithmetic expression, and nothing else: no names but those below, no assignment, no
// side effects, bounded time.
//
//   sum      product (("+" | "-") product)*
//   product  unary (("*" | "/" | "//" | "%") unary)*
//   unary    ("+" | "-") unary | power
//   power    primary (("**" | "^") unary)?                      -2 ** 2 is -4, 2 ** 3 ** 2 is 512
//   primary  number | "(" sum ")" | name | name "(" sum ("," sum)* ")"
//
// × ÷ − · stand for * / - *, and π for pi. Names: pi, e, and the functions of kFunctions in
// calculator.cc; angles are radians. Numbers behave as agent/number.h says.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace fathom {

inline constexpr size_t kMaxExpressionBytes = 1000;
inline constexpr int kMaxExpressionDepth = 64;

// The result as text, or a message for the model: "character 5: expected a number, found ')'".
Result<std::string> Calculate(std::string_view expression);

}  // namespace fathom
