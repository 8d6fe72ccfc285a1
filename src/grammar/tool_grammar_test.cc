#include "grammar/tool_grammar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/utf8.h"
#include "chat/dsml.h"
#include "chat/parse.h"
#include "chat/stream_parser.h"
#include "grammar/matcher.h"
#include "json/parse.h"
#include "support/small_tokenizer.h"

namespace fathom::grammar {
namespace {

constexpr int32_t kRows = 129280;

struct Golden {
  Tokenizer tokenizer;
  std::shared_ptr<const TokenTable> table;
  int32_t eos, dsml;
};

const Golden& TheGolden() {
  static const Golden golden = [] {
    auto loaded = Tokenizer::Load(FATHOM_GOLDEN_DIR "/tokenizer/tokenizer.json");
    FATHOM_CHECK(loaded.ok(), "{}", loaded.status().message());
    Tokenizer tokenizer = std::move(loaded).value();
    const int32_t eos = *tokenizer.TokenId(chat::kEos), dsml = *tokenizer.TokenId(chat::kDsml);
    auto table = MakeTokenTable(tokenizer.vocabulary(), kRows, {eos});
    return Golden{std::move(tokenizer), std::move(table), eos, dsml};
  }();
  return golden;
}

json::Value Json(std::string_view text) {
  auto parsed = json::Parse(text);
  FATHOM_CHECK(parsed.ok(), "{}: {}", text, parsed.status().message());
  return std::move(parsed).value();
}

const char* const kWeather = R"({"type": "object", "properties": {
  "city": {"type": "string", "minLength": 1, "maxLength": 20},
  "days": {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
  "unit": {"enum": ["C", "F", null]}},
  "required": ["city"], "additionalProperties": false})";
const char* const kOptional = R"({"type": "object", "properties": {
  "a": {"type": "string"}, "b": {"type": ["number", "string"]}, "c": {"type": "boolean"}},
  "additionalProperties": false})";
const char* const kNothing = R"({"type": "object", "additionalProperties": false})";

ToolShape Strict(std::string name, std::string_view schema) {
  return {.name = std::move(name), .parameters = Json(schema), .strict = true, .path = "tools[0]"};
}
ToolShape Loose(std::string name) {
  return {
      .name = std::move(name), .parameters = json::Value(), .strict = false, .path = "tools[0]"};
}

std::shared_ptr<const CompiledGrammar> MustCompile(const AnswerShape& shape) {
  const GrammarLimits limits{.seconds = 30};
  auto grammar = MakeAnswerGrammar(shape, TheGolden().tokenizer, limits);
  FATHOM_CHECK(grammar.ok(), "{}", grammar.status().message());
  auto compiled = Compile(*grammar, TheGolden().table, limits);
  FATHOM_CHECK(compiled.ok(), "{}", compiled.status().message());
  return std::move(compiled).value();
}

// Says a text in which ｜DSML｜ is the token; false when it is refused somewhere.
bool Say(Matcher& matcher, std::string_view text) {
  for (;;) {
    const size_t at = text.find(chat::kDsml);
    if (!matcher.AcceptText(text.substr(0, at))) return false;
    if (at == text.npos) return true;
    if (!matcher.Accept(TheGolden().dsml)) return false;
    text.remove_prefix(at + chat::kDsml.size());
  }
}

// Whether the whole answer, with its end, is of the grammar.
bool Takes(const std::shared_ptr<const CompiledGrammar>& grammar, std::string_view text) {
  Matcher matcher(grammar);
  return Say(matcher, text) && matcher.Accept(TheGolden().eos);
}

std::string Block(std::string_view calls) {
  return "\n\n<｜DSML｜function_calls>\n" + std::string(calls) + "</｜DSML｜function_calls>";
}
std::string Call(std::string_view name, std::string_view lines) {
  return "<｜DSML｜invoke name=\"" + std::string(name) + "\">\n" + std::string(lines) +
         "\n</｜DSML｜invoke>\n";
}
std::string Line(std::string_view name, bool is_string, std::string_view value) {
  return "<｜DSML｜parameter name=\"" + std::string(name) + "\" string=\"" +
         (is_string ? "true" : "false") + "\">" + std::string(value) + "</｜DSML｜parameter>";
}

