#include "json/parse.h"

#include <gtest/gtest.h>

#include <string>

#include "json/write.h"
#include "support/table_file.h"
#include "support/temp_dir.h"

namespace fathom::json {
namespace {

const std::string kCases = FATHOM_GOLDEN_DIR "/python/";

std::string ErrorOf(std::string_view text, const ParseOptions& options = {}) {
  const Result<Value> value = Parse(text, options);
  return value.ok() ? "no error" : value.status().message();
}

TEST(Parse, AcceptsAndRefusesWhatTheRfcDoes) {
  for (const auto& row : test::ReadTable(kCases + "rfc8259.tsv", 3)) {
    ASSERT_TRUE(row[0] == "accept" || row[0] == "refuse") << row[0];
    const Result<Value> value = Parse(row[1]);
    EXPECT_EQ(value.ok() ? "accept" : "refuse", row[0]) << row[1] << "\n" << row[2];
    EXPECT_EQ(value.status().code(), value.ok() ? Code::kOk : Code::kInvalidArgument);
  }
}

TEST(Parse, AnswersWhatPythonAnswers) {
  for (const auto& row : test::ReadTable(kCases + "parse.tsv", 3)) {
    const auto answer = ParseOrError(row[0], {.python_constants = true});
    if (const auto* error = std::get_if<ParseError>(&answer)) {
      EXPECT_EQ("error", row[1]) << row[0];
      EXPECT_EQ(error->PythonText(row[0]), row[2]) << row[0];
    } else {
      EXPECT_EQ("ok", row[1]) << row[0];
      EXPECT_EQ(Dump(std::get<Value>(answer), Style::kPython), row[2]) << row[0];
    }
  }
}

TEST(Parse, ErrorsCarryTheByteOffset) {
  EXPECT_EQ(ErrorOf("{\"a\":1,}"), "byte 7: expecting property name enclosed in double quotes");
  EXPECT_EQ(ErrorOf("[1 2]"), "byte 3: expecting ',' delimiter");
  // The offset counts bytes, Python's text characters.
  const std::string text = "[\n\"\xC3\xA9\xE4\xB8\xAD\", x]";
  const auto answer = ParseOrError(text);
  const auto& error = std::get<ParseError>(answer);
  EXPECT_EQ(error.offset, 11u);
  EXPECT_EQ(error.PythonText(text), "Expecting value: line 2 column 7 (char 8)");
  EXPECT_EQ(ErrorOf(text), "byte 11: expecting value");
}

TEST(Parse, ConstantsArePythonsAlone) {
  const ParseOptions python = {.python_constants = true};
  for (const std::string constant : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_EQ(ErrorOf(constant), "byte 0: expecting value");
    const Result<Value> value = Parse(constant, python);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->number().text, constant);
  }
}

TEST(Parse, KeepsTheTextOfNumbers) {
  for (const std::string text : {"-0", "1E5", "0.10", "12345678901234567890123", "1e400"}) {
    const Result<Value> value = Parse(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(value->number().text, text);
  }
  // Python refuses integers of more than 4,300 digits; this is one of our differences.
  const std::string digits(5000, '7');
  const Result<Value> value = Parse(digits);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->number().text, digits);
}

TEST(Parse, ADuplicateKeepsItsFirstPlaceAndLastValue) {
  const Result<Value> value = Parse(R"({"a":1,"b":2,"a":3,"\u0062":4})");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(Dump(*value, Style::kCompact), R"({"a":3,"b":4})");
}

TEST(Parse, RefusesLoneSurrogatesWhereTheyStand) {
  EXPECT_EQ(ErrorOf(R"("ab\ud800")"), "byte 3: lone surrogate escape");
  EXPECT_EQ(ErrorOf(R"("\udfff")"), "byte 1: lone surrogate escape");
  EXPECT_EQ(ErrorOf(R"("\ud83d\u0041")"), "byte 1: lone surrogate escape");
  EXPECT_EQ(ErrorOf(R"("\ud83d\ud83d\ude00")"), "byte 1: lone surrogate escape");
  EXPECT_EQ(ErrorOf(R"("\ud83d\\ude00")"), "byte 1: lone surrogate escape");
  // Every pair's ends: U+10000 and U+10FFFF.
  const Result<Value> ends = Parse(R"("\ud800\udc00\uDBFF\uDFFF")");
  ASSERT_TRUE(ends.ok());
  EXPECT_EQ(ends->string(), "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
}

TEST(Parse, RefusesInvalidUtf8WhereItStands) {
  EXPECT_EQ(ErrorOf("\"ab\xFF\""), "byte 3: invalid UTF-8 in a string");
  EXPECT_EQ(ErrorOf("{\"\xC3\":1}"), "byte 2: invalid UTF-8 in a string");
  EXPECT_EQ(ErrorOf("\"\xE2\x82"), "byte 1: invalid UTF-8 in a string");
  // An escape between the bytes of a character does not join them.
  EXPECT_EQ(ErrorOf("\"\xC3\\n\xA9\""), "byte 1: invalid UTF-8 in a string");
}

std::string Nested(char open, size_t depth) {
  const std::string closing = open == '[' ? "]" : "}";
  std::string text;
  for (size_t i = 0; i < depth; ++i) text += open == '[' ? "[" : (i + 1 < depth ? "{\"k\":" : "{");
  for (size_t i = 0; i < depth; ++i) text += closing;
  return text;
}

TEST(Parse, HoldsTheDepthLimitExactly) {
  for (const char open : {'[', '{'}) {
    EXPECT_EQ(ErrorOf(Nested(open, 512)), "no error");
    const size_t offset = open == '[' ? 512 : 512 * std::string_view("{\"k\":").size();
    EXPECT_EQ(ErrorOf(Nested(open, 513)), fmt::format("byte {}: nested deeper than 512", offset));
  }
  // What stands inside the innermost array does not count.
  EXPECT_EQ(ErrorOf("[[7]]", {.max_depth = 2}), "no error");
  EXPECT_EQ(ErrorOf("[[[]]]", {.max_depth = 2}), "byte 2: nested deeper than 2");
  EXPECT_EQ(ErrorOf("7", {.max_depth = 0}), "no error");
  EXPECT_EQ(ErrorOf("[]", {.max_depth = 0}), "byte 0: nested deeper than 0");
}

// Siblings share a level, and a million unclosed brackets must not reach the stack's end.
TEST(Parse, DepthIsNoLengthAndEndsEarly) {
  std::string wide = "[";
  for (int i = 0; i < 2000; ++i) wide += "[],{},";
  EXPECT_EQ(ErrorOf(wide + "0]"), "no error");
  EXPECT_EQ(ErrorOf(std::string(1000000, '[')), "byte 512: nested deeper than 512");
}

TEST(Parse, HoldsTheSizeLimitExactly) {
  EXPECT_EQ(ErrorOf("[1]", {.max_bytes = 3}), "no error");
  EXPECT_EQ(ErrorOf("[1] ", {.max_bytes = 3}), "byte 0: 4 bytes, more than the limit of 3");
}

// A document that ends anywhere is refused and reads nothing beyond its end; the sanitizers watch.
TEST(Parse, EveryCutIsRefused) {
  const std::string text =
      R"({"a":[1,-2.5e3,"\ud83d\ude00\n",{"b":null}],"c":{"d":true,"e":false}})";
  ASSERT_EQ(ErrorOf(text), "no error");
  for (size_t cut = 0; cut < text.size(); ++cut) {
    const std::string copy(text, 0, cut);
    EXPECT_FALSE(Parse(copy).ok()) << copy;
  }
}

TEST(ParseFile, NamesTheFileInEveryError) {
  const test::TempDir folder;
  const std::string good = folder.Write("good.json", "{\"a\":1}\n");
  ASSERT_TRUE(ParseFile(good).ok());
  EXPECT_EQ(*ParseFile(good)->Find("a")->AsInt64(), 1);

  const std::string bad = folder.Write("bad.json", "{\"a\":1");
  EXPECT_EQ(ParseFile(bad).status().message(), bad + ": byte 6: expecting ',' delimiter");

  const std::string missing = folder.File("missing.json");
  EXPECT_EQ(ParseFile(missing).status().code(), Code::kNotFound);
  EXPECT_EQ(ParseFile(missing).status().message(), missing + ": No such file or directory");

  EXPECT_EQ(ParseFile(good, {.max_bytes = 7}).status().message(),
            good + ": 8 bytes, more than the limit of 7");
}

}  // namespace
}  // namespace fathom::json
