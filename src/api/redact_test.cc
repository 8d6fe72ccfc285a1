#include "api/redact.h"

#include <gtest/gtest.h>

#include <random>

#include "base/unicode_class.h"
#include "base/utf8.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::api {
namespace {

std::string Body(std::string_view text) {
  const auto body = json::Parse(text);
  EXPECT_TRUE(body.ok()) << text;
  return json::Dump(Redacted(*body), json::Style::kPython);
}

TEST(Redact, KeepsLengthAndKinds) {
  EXPECT_EQ(RedactedText("Call Ann at 0171-23!\n"), "Xxxx Xxx xx 0000-00!\n");
  EXPECT_EQ(RedactedText("naïve — 雨 ☔ 🎉"), "xxжxx — 字 ○ 🔴");
  EXPECT_EQ(RedactedText("<｜DSML｜invoke>"), "<｜XXXX｜xxxxxx>");
  EXPECT_EQ(RedactedText("a\xff\xe2\x82z"), "x???x");
  EXPECT_EQ(RedactedText(""), "");
}

TEST(Redact, EveryCharacterBecomesOneOfItsKind) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    AppendUtf8(c, &text);
    const std::string redacted = RedactedText(text);
    ASSERT_EQ(redacted.size(), text.size()) << uint32_t{c};
    const UnicodeClass before = ClassOf(c), after = ClassOf(DecodeUtf8(redacted).code_point);
    if (c < 0x80 || before == UnicodeClass::kOther) continue;
    ASSERT_EQ(before, after) << uint32_t{c};
  }
}

TEST(Redact, StructureAndNamesStay) {
  EXPECT_EQ(
      Body(R"({"model": "deepseek-chat", "temperature": 0.5, "n": 2, "stop": ["Ann", "Bob"],
          "messages": [{"role": "user", "name": "Ann", "content": "I am Ann, 41."},
          {"role": "assistant", "content": null, "tool_calls": [{"id": "call_Ab3", "type":
          "function", "function": {"name": "look_up", "arguments": "{\"who\": \"Ann\"}"}}]},
          {"role": "tool", "tool_call_id": "anns-own-id", "content": [{"type": "text", "text":
          "yes"}]}]})"),
      R"({"model": "deepseek-chat", "temperature": 0.5, "n": 2, "stop": ["Xxx", "Xxx"], )"
      R"("messages": [{"role": "user", "name": "Xxx", "content": "X xx Xxx, 00."}, )"
      R"({"role": "assistant", "content": null, "tool_calls": [{"id": "call_Ab3", "type": )"
      R"("function", "function": {"name": "look_up", "arguments": "{\"xxx\": \"Xxx\"}"}}]}, )"
      R"({"role": "tool", "tool_call_id": "xxxx-xxx-xx", "content": [{"type": "text", "text": )"
      R"("xxx"}]}]})");
}

TEST(Redact, SchemasKeepTheirWords) {
  EXPECT_EQ(Body(R"({"tools": [{"type": "function", "function": {"name": "f", "description":
          "Of Ann", "parameters": {"type": "object", "properties": {"name": {"type": ["string",
          "null"], "enum": ["Ann", 7], "default": "Ann"}}, "required": ["name"]}}}]})"),
            R"({"tools": [{"type": "function", "function": {"name": "f", "description": )"
            R"("Xx Xxx", "parameters": {"type": "object", "properties": {"name": {"type": )"
            R"(["string", "null"], "enum": ["Xxx", 0], "default": "Xxx"}}, "required": )"
            R"(["name"]}}}]})");
}

TEST(Redact, NumbersThatAreWordsGo) {
  EXPECT_EQ(Body(R"({"prompt": [[17, 4], "Ann"], "max_tokens": 17})"),
            R"({"prompt": [[0, 0], "Xxx"], "max_tokens": 17})");
  EXPECT_EQ(Body(R"({"content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input":
          {"type": "Ann", "age": 41, "deep": {"model": "Ann", "list": [1, true]}}}]})"),
            R"({"content": [{"type": "tool_use", "id": "xxxxx_0", "name": "f", "input": )"
            R"({"type": "Xxx", "age": 0, "deep": {"model": "Xxx", "list": [0, true]}}}]})");
  EXPECT_EQ(Body(R"({"input": [{"role": "user", "content": "Ann"}], "metadata": {"of Ann": 1,
          "of Bob": 2, "a!": 3, "x!": 4, "Zo\u00eb": 5, "Xx\u0436": 6}})"),
            R"({"input": [{"role": "user", "content": "Xxx"}], "metadata": {"xx Xxx": 0, )"
            R"("xx Xxx+": 0, "x!": 0, "x!+": 0, "Xxж": 0, "Xxж+": 0}})");
}

TEST(Redact, WordsInTheWrongPlaceGoToo) {
  EXPECT_EQ(Body(R"({"role": "I am Ann", "type": "two words", "model": "what Ann said"})"),
            R"({"role": "X xx Xxx", "type": "xxx xxxxx", "model": "xxxx Xxx xxxx"})");
  EXPECT_EQ(Body(R"(["Ann", 3, {"whatever": "Ann"}])"), R"(["Xxx", 3, {"whatever": "Xxx"}])");
}

// A word that stands anywhere but where a name of the API belongs is nowhere in what comes out.
TEST(Redact, RandomBodiesTellNoSecret) {
  const std::vector<std::string> keys = {"content", "text",     "input",  "arguments", "user",
                                         "tools",   "messages", "system", "stop",      "thinking"};
  std::mt19937 random(5);
  const std::function<json::Value(int)> make = [&](int depth) -> json::Value {
    const auto pick = random() % (depth > 4 ? 2 : 4);
    if (pick == 0) return "the secret is Zebra";
    if (pick == 1) return "zebra" + std::to_string(random() % 10);
    if (pick == 2) return json::Array{make(depth + 1), make(depth + 1)};
    json::Object object;
    for (int i = 0; i < 3; ++i) object.Set(keys[random() % keys.size()], make(depth + 1));
    return object;
  };
  for (int i = 0; i < 500; ++i) {
    const json::Value body = make(0);
    const std::string told = json::Dump(Redacted(body), json::Style::kCompact);
    EXPECT_EQ(told.find("ebra"), told.npos) << told;
    EXPECT_EQ(told.size(), json::Dump(body, json::Style::kCompact).size());
  }
}

}  // namespace
}  // namespace fathom::api
