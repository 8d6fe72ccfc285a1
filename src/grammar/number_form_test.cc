#include "grammar/number_form.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "support/slow_grammar.h"

namespace fathom::grammar {
namespace {

Decimal Read(const std::string& text) {
  const Result<Decimal> number = ReadDecimal(text);
  FATHOM_CHECK(number.ok(), "{}", number.status().message());
  return *number;
}

TEST(NumberForm, NumbersAreReadExactly) {
  // Each is above the one before it.
  const std::vector<std::string> ascending = {"-1e300",
                                              "-12345678901234567890.5",
                                              "-12345678901234567890",
                                              "-2",
                                              "-1.5",
                                              "-1.05",
                                              "-1e-300",
                                              "0",
                                              "1e-399",
                                              "0.1",
                                              "0.11",
                                              "0.2",
                                              "1",
                                              "9.99",
                                              "10",
                                              "1e2",
                                              "123456789012345678901234567890"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      const int order = Compare(Read(ascending[i]), Read(ascending[j]));
      EXPECT_EQ(order, i < j ? -1 : i > j ? 1 : 0) << ascending[i] << " " << ascending[j];
    }
  }
  for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{{"1", "1.0"},
                                                                             {"100", "1e2"},
                                                                             {"100", "1E+2"},
                                                                             {"0.5", "50e-2"},
                                                                             {"-0", "0"},
                                                                             {"0e5", "0.000"},
                                                                             {"1200e-2", "12"}}) {
    EXPECT_EQ(Compare(Read(a), Read(b)), 0) << a << " " << b;
  }
  EXPECT_EQ(ReadDecimal("1e401").status().code(), Code::kUnsupported);
  EXPECT_EQ(ReadDecimal("1e-99999999999999999999").status().code(), Code::kUnsupported);
  EXPECT_EQ(ReadDecimal("NaN").status().code(), Code::kInvalidArgument);
}

// Numbers as a JSON text has them, near the bounds and elsewhere.
std::vector<std::string> SomeNumbers() {
  std::vector<std::string> texts = {"-0", "-0.0", "00", "01", "1.", ".5", "1e1", "--1", "-", ""};
  for (int whole = 0; whole <= 130; ++whole) {
    for (const char* fraction : {"", ".0", ".5", ".25", ".250", ".2501", ".249", ".75", ".99"}) {
      texts.push_back(std::to_string(whole) + fraction);
      if (whole > 0 || std::string(fraction).find_first_of("123456789") != std::string::npos) {
        texts.push_back("-" + texts.back());
      }
    }
  }
  return texts;
}

bool IsWrittenSo(const std::string& text, bool whole) {
  const size_t start = text.starts_with('-') ? 1 : 0;
  const size_t point = std::min(text.find('.'), text.size());
  if (text.find('e') != std::string::npos || point == start || text.empty()) return false;
  if (text.find('-', start) != std::string::npos) return false;
  if (point > start + 1 && text[start] == '0') return false;
  if (point + 1 == text.size() || (whole && point < text.size())) return false;
  return start == 0 || text.find_first_of("123456789") != std::string::npos;
}

TEST(NumberForm, RangesHoldWhatLiesInThem) {
  const std::vector<std::string> texts = SomeNumbers();
  const std::vector<std::string> bounds = {"-120", "-99.75", "-10", "-9.25", "-1", "-0.25",
                                           "0",    "0.25",   "0.5", "1",     "9",  "9.99",
                                           "10",   "99.25",  "100", "121"};
  for (uint64_t round = 0; round < 150; ++round) {
    auto draw = [&, place = uint64_t{0}](size_t count) mutable {
      return static_cast<size_t>(RandomUniform(1, round, place++) * static_cast<double>(count));
    };
    NumberRange range;
    if (draw(5) > 0) range.low = Read(bounds[draw(bounds.size())]);
    if (draw(5) > 0 || !range.low) range.high = Read(bounds[draw(bounds.size())]);
    range.low_open = draw(2) == 0;
    range.high_open = draw(2) == 0;
    range.whole = draw(2) == 0;
    if (range.whole && draw(2) == 0) range.multiple_of = static_cast<int64_t>(1 + draw(12));
    Grammar grammar;
    Budget budget(GrammarLimits{.seconds = 60});
    const Result<ExprId> form = WriteNumbers(grammar, range, budget);
    ASSERT_TRUE(form.ok()) << form.status().message();
    grammar.SetStart(*form);
    for (const std::string& text : texts) {
      const bool expected = IsWrittenSo(text, range.whole) && range.Contains(Read(text));
      ASSERT_EQ(test::SlowMatches(grammar, text), expected) << "round " << round << ": " << text;
    }
  }
}

TEST(NumberForm, DigitsEnd) {
  Grammar grammar;
  Budget budget(GrammarLimits{.seconds = 60});
  NumberRange range;
  range.low = Read("0");
  Result<ExprId> form = WriteNumbers(grammar, range, budget);
  ASSERT_TRUE(form.ok());
  grammar.SetStart(*form);
  EXPECT_TRUE(test::SlowMatches(grammar, "123456789012345"));
  EXPECT_FALSE(test::SlowMatches(grammar, "1234567890123456"));
  EXPECT_TRUE(test::SlowMatches(grammar, "1234567.12345678"));
  EXPECT_FALSE(test::SlowMatches(grammar, "1234567.123456789"));
  // A bound of many digits allows as many, and one more.
  range.low = Read("1e30");
  form = WriteNumbers(grammar, range, budget);
  ASSERT_TRUE(form.ok());
  grammar.SetStart(*form);
  EXPECT_TRUE(test::SlowMatches(grammar, "1000000000000000000000000000000"));
  EXPECT_TRUE(test::SlowMatches(grammar, "10000000000000000000000000000000"));
  EXPECT_FALSE(test::SlowMatches(grammar, "999999999999999999999999999999"));
}

}  // namespace
}  // namespace fathom::grammar
