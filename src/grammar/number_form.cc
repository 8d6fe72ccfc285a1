#include "grammar/number_form.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "grammar/code_dfa.h"
#include "grammar/pattern.h"
#include "grammar/string_form.h"

namespace fathom::grammar {
namespace {

constexpr int64_t kMaxDigits = 400;
constexpr int64_t kWholeDigits = 18;   // as many as fit 64 bits whatever they are
constexpr int64_t kDoubleDigits = 15;  // as many as a double keeps apart
constexpr size_t kMaxNumberStates = 20'000;

// How the digits so far compare with those of a bound in the same places.
enum Order : int8_t { kLess, kEqual, kGreater };

// Non-negative numbers between two bounds, digit by digit.
struct Reading {
  enum Phase : int8_t { kStart, kZero, kWhole, kPoint, kFraction } phase = kStart;
  int16_t whole = 0, fraction = 0;  // digits read
  Order low = kEqual, high = kEqual;
  int16_t rest = 0;  // of the value by multiple_of
  auto operator<=>(const Reading&) const = default;
};

struct Bound {
  std::optional<Decimal> value;
  bool open = false;
};

class MagnitudeReader {
 public:
  MagnitudeReader(Bound low, Bound high, const NumberRange& range)
      : low_(std::move(low)),
        high_(std::move(high)),
        whole_only_(range.whole),
        modulus_(range.multiple_of) {
    int64_t digits = whole_only_ ? kWholeDigits : kDoubleDigits;
    for (const Bound* bound : {&low_, &high_}) {
      const int64_t size = bound->value ? static_cast<int64_t>(bound->value->whole.size()) : 0;
      digits = std::max(digits, size + (bound == &low_ ? 1 : 0));
    }
    if (high_.value) {
      digits =
          std::min(digits, std::max<int64_t>(1, static_cast<int64_t>(high_.value->whole.size())));
    }
    // Readers that divide doubles would find a remainder where there is none.
    max_whole_ = modulus_ > 1 ? std::min(digits, kDoubleDigits) : digits;
  }

  // The automaton of all magnitudes in the range, or one that accepts nothing.
  Result<ByteDfa> Build(Budget& budget) {
    ByteDfa dfa;
    std::map<Reading, int32_t> ids = {{Reading{}, 0}};
    std::vector<Reading> readings = {Reading{}};
    for (size_t i = 0; i < readings.size(); ++i) {
      FATHOM_RETURN_IF_ERROR(budget.Spend(1));
      if (i > kMaxNumberStates) {
        return ResourceExhausted("numbers in this range need more than {} states",
                                 kMaxNumberStates);
      }
      ByteDfa::State state;
      state.accepting = IsIn(readings[i]);
      for (const char c : std::string_view(".0123456789")) {
        const std::optional<Reading> next = Read(readings[i], c);
        if (!next) continue;
        const auto [found, added] = ids.try_emplace(*next, static_cast<int32_t>(readings.size()));
        if (added) readings.push_back(*next);
        const auto byte = static_cast<uint8_t>(c);
        if (!state.edges.empty() && state.edges.back().target == found->second &&
            state.edges.back().high + 1 == byte) {
          state.edges.back().high = byte;
        } else {
          state.edges.push_back({byte, byte, found->second});
        }
      }
      dfa.states.push_back(std::move(state));
    }
    return WithoutDeadEnds(std::move(dfa));
  }

 private:
  static size_t At(int16_t place) { return static_cast<size_t>(place); }

  std::optional<Reading> Read(Reading r, char c) const {
    if (c == '.') {
      if (whole_only_ || (r.phase != Reading::kZero && r.phase != Reading::kWhole)) return {};
      if (r.whole >= kDoubleDigits) return {};
      r.low = OrderOfWhole(r.low, r.whole, r.phase, low_);
      r.high = OrderOfWhole(r.high, r.whole, r.phase, high_);
      r.phase = Reading::kPoint;
      return Simple(r);
    }
    const int digit = c - '0';
    switch (r.phase) {
      case Reading::kZero:
        return {};
      case Reading::kStart:
      case Reading::kWhole:
        if (r.whole >= max_whole_) return {};
        if (low_.value) r.low = Next(r.low, digit, DigitAt(low_.value->whole, At(r.whole)));
        if (high_.value) r.high = Next(r.high, digit, DigitAt(high_.value->whole, At(r.whole)));
        r.rest = static_cast<int16_t>((r.rest * 10 + digit) % modulus_);
        r.phase = r.phase == Reading::kStart && digit == 0 ? Reading::kZero : Reading::kWhole;
        ++r.whole;
        return r;
      case Reading::kPoint:
      case Reading::kFraction:
        if (r.whole + r.fraction >= kDoubleDigits) return {};
        if (low_.value) r.low = Next(r.low, digit, DigitAt(low_.value->fraction, At(r.fraction)));
        if (high_.value)
          r.high = Next(r.high, digit, DigitAt(high_.value->fraction, At(r.fraction)));
        r.phase = Reading::kFraction;
        ++r.fraction;
        return Simple(r);
    }
    return {};
  }