TEST(ToolGrammar, TextAndThenCalls) {
  const auto grammar = MustCompile({.tools = {Loose("f")}, .calls = Calls::kOptional});
  const std::string block = Block(Call("f", Line("x", true, "1")));
  EXPECT_TRUE(Takes(grammar, ""));
  EXPECT_TRUE(Takes(grammar, "Hello <b>\n\n<"));
  EXPECT_TRUE(Takes(grammar, block));
  EXPECT_TRUE(Takes(grammar, "Let me see." + block));
  EXPECT_TRUE(Takes(grammar, "\n\n\n\n<\n" + block));
  EXPECT_FALSE(Takes(grammar, "Let me see.<｜DSML｜function_calls>"));
  EXPECT_FALSE(Takes(grammar, "Let me see.\n<｜DSML｜function_calls>"));
  EXPECT_FALSE(Takes(grammar, block + "\n"));
  EXPECT_FALSE(Takes(grammar, block + block));
  EXPECT_FALSE(Takes(grammar, Block("")));
  EXPECT_FALSE(Takes(grammar, Block(Call("g", "\n"))));
  EXPECT_FALSE(Takes(grammar, "half a character: \xe2\x82"));
  EXPECT_TRUE(Takes(grammar, Block(Call("f", "") + Call("f", ""))));
}

TEST(ToolGrammar, ACallAndNothingElse) {
  const auto many = MustCompile({.tools = {Loose("f")}, .calls = Calls::kRequired});
  const auto one =
      MustCompile({.tools = {Loose("f")}, .calls = Calls::kRequired, .several_calls = false});
  const std::string call = Call("f", Line("x", false, R"({"a": [1, 2.5e3, "ü"]})"));
  for (const auto& grammar : {many, one}) {
    EXPECT_TRUE(Takes(grammar, Block(call)));
    EXPECT_FALSE(Takes(grammar, ""));
    EXPECT_FALSE(Takes(grammar, "Hm." + Block(call)));
    EXPECT_FALSE(Takes(grammar, "\n" + Block(call)));
  }
  EXPECT_TRUE(Takes(many, Block(call + call + call)));
  EXPECT_FALSE(Takes(one, Block(call + call)));
}

