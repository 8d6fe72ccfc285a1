#include "agent/toolbox.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom {
namespace {

Tool Echo() {
  return Tool("echo", "Say it again", {{"text", "What to say"}, {"times", "How often", false}},
              [](const json::Object& arguments, const std::stop_token&) -> Result<std::string> {
                return arguments.Find("text")->string();
              });
}

std::string Answer(const Result<std::string>& result) {
  return result.ok() ? *result : "error: " + result.status().message();
}
std::string Call(const Tool& tool, std::string_view arguments) {
  return Answer(tool.Call(json::Parse(arguments).value()));
}

TEST(Tool, DefinesItselfInTheOpenAiForm) {
  EXPECT_EQ(json::Dump(Echo().Definition(), json::Style::kPython),
            R"({"type": "function", "function": {"name": "echo", "description": "Say it again", )"
            R"("parameters": {"type": "object", "properties": {)"
            R"("text": {"type": "string", "description": "What to say"}, )"
            R"("times": {"type": "string", "description": "How often"}}, "required": ["text"]}}})");
}

TEST(Tool, ChecksItsArguments) {
  EXPECT_EQ(Call(Echo(), R"({"text": "hello"})"), "hello");
  EXPECT_EQ(Call(Echo(), R"({"text": "hello", "times": "2"})"), "hello");
  EXPECT_EQ(Call(Echo(), R"({})"),
            "error: echo: the argument text is missing; the tool is echo(text, [times])");
  EXPECT_EQ(Call(Echo(), R"({"text": "a", "loud": "yes"})"),
            "error: echo: unknown argument loud; the tool is echo(text, [times])");
  EXPECT_EQ(Call(Echo(), R"({"text": 5})"), "error: echo: text: expected string, found number");
  EXPECT_EQ(Call(Echo(), R"({"text": null})"), "error: echo: text: expected string, found null");
  EXPECT_EQ(Call(Echo(), R"(["hello"])"),
            "error: echo: expected the arguments as an object, found array");
}

TEST(Tool, OneWithASchemaGetsItsArgumentsAsTheyCame) {
  const json::Value schema = json::Parse(R"({"type": "object", "properties": {"n": {}}})").value();
  const Tool tool = Tool::WithSchema(
      "count", "Count", schema,
      [](const json::Object& arguments, const std::stop_token& stop) -> Result<std::string> {
        if (stop.stop_requested()) return Cancelled("stopped");
        return json::Dump(json::Value(arguments), json::Style::kPython);
      });
  EXPECT_EQ(tool.Schema(), schema);
  EXPECT_EQ(Call(tool, R"({"m": [1]})"), R"({"m": [1]})");
  EXPECT_EQ(Call(tool, "3"), "error: count: expected the arguments as an object, found number");
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(Answer(tool.Call(json::Value(json::Object{}), source.get_token())), "error: stopped");
}

TEST(Tool, ALongResultIsCutBetweenCharacters) {
  const auto repeat = [](size_t bytes) {
    return Tool("long", "", {},
                [bytes](const json::Object&, const std::stop_token&) -> Result<std::string> {
                  std::string text;
                  while (text.size() < bytes) text += "日";
                  return text;
                });
  };
  EXPECT_EQ(Call(repeat(kMaxToolResultBytes - 1), "{}").size(), kMaxToolResultBytes - 1);
  const std::string cut = Call(repeat(2 * kMaxToolResultBytes), "{}");
  EXPECT_TRUE(IsValidUtf8(cut));
  EXPECT_TRUE(cut.ends_with("日\n[cut here: 65535 of 131073 bytes]")) << cut.substr(65500);
}

TEST(Toolbox, FindsToolsByName) {
  Toolbox toolbox;
  EXPECT_EQ(Answer(toolbox.Call("echo", json::Object{})),
            "error: there is no tool called echo; there are: none");
  toolbox.Add(Echo());
  toolbox.Add(
      Tool("fail", "", {}, [](const json::Object&, const std::stop_token&) -> Result<std::string> {
        return InvalidArgument("it broke");
      }));
  EXPECT_EQ(Answer(toolbox.Call("echo", json::Object{{"text", "hello"}})), "hello");
  EXPECT_EQ(Answer(toolbox.Call("fail", json::Object{})), "error: it broke");
  EXPECT_EQ(Answer(toolbox.Call("Echo", json::Object{})),
            "error: there is no tool called Echo; there are: echo, fail");
  EXPECT_EQ(toolbox.Definitions().size(), 2U);
}

TEST(ToolboxDeathTest, NamesAreUnique) {
  Toolbox toolbox;
  toolbox.Add(Echo());
  EXPECT_DEATH(toolbox.Add(Echo()), "two tools called echo");
}

}  // namespace
}  // namespace fathom