  // Readings that differ only in what can't matter any more are one.
  Reading Simple(Reading r) const {
    if ((r.low != kEqual || !low_.value) && (r.high != kEqual || !high_.value)) {
      r.whole = static_cast<int16_t>(r.whole + r.fraction);
      r.fraction = 0;
    }
    return r;
  }

  static int DigitAt(const std::string& digits, size_t place) {
    return place < digits.size() ? digits[place] - '0' : 0;
  }
  static Order Next(Order order, int digit, int other) {
    if (order != kEqual || digit == other) return order;
    return digit < other ? kLess : kGreater;
  }

  // After the last digit before the point: more digits are a larger number.
  static Order OrderOfWhole(Order order, int16_t whole, Reading::Phase phase, const Bound& bound) {
    if (!bound.value) return order;
    const size_t digits = phase == Reading::kZero ? 0 : At(whole);
    const size_t size = bound.value->whole.size();
    if (digits != size) return digits < size ? kLess : kGreater;
    return digits == 0 ? kEqual : order;
  }

  bool IsIn(const Reading& r) const {
    if (r.phase == Reading::kStart || r.phase == Reading::kPoint || r.rest != 0) return false;
    const auto order = [&](Order so_far, const Bound& bound) {
      if (r.phase != Reading::kFraction) so_far = OrderOfWhole(so_far, r.whole, r.phase, bound);
      if (so_far != kEqual) return so_far;
      const size_t read = r.phase == Reading::kFraction ? At(r.fraction) : 0;
      return read < bound.value->fraction.size() ? kLess : kEqual;
    };
    if (low_.value) {
      const Order low = order(r.low, low_);
      if (low == kLess || (low == kEqual && low_.open)) return false;
    }
    if (high_.value) {
      const Order high = order(r.high, high_);
      if (high == kGreater || (high == kEqual && high_.open)) return false;
    }
    return true;
  }

  static ByteDfa WithoutDeadEnds(ByteDfa dfa) {
    std::vector<uint8_t> can(dfa.states.size(), 0);
    for (bool changed = true; changed;) {
      changed = false;
      // A reading comes before those it leads to, so that this ends after two rounds.
      for (size_t i = can.size(); i-- > 0;) {
        const auto& state = dfa.states[i];
        const bool now = state.accepting || std::ranges::any_of(state.edges, [&](const auto& edge) {
                           return can[static_cast<size_t>(edge.target)] != 0;
                         });
        if (now && can[i] == 0) can[i] = changed = true;
      }
    }
    std::vector<int32_t> id(can.size(), -1);
    ByteDfa kept;
    int32_t count = 0;
    for (size_t i = 0; i < can.size(); ++i) {
      if (can[i] != 0 && can[0] != 0) id[i] = count++;
    }
    for (size_t i = 0; i < can.size(); ++i) {
      if (id[i] < 0) continue;
      ByteDfa::State state = {{}, dfa.states[i].accepting};
      for (ByteDfa::Edge edge : dfa.states[i].edges) {
        edge.target = id[static_cast<size_t>(edge.target)];
        if (edge.target >= 0) state.edges.push_back(edge);
      }
      kept.states.push_back(std::move(state));
    }
    return kept;
  }

