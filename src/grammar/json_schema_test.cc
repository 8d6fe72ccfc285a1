#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/processor_watch.h"
#include "json/parse.h"
#include "support/case_file.h"
#include "support/slow_grammar.h"

namespace fathom::grammar {
namespace {

// Tests may run slowly; what a schema may cost is checked by those that say so.
constexpr GrammarLimits kPatient = {.seconds = 60};

json::Value ParseJson(const std::string& text) {
  Result<json::Value> value = json::Parse(text);
  FATHOM_CHECK(value.ok(), "{}: {}", value.status().message(), text);
  return *std::move(value);
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

Status CompileError(const std::string& schema, const GrammarLimits& limits = kPatient) {
  Grammar grammar;
  SchemaCompiler compiler(grammar, limits);
  return compiler.Json(ParseJson(schema), "schema", {}).status();
}

// tests/cases/json_schema: a schema, and texts that the model may and may not write, or the error.
TEST(JsonSchema, Cases) {
  for (const test::Case& test_case : test::ReadCaseFolder("tests/cases/json_schema")) {
    if (test_case.sections.contains("parameters")) continue;
    SCOPED_TRACE(test_case.place + " " + test_case.name);
    Grammar grammar;
    SchemaCompiler compiler(grammar, kPatient);
    const SchemaOptions options = {.spacing = test_case.Setting("spacing", "flexible") == "python"
                                                  ? Spacing::kPython
                                                  : Spacing::kFlexible,
                                   .open_objects = test_case.Setting("open", "yes") == "yes"};
    const json::Value schema = ParseJson(Joined(test_case.Section("schema")));
    const Result<ExprId> form = compiler.Json(schema, "schema", options);
    if (test_case.sections.contains("error")) {
      const std::string expected = test_case.Section("error")[0];
      EXPECT_EQ(form.status().message(), expected);
      if (!form.ok()) {
        EXPECT_EQ(CodeName(form.status().code()), test_case.Setting("code", "unsupported"));
      }
      continue;
    }
    ASSERT_TRUE(form.ok()) << form.status().message();
    grammar.SetStart(*form);
    for (const std::string& text : test_case.Section("valid")) {
      EXPECT_TRUE(test::SlowMatches(grammar, text)) << text;
    }
    for (const std::string& text : test_case.Section("invalid")) {
      EXPECT_FALSE(test::SlowMatches(grammar, text)) << text;
    }
  }
}

// Whether `form` stands for exactly this text.
bool Takes(const Grammar& grammar, ExprId form, std::string_view text) {
  if (form < 0) return false;
  Grammar own = grammar;
  own.SetStart(form);
  return test::SlowMatches(own, text);
}

std::string FormsOf(ExprId text, ExprId json) {
  return std::string(text >= 0 ? " text" : "") + (json >= 0 ? " json" : "");
}

// Goes through the lines of a "parameters" section.
void CheckParameters(const Grammar& grammar, const SchemaCompiler::Parameters& parameters,
                     const std::vector<std::string>& lines) {
  std::vector<std::string> found;
  ExprId name = -1, text = -1, json = -1;
  for (const std::string& line : lines) {
    SCOPED_TRACE(line);
    const bool taken = !line.starts_with("no ");
    std::string_view rest = std::string_view(line).substr(taken ? 0 : 3);
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (word == "name" || word == "text" || word == "json") {
      const ExprId form = word == "name" ? name : word == "text" ? text : json;
      EXPECT_EQ(Takes(grammar, form, rest), taken);
      continue;
    }
    found.push_back(line);
    if (word == "others") {
      name = parameters.other_name;
      text = parameters.other_text;
      json = parameters.other_json;
      continue;
    }
    const auto parameter =
        std::ranges::find(parameters.named, word, &SchemaCompiler::Parameter::name);
    ASSERT_NE(parameter, parameters.named.end());
    name = -1;
    text = parameter->text;
    json = parameter->json;
  }
  std::vector<std::string> all;
  for (const SchemaCompiler::Parameter& p : parameters.named) {
    all.push_back(p.name + (p.required ? " required" : " optional") + FormsOf(p.text, p.json));
  }
  if (parameters.open) {
    all.push_back("others" + FormsOf(parameters.other_text, parameters.other_json));
  }
  EXPECT_EQ(all, found);
}

TEST(JsonSchema, Arguments) {
  for (const test::Case& test_case : test::ReadCaseFolder("tests/cases/json_schema")) {
    if (!test_case.sections.contains("parameters")) continue;
    SCOPED_TRACE(test_case.place + " " + test_case.name);
    Grammar grammar;
    SchemaCompiler compiler(grammar, kPatient);
    const json::Value schema = ParseJson(Joined(test_case.Section("schema")));
    const Result<SchemaCompiler::Parameters> parameters = compiler.Arguments(schema, "schema");
    if (test_case.sections.contains("error")) {
      EXPECT_EQ(parameters.status().message(), test_case.Section("error")[0]);
      EXPECT_EQ(CodeName(parameters.status().code()), test_case.Setting("code", "unsupported"));
      continue;
    }
    ASSERT_TRUE(parameters.ok()) << parameters.status().message();
    CheckParameters(grammar, *parameters, test_case.Section("parameters"));
  }
}

std::string Repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// $defs in which each one names the one before it `fan` times, in the way that `form` says.
std::string Tower(int height, int fan, const std::string& open, const std::string& part,
                  const std::string& close) {
  std::string defs = R"("d0": {"type": "integer"})";
  for (int i = 1; i <= height; ++i) {
    std::string parts;
    for (int j = 0; j < fan; ++j) {
      parts += fmt::format(R"({}{}{{"$ref": "#/$defs/d{}"}})", j > 0 ? ", " : "",
                           fmt::format(fmt::runtime(part), j), i - 1);
    }
    defs += fmt::format(R"(, "d{}": {}{}{})", i, open, parts, close);
  }
  return fmt::format(R"({{"$defs": {{{}}}, "$ref": "#/$defs/d{}"}})", defs, height);
}

struct Bomb {
  std::string name, schema;
};

std::vector<Bomb> Bombs() {
  std::string wide_enum = R"({"enum": [)";
  for (int i = 0; i < 60'000; ++i) wide_enum += fmt::format("{}{}", i > 0 ? "," : "", i);
  wide_enum += "]}";
  std::string any_ofs, one_of;
  for (int i = 0; i < 20; ++i) {
    any_ofs += fmt::format(R"({}{{"anyOf": [{{"minimum": {}}}, {{"maximum": {}}}]}})",
                           i > 0 ? ", " : "", i, i);
  }
  for (int i = 0; i < 700; ++i) {
    one_of += fmt::format(R"({}{{"properties": {{"k": {{"const": {}}}}}, "required": ["k"]}})",
                          i > 0 ? ", " : "", i);
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"items": )";
  deep += "{}" + Repeated("}", 100);
  std::string classes = R"({"type": "object", "patternProperties": {)";
  for (int i = 0; i < 12; ++i) {
    classes += fmt::format(R"({}"{}": {{"minimum": {}}})", i > 0 ? ", " : "",
                           static_cast<char>('a' + i), i);
  }
  classes += "}}";
  return {
      {"large enum", wide_enum},
      {"product of alternatives", R"({"allOf": [)" + any_ofs + "]}"},
      {"branches of oneOf", R"({"type": "object", "oneOf": [)" + one_of + "]}"},
      {"nesting", deep},
      {"overlapping keys", classes},
      {"counts in counts", R"({"type": "string", "pattern": "(a{1,1000}){1,1000}"})"},
      {"counts of nothing", R"({"type": "string", "pattern": "(((|){1000}){1000}){1000}"})"},
      {"states", R"({"type": "string", "pattern": "(a|b)*a(a|b){30}c"})"},
      {"wide states", R"({"type": "string", "pattern": "^(.*\\p{L}.{100}.*\\p{N}.{100})+$"})"},
      {"length and pattern", R"({"type": "string", "pattern": "^(ab)*$", "maxLength": 1000000})"},
      {"multiples",
       R"({"type": "integer", "multipleOf": 997, "minimum": -123456789012345678901234567890})"},
      {"many tuples", R"({"type": "array", "prefixItems": [)" +
                          Repeated(R"({"type": "object"},)", 20'000) + "{}]}"},
      {"tower of anyOf", Tower(60, 3, R"({"anyOf": [)", "", "]}")},
      {"tower of objects", Tower(80, 2, R"({"properties": {)", R"("p{}": )", "}}")},
  };
}

TEST(JsonSchema, BombsEndWithinTheLimits) {
  for (const Bomb& bomb : Bombs()) {
    SCOPED_TRACE(bomb.name);
    Grammar grammar;
    const GrammarLimits limits;
    SchemaCompiler compiler(grammar, limits);
    const json::Value schema = ParseJson(bomb.schema);
    const ProcessorWatch watch;
    const Result<ExprId> form = compiler.Json(schema, "schema", {});
    std::cout << bomb.name << ": " << watch.seconds() * 1000 << " ms of work\n";
    // Some of these are only large. What counts is that all of them end.
    if (!form.ok()) {
      EXPECT_EQ(form.status().code(), Code::kResourceExhausted) << form.status().message();
    }
    EXPECT_LE(grammar.expressions(), static_cast<size_t>(limits.expressions) * 2);
  }
}

TEST(JsonSchema, ALargeSchemaIsRefusedBeforeItIsRead) {
  const std::string schema =
      R"({"description": ")" + std::string(300 << 10, 'x') + R"(", "type": "integer"})";
  const Status status = CompileError(schema);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(), "schema: the schema has more than 262144 bytes");
}

}  // namespace
}  // namespace fathom::grammar
