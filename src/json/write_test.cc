#include "json/write.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "json/parse.h"
#include "support/table_file.h"

namespace fathom::json {
namespace {

const std::string kCases = FATHOM_GOLDEN_DIR "/python/";

double FromBits(const std::string& hex) {
  uint64_t bits = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), bits, 16);
  EXPECT_TRUE(error == std::errc() && end == hex.data() + 16) << hex;
  return std::bit_cast<double>(bits);
}

TEST(PythonFloat, IsPythonsRepr) {
  for (const auto& row : test::ReadTable(kCases + "floats.tsv", 2)) {
    const double number = FromBits(row[0]);
    EXPECT_EQ(PythonFloat(number), row[1]) << row[0];
    EXPECT_EQ(Value(number).number().text, row[1]) << row[0];
    EXPECT_EQ(std::bit_cast<uint64_t>(NumberToDouble(row[1])), std::bit_cast<uint64_t>(number))
        << row[1];
  }
}

TEST(PythonFloat, HasNamesForWhatIsNotFinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(PythonFloat(kInfinity), "Infinity");
  EXPECT_EQ(PythonFloat(-kInfinity), "-Infinity");
  EXPECT_EQ(PythonFloat(std::nan("")), "NaN");
  EXPECT_EQ(PythonFloat(-std::nan("")), "NaN");
}

// The table holds Python's answers for 2,500 numbers; here many more must at least read back.
TEST(PythonFloat, EveryNumberReadsBack) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 200000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const std::string text = PythonFloat(number);
    ASSERT_EQ(NumberToDouble(text), number) << text;
    ASSERT_LE(text.size(), 24u) << text;
  }
}

TEST(PythonNumber, IsWhatPythonPrintsAfterReading) {
  for (const auto& row : test::ReadTable(kCases + "numbers.tsv", 2)) {
    EXPECT_EQ(PythonNumber(row[0]), row[1]) << row[0];
  }
}

TEST(NumberToDouble, OverflowAndUnderflowKeepTheSign) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(NumberToDouble("1e309"), kInfinity);
  EXPECT_EQ(NumberToDouble("-1e309"), -kInfinity);
  EXPECT_EQ(NumberToDouble("1e-400"), 0.0);
  EXPECT_TRUE(std::signbit(NumberToDouble("-1e-400")));
  EXPECT_EQ(NumberToDouble("Infinity"), kInfinity);
  EXPECT_EQ(NumberToDouble("-Infinity"), -kInfinity);
  EXPECT_TRUE(std::isnan(NumberToDouble("NaN")));
  // Digits and exponent pull in opposite directions: the sum decides.
  const std::string zeros(500, '0');
  EXPECT_EQ(NumberToDouble("0." + zeros + "1e501"), 1.0);
  EXPECT_EQ(NumberToDouble("1" + zeros + "e-500"), 1.0);
  EXPECT_EQ(NumberToDouble("0." + zeros + "1e100"), 0.0);
  EXPECT_EQ(NumberToDouble("1" + zeros + "e-100"), kInfinity);
}

TEST(IsIntegerText, LooksForPointAndExponent) {
  for (const char* text : {"0", "-0", "17", "123456789012345678901234567890"}) {
    EXPECT_TRUE(IsIntegerText(text)) << text;
  }
  for (const char* text : {"1.0", "1e2", "1E2", "NaN", "Infinity", "-Infinity"}) {
    EXPECT_FALSE(IsIntegerText(text)) << text;
  }
}

std::string Quoted(std::string_view text) {
  std::string out;
  DumpString(text, &out);
  return out;
}

TEST(DumpString, EscapesWhatPythonEscapes) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(Quoted("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(Quoted(std::string_view("\0\x01\x0B\x1F", 4)), R"("\u0000\u0001\u000b\u001f")");
  EXPECT_EQ(Quoted("\x7F"), "\"\x7F\"");
  EXPECT_EQ(Quoted("\xE2\x80\xA8 \xC3\xA9 \xF0\x9F\x98\x80"),
            "\"\xE2\x80\xA8 \xC3\xA9 \xF0\x9F\x98\x80\"");
}

TEST(DumpString, EveryByteReadsBack) {
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string text = {'a', static_cast<char>(byte), 'b'};
    const Result<Value> back = Parse(Quoted(text));
    ASSERT_TRUE(back.ok()) << byte;
    EXPECT_EQ(back->string(), text);
  }
}

Value Sample() {
  return Object{{"name", "x"},
                {"list", Array{1, -2, 2.0, true, nullptr, Array{}, Object{}}},
                {"", Object{{"k", "\n"}}},
                {"big", Number{"1E400"}}};
}

TEST(Dump, HasTwoStyles) {
  EXPECT_EQ(Dump(Sample(), Style::kCompact),
            R"({"name":"x","list":[1,-2,2.0,true,null,[],{}],"":{"k":"\n"},"big":1E400})");
  EXPECT_EQ(
      Dump(Sample(), Style::kPython),
      R"({"name": "x", "list": [1, -2, 2.0, true, null, [], {}], "": {"k": "\n"}, "big": Infinity})");
}

TEST(Dump, AppendsToWhatIsThere) {
  std::string out = "data: ";
  DumpTo(Sample(), Style::kCompact, &out);
  EXPECT_EQ(out, "data: " + Dump(Sample(), Style::kCompact));
}

TEST(Dump, WritesIntegersOfBothSignsInFull) {
  EXPECT_EQ(Dump(Value(std::numeric_limits<int64_t>::min()), Style::kCompact),
            "-9223372036854775808");
  EXPECT_EQ(Dump(Value(std::numeric_limits<uint64_t>::max()), Style::kPython),
            "18446744073709551615");
}

}  // namespace
}  // namespace fathom::json