  const Bound low_, high_;
  const bool whole_only_;
  const int64_t modulus_;
  int64_t max_whole_ = 0;
};

Decimal Magnitude(Decimal value) {
  value.negative = false;
  return value;
}

// |x| of the x in the range that are below zero, or of those that are not; nothing when there are
// none of that sign.
std::optional<std::pair<Bound, Bound>> MagnitudesOf(const NumberRange& range, bool negative) {
  Bound low = {range.low, range.low_open}, high = {range.high, range.high_open};
  if (negative) {
    if (low.value && !low.value->negative) return {};
    Bound from = {Decimal{}, true}, to;  // zero has no sign
    if (high.value && high.value->negative) from = {Magnitude(*high.value), high.open};
    if (low.value) to = {Magnitude(*low.value), low.open};
    return {{from, to}};
  }
  if (high.value && high.value->negative) return {};
  if (low.value && low.value->negative) low = {};
  return {{low, high}};
}

Result<ExprId> WriteUnbounded(Grammar& grammar, bool whole, Budget& budget) {
  FATHOM_ASSIGN_OR_RETURN(
      const CodeDfa dfa,
      PatternDfa(whole ? "^(?:0|-?[1-9]\\d{0,17})$"
                       : "^-?(?:0|[1-9]\\d{0,17})(?:\\.\\d{1,17})?(?:[Ee][+-]?\\d{1,2})?$",
                 budget));
  FATHOM_ASSIGN_OR_RETURN(ByteDfa bytes, WriteTexts(dfa, StringForm::kRaw, budget));
  return grammar.Dfa(std::move(bytes));
}

}  // namespace

Result<Decimal> ReadDecimal(std::string_view number) {
  Decimal value;
  std::string_view left = number;
  if (left.starts_with('-')) {
    value.negative = true;
    left.remove_prefix(1);
  }
  std::string digits;
  int64_t point = -1, exponent = 0;
  for (; !left.empty(); left.remove_prefix(1)) {
    if (left[0] == '.') {
      point = static_cast<int64_t>(digits.size());
    } else if (left[0] >= '0' && left[0] <= '9') {
      digits += left[0];
    } else {
      break;
    }
  }
  if (digits.empty()) return InvalidArgument("{} is no number", number.substr(0, 40));
  if (!left.empty()) {
    left.remove_prefix(1);
    if (left.starts_with('+')) left.remove_prefix(1);
    const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), exponent);
    if (error == std::errc::result_out_of_range || exponent > 1'000'000 || exponent < -1'000'000) {
      return Unsupported("the number {} is too large or too small", number.substr(0, 40));
    }
  }
  if (point < 0) point = static_cast<int64_t>(digits.size());
  const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.empty()) return Decimal{};
  point += exponent - static_cast<int64_t>(zeros);
  const auto size = static_cast<int64_t>(digits.size());
  if (point > kMaxDigits || size - point > kMaxDigits) {
    return Unsupported("the number {} is too large or too small", number.substr(0, 40));
  }
  if (point <= 0) {
    value.fraction = std::string(static_cast<size_t>(-point), '0') + digits;
  } else if (point >= size) {
    value.whole = digits + std::string(static_cast<size_t>(point - size), '0');
  } else {
    value.whole = digits.substr(0, static_cast<size_t>(point));
    value.fraction = digits.substr(static_cast<size_t>(point));
  }
  return value;
}

int Compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int order = 0;
  if (a.whole.size() != b.whole.size()) {
    order = a.whole.size() < b.whole.size() ? -1 : 1;
  } else if (const int whole = a.whole.compare(b.whole); whole != 0) {
    order = whole < 0 ? -1 : 1;
  } else if (const int fraction = a.fraction.compare(b.fraction); fraction != 0) {
    order = fraction < 0 ? -1 : 1;
  }
  return a.negative ? -order : order;
}

bool NumberRange::Contains(const Decimal& value) const {
  if (whole && !value.IsWhole()) return false;
  if (low) {
    const int order = Compare(value, *low);
    if (order < 0 || (order == 0 && low_open)) return false;
  }
  if (high) {
    const int order = Compare(value, *high);
    if (order > 0 || (order == 0 && high_open)) return false;
  }
  int64_t rest = 0;
  for (const char digit : value.whole) rest = (rest * 10 + (digit - '0')) % multiple_of;
  return rest == 0 && (multiple_of == 1 || value.IsWhole());
}

Result<ExprId> WriteNumbers(Grammar& grammar, const NumberRange& range, Budget& budget) {
  if (!range.IsBounded() && range.multiple_of == 1) {
    return WriteUnbounded(grammar, range.whole, budget);
  }
  std::vector<ExprId> signs;
  for (const bool negative : {false, true}) {
    const auto bounds = MagnitudesOf(range, negative);
    if (!bounds) continue;
    FATHOM_ASSIGN_OR_RETURN(ByteDfa dfa,
                            MagnitudeReader(bounds->first, bounds->second, range).Build(budget));
    if (dfa.states.empty()) continue;
    const ExprId digits = grammar.Dfa(std::move(dfa));
    signs.push_back(negative ? grammar.Sequence({grammar.Text("-"), digits}) : digits);
  }
  return grammar.Choice(std::move(signs));
}

}  // namespace fathom::grammar
