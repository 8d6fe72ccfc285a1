#include "json/python_repr.h"

#include <gtest/gtest.h>

#include <utility>

#include "json/parse.h"

namespace fathom::json {
namespace {

std::string ReprOf(std::string_view json) {
  const Result<Value> value = Parse(json, {.python_constants = true});
  EXPECT_TRUE(value.ok()) << json << ": " << value.status().message();
  return value.ok() ? PythonRepr(*value) : "";
}

TEST(PythonRepr, Constants) {
  EXPECT_EQ(ReprOf("null"), "None");
  EXPECT_EQ(ReprOf("true"), "True");
  EXPECT_EQ(ReprOf("false"), "False");
}

TEST(PythonRepr, Numbers) {
  EXPECT_EQ(ReprOf("12345678901234567890123"), "12345678901234567890123");
  EXPECT_EQ(ReprOf("-0"), "0");
  EXPECT_EQ(ReprOf("-0.0"), "-0.0");
  EXPECT_EQ(ReprOf("1E5"), "100000.0");
  EXPECT_EQ(ReprOf("1e16"), "1e+16");
  EXPECT_EQ(ReprOf("1e400"), "inf");
  EXPECT_EQ(ReprOf("-1e400"), "-inf");
  EXPECT_EQ(ReprOf("[NaN, Infinity, -Infinity]"), "[nan, inf, -inf]");
}

TEST(PythonRepr, ContainersKeepTheirOrder) {
  EXPECT_EQ(ReprOf(R"({"role": "developer", "content": ""})"),
            "{'role': 'developer', 'content': ''}");
  EXPECT_EQ(ReprOf(R"({"b":[1,{"a":null}],"a":[]})"), "{'b': [1, {'a': None}], 'a': []}");
  EXPECT_EQ(ReprOf("{}"), "{}");
}

TEST(PythonRepr, QuotesAreChosenAsPythonDoes) {
  EXPECT_EQ(ReprOf(R"("plain")"), "'plain'");
  EXPECT_EQ(ReprOf(R"("it's")"), R"("it's")");
  EXPECT_EQ(ReprOf(R"("a \"word\"")"), R"('a "word"')");
  EXPECT_EQ(ReprOf(R"("it's \"so\"")"), R"('it\'s "so"')");
  EXPECT_EQ(ReprOf(R"({"it's": 1})"), R"({"it's": 1})");
}

TEST(PythonRepr, Escapes) {
  EXPECT_EQ(ReprOf(R"("\\ \n \r \t \b \f \u0000 \u001f \u007f")"),
            R"('\\ \n \r \t \x08 \x0c \x00 \x1f \x7f')");
}

// Each pair: a code point and how Python 3 prints a string that holds it alone.
TEST(PythonRepr, WhatIsNotPrintableIsEscaped) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"\u0080", R"('\x80')"},
      {"\u009f", R"('\x9f')"},
      {"\u00a0", R"('\xa0')"},
      {"\u00a1", "'\u00a1'"},
      {"\u00ad", R"('\xad')"},
      {"\u00ff", "'\u00ff'"},
      {"\u061c", R"('\u061c')"},
      {"\u1680", R"('\u1680')"},
      {"\u200b", R"('\u200b')"},
      {"\u200d", R"('\u200d')"},
      {"\u2010", "'\u2010'"},
      {"\u2028", R"('\u2028')"},
      {"\u202f", R"('\u202f')"},
      {"\u3000", R"('\u3000')"},
      {"\u4e2d", "'\u4e2d'"},
      {"\ufe0f", "'\ufe0f'"},
      {"\ue000", R"('\ue000')"},
      {"\ufeff", R"('\ufeff')"},
      {"\ufffd", "'\ufffd'"},
      {"\uffff", R"('\uffff')"},
      {"\u0301", "'\u0301'"},
      {"\U0001f600", "'\U0001f600'"},
      {"\U000e0041", R"('\U000e0041')"},
      {"\U000e0100", "'\U000e0100'"},
      {"\U0010ffff", R"('\U0010ffff')"},
  };
  for (const auto& [text, repr] : cases) {
    EXPECT_EQ(PythonRepr(Value(text)), repr);
  }
}

TEST(PythonStr, AStringIsItself) {
  EXPECT_EQ(PythonStr(Value("it's")), "it's");
  EXPECT_EQ(PythonStr(Value()), "None");
  EXPECT_EQ(PythonStr(Value(Array{Value("a"), Value(2)})), "['a', 2]");
  EXPECT_EQ(PythonStr(Value(1e16)), "1e+16");
}

}  // namespace
}  // namespace fathom::json
