#include "agent/calculator.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace fathom {
namespace {

struct Case {
  std::string expression, expected;
};

// The lines "expression => expected" of a file.
std::vector<Case> ReadCases(const std::string& name) {
  std::ifstream file(FATHOM_SOURCE_DIR "/" + name);
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    const size_t arrow = line.find(" => ");
    if (line.starts_with('#') || arrow == std::string::npos) continue;
    cases.push_back({line.substr(0, arrow), line.substr(arrow + 4)});
  }
  EXPECT_GE(cases.size(), 10U) << name;
  return cases;
}

std::string Answer(const std::string& expression) {
  const Result<std::string> result = Calculate(expression);
  return result.ok() ? *result : "error: " + result.status().message();
}

TEST(Calculator, Values) {
  for (const Case& c : ReadCases("tests/cases/calculator/values.case")) {
    EXPECT_EQ(Answer(c.expression), c.expected) << c.expression;
  }
}

TEST(Calculator, Errors) {
  for (const Case& c : ReadCases("tests/cases/calculator/errors.case")) {
    EXPECT_EQ(Answer(c.expression), "error: " + c.expected) << c.expression;
  }
}

// Random expressions with the answers of Python.
TEST(Calculator, AgreesWithPython) {
  for (const Case& c : ReadCases("tests/cases/calculator/python.case")) {
    EXPECT_EQ(Answer(c.expression), c.expected) << c.expression;
  }
}

TEST(Calculator, TheDocumentsExamplesAreRight) {
  for (const Case& c : ReadCases("docs/tools.md")) {
    EXPECT_EQ(Answer(c.expression), c.expected) << c.expression;
  }
}

TEST(Calculator, ItsResultsAreExpressions) {
  for (const char* file :
       {"tests/cases/calculator/values.case", "tests/cases/calculator/python.case"}) {
    for (const Case& c : ReadCases(file)) EXPECT_EQ(Answer(c.expected), c.expected);
  }
}

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all.append(text);
  return all;
}

TEST(Calculator, NestingIsLimited) {
  const auto nested = [](int depth) { return Repeat("(", depth) + "1" + Repeat(")", depth); };
  EXPECT_EQ(Answer(nested(kMaxExpressionDepth - 1)), "1");
  EXPECT_EQ(Answer(nested(kMaxExpressionDepth)), "error: character 65: nested deeper than 64");
  EXPECT_EQ(Answer(Repeat("-", 500) + "1"), "error: character 65: nested deeper than 64");
  EXPECT_EQ(Answer(Repeat("1 ** ", 100) + "1"), "error: character 321: nested deeper than 64");
  EXPECT_EQ(Answer(Repeat("1 + ", 200) + "1"), "201");  // a row of terms is no nesting
}

TEST(Calculator, LengthIsLimited) {
  EXPECT_EQ(Answer(Repeat(" ", 999) + "1"), "1");
  EXPECT_EQ(Answer(Repeat(" ", 1000) + "1"),
            "error: the expression has 1001 bytes, more than 1000");
}

TEST(Calculator, StrangeBytesAreNamed) {
  EXPECT_EQ(Answer("1 \x1b[2J"), "error: character 3: expected an operator, found byte 0x1b");
  EXPECT_EQ(Answer("\xFF"), "error: character 1: expected a number, found byte 0xff");
  EXPECT_EQ(Answer(std::string("1 + \0", 5)),
            "error: character 5: expected a number, found byte 0x00");
  EXPECT_EQ(Answer("1 \xE2\x88"), "error: character 3: expected an operator, found byte 0xe2");
}

}  // namespace
}  // namespace fathom