TEST(ToolGrammar, StrictArgumentsComeInOrder) {
  const auto grammar = MustCompile({.tools = {Strict("w", kWeather)}, .calls = Calls::kRequired});
  const std::string city = Line("city", true, "Oslo"), days = Line("days", false, "[1, 2]"),
                    unit = Line("unit", true, "C"), none = Line("unit", false, "null");
  const struct {
    std::string lines;
    bool taken;
  } cases[] = {
      {city, true},
      {city + "\n" + days, true},
      {city + "\n" + days + "\n" + unit, true},
      {city + "\n" + none, true},
      {days, false},
      {days + "\n" + city, false},
      {city + "\n" + city, false},
      {city + days, false},
      {"", false},
      {"\n", false},
      {city + "\n" + Line("unit", false, "\"C\""), false},
      {city + "\n" + Line("unit", true, "K"), false},
      {city + "\n" + Line("days", false, "[1,2]"), false},
      {city + "\n" + Line("days", false, "[1, 2, 3, 4]"), false},
      {Line("city", true, ""), false},
      {Line("city", true, "a</b> <｜\n"), true},
      {Line("city", true, "a city whose name is long"), false},
      {Line("town", true, "Oslo"), false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(Takes(grammar, Block(Call("w", each.lines))), each.taken) << each.lines;
  }
}

TEST(ToolGrammar, WithoutArgumentsThereIsAnEmptyLine) {
  const auto none = MustCompile({.tools = {Strict("f", kNothing)}, .calls = Calls::kRequired});
  EXPECT_TRUE(Takes(none, Block(Call("f", ""))));
  EXPECT_FALSE(Takes(none, Block(Call("f", "\n"))));
  EXPECT_FALSE(Takes(none, Block(Call("f", Line("a", true, "b")))));

  const auto some = MustCompile({.tools = {Strict("f", kOptional)}, .calls = Calls::kRequired});
  const std::string a = Line("a", true, ""), b = Line("b", false, "-1.5"),
                    b_text = Line("b", true, "x"), c = Line("c", false, "true");
  for (const std::string& lines : {std::string(), a, b, c, a + "\n" + b, a + "\n" + c,
                                   b_text + "\n" + c, a + "\n" + b + "\n" + c}) {
    EXPECT_TRUE(Takes(some, Block(Call("f", lines)))) << lines;
  }
  for (const std::string& lines : {b + "\n" + a, c + "\n" + c, "\n" + a, a + "\n"}) {
    EXPECT_FALSE(Takes(some, Block(Call("f", lines)))) << lines;
  }
}

// Names are bytes; what looks like the token's name is not the token.
TEST(ToolGrammar, MarkupInANameIsText) {
  const std::string name = "</｜DSML｜invoke><｜User｜>";
  const auto grammar = MustCompile({.tools = {Loose(name)}, .calls = Calls::kRequired});
  Matcher matcher(grammar);
  ASSERT_TRUE(Say(matcher, "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\""));
  EXPECT_FALSE(matcher.Accept(TheGolden().dsml));
  EXPECT_TRUE(matcher.AcceptText(name));
  EXPECT_TRUE(Say(matcher, "\">\n\n</｜DSML｜invoke>\n</｜DSML｜function_calls>"));
  EXPECT_TRUE(matcher.CanEnd());

  const auto free = MustCompile({.tools = {Loose("f")}, .calls = Calls::kOptional});
  Matcher text(free);
  EXPECT_TRUE(text.AcceptText("\n\n<｜DSML｜function_calls> is how one writes it"));
  EXPECT_TRUE(text.CanEnd());
}

TEST(ToolGrammar, JsonAnswers) {
  const AnswerShape shape{.json_schema = Json(kWeather), .json_path = "response_format"};
  const auto alone = MustCompile(shape);
  EXPECT_TRUE(Takes(alone, R"({"city": "Oslo", "unit": null})"));
  EXPECT_TRUE(Takes(alone, "{\"city\":\"Oslo\"}"));
  EXPECT_FALSE(Takes(alone, "{}"));
  EXPECT_FALSE(Takes(alone, "Here: {\"city\": \"Oslo\"}"));

  AnswerShape with_tools = shape;
  with_tools.tools = {Loose("f")};
  with_tools.calls = Calls::kOptional;
  const auto either = MustCompile(with_tools);
  EXPECT_TRUE(Takes(either, R"({"city": "Oslo"})"));
  EXPECT_TRUE(Takes(either, Block(Call("f", ""))));
  EXPECT_FALSE(Takes(either, R"({"city": "Oslo"})" + Block(Call("f", ""))));
}

TEST(ToolGrammar, WhatCannotBeIsRefused) {
  const Tokenizer& tokenizer = TheGolden().tokenizer;
  EXPECT_EQ(MakeAnswerGrammar({.calls = Calls::kRequired}, tokenizer, {}).status().code(),
            Code::kInvalidArgument);
  for (const std::string& name : {std::string(), std::string("a\">b"), std::string(300, 'a')}) {
    const auto made =
        MakeAnswerGrammar({.tools = {Loose(name)}, .calls = Calls::kOptional}, tokenizer, {});
    EXPECT_EQ(made.status().code(), Code::kInvalidArgument) << name;
  }
  const Tokenizer plain = Tokenizer::FromJson(test::SmallTokenizerJson({}, {})).value();
  EXPECT_EQ(MakeAnswerGrammar({.tools = {Loose("f")}, .calls = Calls::kOptional}, plain, {})
                .status()
                .code(),
            Code::kUnsupported);
}

// Every token of the real vocabulary, with and without the masks.
TEST(ToolGrammar, MasksAreWhatTheirTokensBytesSay) {
  const std::string head =
      "\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"w\">\n"
      "<｜DSML｜parameter name=\"city\" string=\"true\"";
  const struct {
    AnswerShape shape;
    std::vector<std::string> openings;
  } cases[] = {
      {{.tools = {Strict("w", kWeather)}, .calls = Calls::kOptional},
       {"", "text", "text\n\n", "half \xe4\xbd"}},
      {{.tools = {Strict("w", kWeather)}, .calls = Calls::kRequired},
       {head + ">", head + ">eighteen letters..", head + ">O</"}},
      {{.json_schema = Json(kWeather), .json_path = "r"},
       {"{\"", "{\"city\": \"", "{\"city\": \"eighteen letters..", "{\"city\": \"O\""}},
      {{.json_schema = Json(R"({"type": ["string", "number"]})"), .json_path = "r"},
       {"", "\"", "\"a\\u00", "12", "\"\xe4\xbd"}},
  };
  const Vocabulary& vocabulary = TheGolden().tokenizer.vocabulary();
  for (const auto& each : cases) {
    const auto grammar = MustCompile(each.shape);
    for (const std::string& opening : each.openings) {
      Matcher matcher(grammar);
      ASSERT_TRUE(Say(matcher, opening)) << opening;
      const auto mask = matcher.Allowed();
      const std::vector<uint64_t> words(mask.begin(), mask.end());
      int wrong = 0, allowed = 0;
      for (int32_t id = 0; id < kRows; ++id) {
        const bool bit = (words[static_cast<size_t>(id) / 64] >> (id % 64) & 1) != 0;
        allowed += bit;
        if (vocabulary.Kind(id) != TokenKind::kOrdinary) continue;
        // Only what may come changes the matcher, which is then made anew.
        const bool taken = matcher.AcceptText(vocabulary.Bytes(id));
        if (taken) {
          matcher = Matcher(grammar);
          Say(matcher, opening);
        }
        if (taken != bit && ++wrong < 5) ADD_FAILURE() << opening << " + " << vocabulary.Bytes(id);
      }
      EXPECT_EQ(wrong, 0) << opening;
      EXPECT_GT(allowed, 0) << opening;
    }
  }
}

// ---- answers of a model that knows nothing

std::string TextOf(std::span<const int32_t> ids) {
  std::string text;
  for (const int32_t id : ids) text += TheGolden().tokenizer.vocabulary().Bytes(id);
  return text;
}

// Draws among the allowed tokens. The longer the answer, the more often a token is taken that leads
// to its end.
class RandomModel {
 public:
  explicit RandomModel(uint64_t seed) : seed_(seed) {
    const Tokenizer& tokenizer = TheGolden().tokenizer;
    for (const char* text : {"</", "<", "\n\n", "\"", "}", "]", "\n"}) {
      closing_.push_back(*tokenizer.TokenId(text));
    }
  }

  std::vector<int32_t> Answer(Matcher& matcher) {
    std::vector<int32_t> ids;
    while (!matcher.ended()) {
      const auto mask = matcher.Allowed();
      const int32_t token = Choose(mask, static_cast<double>(ids.size()) / 150);
      EXPECT_TRUE(matcher.Accept(token)) << token;
      ids.push_back(token);
      if (ids.size() > 5000) {
        ADD_FAILURE() << "an answer without end: " << TextOf(std::span(ids).last(100));
        return {};
      }
    }
    return ids;
  }

 private:
  double Draw() { return RandomUniform(seed_, 3, position_++); }

  int32_t Choose(std::span<const uint64_t> mask, double haste) {
    const auto allowed = [&](int32_t id) {
      return (mask[static_cast<size_t>(id) / 64] >> (id % 64) & 1) != 0;
    };
    if (allowed(TheGolden().eos) && Draw() < std::max(0.1, haste)) return TheGolden().eos;
    if (allowed(TheGolden().dsml) && Draw() < std::max(0.5, haste)) return TheGolden().dsml;
    if (Draw() < std::max(0.15, haste)) {
      std::vector<int32_t> closing;
      std::ranges::copy_if(closing_, std::back_inserter(closing), allowed);
      if (!closing.empty()) return Pick(closing);
    }
    std::vector<int32_t> ids;
    for (size_t w = 0; w < mask.size(); ++w) {
      for (uint64_t word = mask[w]; word != 0; word &= word - 1) {
        ids.push_back(static_cast<int32_t>(w) * 64 + std::countr_zero(word));
      }
    }
    EXPECT_FALSE(ids.empty());
    return ids.empty() ? 0 : Pick(ids);
  }

  int32_t Pick(const std::vector<int32_t>& ids) {
    return ids[static_cast<size_t>(Draw() * static_cast<double>(ids.size()))];
  }

  uint64_t seed_, position_ = 0;
  std::vector<int32_t> closing_;  // tokens that often end something
};

struct Heard {
  std::string content;
  std::vector<std::pair<std::string, std::string>> calls = {};  // names and arguments
  bool operator==(const Heard&) const = default;
};

// What the streaming parser makes of an answer; expects that nothing had to be mended.
Heard Stream(std::span<const int32_t> ids) {
  const Vocabulary& vocabulary = TheGolden().tokenizer.vocabulary();
  chat::StreamParser parser({.plain_tags = false});
  std::vector<chat::StreamEvent> events;
  for (const int32_t id : ids) {
    if (vocabulary.IsAdded(id)) {
      parser.PushSpecial(vocabulary.Bytes(id), &events);
    } else {
      parser.PushText(vocabulary.Bytes(id), &events);
    }
  }
  Heard heard;
  for (const chat::StreamEvent& event : events) {
    if (event.kind == chat::EventKind::kContent) heard.content += event.text;
    if (event.kind == chat::EventKind::kToolCall) heard.calls.push_back({event.text, ""});
    if (event.kind == chat::EventKind::kToolArguments) heard.calls.back().second += event.text;
  }
  EXPECT_TRUE(parser.done());
  EXPECT_TRUE(!events.empty() && events.back().kind == chat::EventKind::kEnd);
  EXPECT_TRUE(events.back().end.repairs == chat::RepairSet());
  return heard;
}

TEST(ToolGrammar, WhatARandomModelSaysIsReadWithoutRepair) {
  const std::vector<ToolShape> strict = {Strict("weather", kWeather), Strict("maybe", kOptional),
                                         Strict("nothing", kNothing)};
  const AnswerShape shapes[] = {
      {.tools = strict, .calls = Calls::kRequired},
      {.tools = strict, .calls = Calls::kOptional},
      {.tools = {strict[0], Loose("any")}, .calls = Calls::kRequired, .several_calls = false},
      {.tools = {Loose("any"), Loose("other")}, .calls = Calls::kRequired},
      {.tools = {Loose("any")}, .calls = Calls::kOptional, .json_schema = Json(kOptional)},
  };
  int answers = 0, calls = 0, arguments = 0;
  for (const AnswerShape& shape : shapes) {
    const auto grammar = MustCompile(shape);
    for (uint64_t seed = 0; seed < 70; ++seed) {
      Matcher matcher(grammar);
      const std::vector<int32_t> ids = RandomModel(seed).Answer(matcher);
      ASSERT_FALSE(ids.empty()) << "seed " << seed;
      EXPECT_FALSE(matcher.narrowed());
      const std::string text = TextOf(ids);
      const auto message = chat::ParseCompletion(text, false);
      ASSERT_TRUE(message.ok()) << text;
      const Heard heard = Stream(ids);
      Heard strictly{.content = message->content.value_or("")};
      for (const chat::ToolCall& call : message->tool_calls) {
        strictly.calls.push_back({call.name, call.arguments});
        const auto parsed = json::Parse(call.arguments);
        ASSERT_TRUE(parsed.ok() && parsed->is_object()) << call.arguments;
        arguments += static_cast<int>(parsed->object().size());
        if (call.name == "weather") {
          ASSERT_NE(parsed->Find("city"), nullptr) << call.arguments;
          EXPECT_LE(CountUtf8(parsed->Find("city")->string()), 20u);
        }
      }
      ASSERT_EQ(heard, strictly) << text;
      ++answers;
      calls += static_cast<int>(heard.calls.size());
      ASSERT_GE(heard.calls.size(), shape.calls == Calls::kRequired ? 1u : 0u);
      ASSERT_LE(heard.calls.size(), shape.several_calls ? 128u : 1u);
    }
  }
  EXPECT_GE(answers, 300);
  EXPECT_GE(calls, 200);
  EXPECT_GE(arguments, 100);
}

}  // namespace
}  // namespace fathom::grammar
