// Numbers within bounds, as automata over the bytes of their JSON form.
//
// Written are whole numbers, and where allowed a fraction; an exponent only where there are no
// bounds. Zero has no sign. With a fraction, or as a multiple, a number has at most 15 digits in
// all: so many a double tells apart, which is what most readers compare with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "grammar/budget.h"
#include "grammar/expression.h"

namespace fathom::grammar {

// The exact value of a JSON number.
struct Decimal {
  bool negative = false;  // never for zero
  std::string whole;      // without leading zeros: "" below 1
  std::string fraction;   // without trailing zeros

  bool IsZero() const { return whole.empty() && fraction.empty(); }
  bool IsWhole() const { return fraction.empty(); }
};

// kUnsupported beyond 400 digits on one side of the point.
Result<Decimal> ReadDecimal(std::string_view number);
// Below, at or above zero as a < b, a = b, a > b.
int Compare(const Decimal& a, const Decimal& b);

struct NumberRange {
  std::optional<Decimal> low{}, high{};
  bool low_open = false, high_open = false;  // the bound itself is outside
  bool whole = false;                        // whole numbers alone
  int64_t multiple_of = 1;                   // with `whole` alone; up to 1,000

  bool IsBounded() const { return low.has_value() || high.has_value(); }
  bool Contains(const Decimal& value) const;
};

// kNever for an empty range.
Result<ExprId> WriteNumbers(Grammar& grammar, const NumberRange& range, Budget& budget);

}  // namespace fathom::grammar
