// Every case that the official encoder was run on: the same bytes, or the same exception.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "base/mapped_file.h"
#include "chat/dsml.h"
#include "chat/encode.h"
#include "chat/reference_call.h"
#include "json/write.h"
#include "support/golden_json.h"

namespace fathom::chat {
namespace {

using json::Value;

// "prompt" / "AssertionError: text".
std::string Answer(const Outcome<Prompt>& outcome) {
  return outcome.ok() ? outcome->Joined() : outcome.error().ToStatus().message();
}

std::string Answer(const Outcome<Value>& outcome) {
  return outcome.ok() ? json::Dump(*outcome, json::Style::kPython)
                      : outcome.error().ToStatus().message();
}

// The members of `from` that are arguments.
Value Arguments(const Value& from, std::initializer_list<const char*> names) {
  json::Object arguments;
  for (const char* name : names) {
    const Value* value = from.Find(name);
    EXPECT_NE(value, nullptr) << name;
    if (value != nullptr) arguments.Set(name, *value);
  }
  return arguments;
}

Value EncodeArgumentsOf(const Value& from) {
  return Arguments(
      from, {"messages", "context", "thinking_mode", "drop_thinking", "add_default_bos_token"});
}

std::string TextOf(const Value& from, const char* name) { return from.Find(name)->string(); }

TEST(Golden, ThePublishedConversation) {
  const Value input = test::GoldenJson("encoding/official_input.json");
  Result<std::string> expected =
      ReadFile(FATHOM_GOLDEN_DIR "/encoding/official_output.txt", 1 << 20);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  // The file ends with a line break that is not part of the prompt.
  ASSERT_TRUE(expected->ends_with("<｜end▁of▁sentence｜>\n"));
  expected->pop_back();
  // The typed way: the tools stand beside the messages, as in a request.
  Result<std::vector<Message>> messages = MessagesFromJson(*input.Find("messages"), "messages");
  Result<std::vector<ToolDefinition>> tools = ToolsFromJson(*input.Find("tools"), "tools");
  ASSERT_TRUE(messages.ok()) << messages.status().message();
  ASSERT_TRUE(tools.ok()) << tools.status().message();
  AttachTools(*tools, Value(), &*messages);
  const Result<Prompt> prompt = Encode(*messages, {.thinking_mode = ThinkingMode::kThinking});
  ASSERT_TRUE(prompt.ok()) << prompt.status().message();
  EXPECT_EQ(prompt->Joined(), *expected);

  Value raw = *input.Find("messages");
  raw.array()[0].object().Set("tools", *input.Find("tools"));
  EXPECT_EQ(Answer(EncodeMessages({.messages = raw, .thinking_mode = "thinking"})), *expected);
}

TEST(Golden, EdgeEncode) {
  const Value cases = test::GoldenJson("encoding/edge_encode.json");
  ASSERT_EQ(cases.array().size(), 110u);
  for (const Value& one : cases.array()) {
    const Outcome<Prompt> outcome = CallEncodeMessages(*one.Find("args"));
    const std::string name = TextOf(one, "name");
    if (one.Find("ok")->boolean()) {
      EXPECT_EQ(Answer(outcome), TextOf(one, "out")) << name;
    } else {
      ASSERT_FALSE(outcome.ok()) << name;
      EXPECT_EQ(Name(outcome.error().type), TextOf(one, "exc")) << name;
      EXPECT_EQ(outcome.error().message, TextOf(one, "msg")) << name;
    }
  }
}

TEST(Golden, RandomEncode) {
  const Value file = test::GoldenJson("encoding/cases.json");
  const json::Array& cases = file.Find("encode")->array();
  ASSERT_EQ(cases.size(), 300u);
  for (size_t i = 0; i < cases.size(); ++i) {
    const Outcome<Prompt> outcome = CallEncodeMessages(EncodeArgumentsOf(cases[i]));
    if (const Value* prompt = cases[i].Find("prompt")) {
      EXPECT_EQ(Answer(outcome), prompt->string()) << "case " << i;
    } else {
      ASSERT_FALSE(outcome.ok()) << "case " << i;
      EXPECT_EQ(Name(outcome.error().type), TextOf(cases[i], "error")) << "case " << i;
    }
  }
}

TEST(Golden, EdgeParse) {
  const Value cases = test::GoldenJson("encoding/edge_parse.json");
  ASSERT_EQ(cases.array().size(), 131u);
  for (const Value& one : cases.array()) {
    const Outcome<Value> outcome = CallParseMessage(*one.Find("args"));
    const std::string name = TextOf(one, "name");
    if (one.Find("ok")->boolean()) {
      EXPECT_EQ(Answer(outcome), json::Dump(*one.Find("out"), json::Style::kPython)) << name;
    } else {
      ASSERT_FALSE(outcome.ok()) << name;
      EXPECT_EQ(Name(outcome.error().type), TextOf(one, "exc")) << name;
      EXPECT_EQ(outcome.error().message, TextOf(one, "msg")) << name;
    }
  }
}

TEST(Golden, RandomParse) {
  const Value file = test::GoldenJson("encoding/cases.json");
  const json::Array& cases = file.Find("parse")->array();
  ASSERT_EQ(cases.size(), 300u);
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string answer =
        Answer(CallParseMessage(Arguments(cases[i], {"text", "thinking_mode"})));
    if (const Value* message = cases[i].Find("message")) {
      EXPECT_EQ(answer, json::Dump(*message, json::Style::kPython)) << "case " << i;
    } else {
      EXPECT_EQ(answer, TextOf(cases[i], "error")) << "case " << i;
    }
  }
}

// The typed structs lose nothing that is printed: wherever they take the messages and the official
// encoder prints something, it is the same.
TEST(Golden, TypedConversationsPrintTheSame) {
  const Value file = test::GoldenJson("encoding/cases.json");
  int compared = 0, beyond = 0;
  for (const Value& one : file.Find("encode")->array()) {
    Value all = one.Find("context")->is_array() ? *one.Find("context") : Value(json::Array());
    const size_t before = all.array().size();
    for (const Value& message : one.Find("messages")->array()) all.array().push_back(message);
    const Result<std::vector<Message>> messages = MessagesFromJson(all, "messages");
    if (!messages.ok()) continue;

    EncodeOptions options;
    options.thinking_mode =
        TextOf(one, "thinking_mode") == "thinking" ? ThinkingMode::kThinking : ThinkingMode::kChat;
    options.begin_of_sentence = one.Find("add_default_bos_token")->boolean();
    options.encoded_before = before;
    const Result<Prompt> prompt = Encode(*messages, options);
    if (const Value* expected = one.Find("prompt")) {
      ASSERT_TRUE(prompt.ok()) << prompt.status().message();
      EXPECT_EQ(prompt->Joined(), expected->string());
      ++compared;
    } else if (prompt.ok()) {
      ++beyond;  // a developer message before the last user message, which the official one loses
    }
    const Result<std::vector<Message>> again = MessagesFromJson(ToJson(*messages), "messages");
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(*again, *messages);
  }
  EXPECT_GT(compared, 150);
  EXPECT_GT(beyond, 0);
}

// A prompt's special segments are the same whatever the texts of others hold: here every special
// string that occurs in the arguments is made harmless, and the tokens stay the same ones.
TEST(Golden, TextOfOthersNeverBecomesASpecialToken) {
  const Value file = test::GoldenJson("encoding/cases.json");
  int with_special_text = 0;
  for (const Value& one : file.Find("encode")->array()) {
    const Value arguments = EncodeArgumentsOf(one);
    const std::string text = json::Dump(arguments, json::Style::kCompact);
    std::string harmless = text;
    for (size_t at = harmless.find("think>"); at != std::string::npos;
         at = harmless.find("think>", at)) {
      harmless.replace(at, 6, "thinK>");
    }
    const Outcome<Prompt> prompt = CallEncodeMessages(arguments);
    const Outcome<Prompt> other = CallEncodeMessages(*json::Parse(harmless));
    if (!prompt.ok()) continue;
    with_special_text += text != harmless;
    ASSERT_TRUE(other.ok());
    ASSERT_EQ(prompt->segments().size(), other->segments().size());
    for (size_t i = 0; i < prompt->segments().size(); ++i) {
      EXPECT_EQ(prompt->segments()[i].special, other->segments()[i].special);
      if (prompt->segments()[i].special) {
        EXPECT_EQ(prompt->segments()[i], other->segments()[i]);
      }
    }
  }
  EXPECT_GT(with_special_text, 50);
}

}  // namespace
}  // namespace fathom::chat
