#include "grammar/tool_grammar.h"

#include <string_view>
#include <utility>

#include "chat/call_reader.h"
#include "chat/dsml.h"
#include "grammar/json_schema.h"
#include "grammar/utf8_steps.h"

namespace fathom::grammar {
namespace {

// A character of UTF-8 that is none of `without`, which are ASCII.
ByteDfa Character(std::string_view without = "", bool control = true) {
  // State 0 begins, the last one ends, those between are the states of UTF-8.
  constexpr int32_t kEnd = kUtf8States;
  ByteDfa dfa;
  dfa.states.resize(kEnd + 1);
  dfa.states[kEnd].accepting = true;
  auto& start = dfa.states[0].edges;
  for (int c = control ? 0 : 0x20; c < 0x80; ++c) {
    if (without.find(static_cast<char>(c)) != std::string_view::npos) continue;
    if (!control && c == 0x7F) continue;
    const auto byte = static_cast<uint8_t>(c);
    if (!start.empty() && start.back().high + 1 == c) {
      start.back().high = byte;
    } else {
      start.push_back({byte, byte, kEnd});
    }
  }
  for (const Utf8Step& step : kUtf8Steps) {
    dfa.states[step.from].edges.push_back({step.low, step.high, step.to == 0 ? kEnd : step.to});
  }
  return dfa;
}

// Characters of a parameter's name that no schema gives.
constexpr int64_t kLongestFreeName = 64;

class AnswerGrammar {
 public:
  AnswerGrammar(int32_t dsml, const GrammarLimits& limits)
      : dsml_(dsml), compiler_(grammar_, limits) {}

  Result<Grammar> Make(const AnswerShape& shape);

 private:
  ExprId AnyText() { return grammar_.Repeat(grammar_.Dfa(Character()), 0, kUnbounded); }
  // "<" or "</", the token, and what follows.
  ExprId Tag(std::string_view open, std::string_view rest) {
    return grammar_.Sequence({grammar_.Text(open), grammar_.Token(dsml_), grammar_.Text(rest)});
  }

  Result<ExprId> Block(const AnswerShape& shape);
  Result<ExprId> Invoke(const ToolShape& tool);
  Result<ExprId> Parameters(const ToolShape& tool);
  Result<ExprId> AnyParameters();
  ExprId ParameterLine(ExprId name, ExprId text, ExprId json);
  struct Line {
    ExprId line = -1;
    bool required = false;
    bool many = false;  // any number of times
  };
  ExprId Lines(const std::vector<Line>& lines, size_t from, size_t to);
  ExprId SomeLines(const std::vector<Line>& lines, size_t from, size_t to);

  const int32_t dsml_;
  Grammar grammar_;
  SchemaCompiler compiler_;
  ExprId any_parameters_ = -1;
};

// A line break and a parameter. The value is one of the forms that are there.
ExprId AnswerGrammar::ParameterLine(ExprId name, ExprId text, ExprId json) {
  std::vector<ExprId> forms;
  if (text >= 0) forms.push_back(grammar_.Sequence({grammar_.Text("true\">"), text}));
  if (json >= 0) forms.push_back(grammar_.Sequence({grammar_.Text("false\">"), json}));
  return grammar_.Sequence({Tag("\n<", "parameter name=\""), name, grammar_.Text("\" string=\""),
                            grammar_.Choice(forms), Tag("</", "parameter>")});
}

ExprId AnswerGrammar::Lines(const std::vector<Line>& lines, size_t from, size_t to) {
  std::vector<ExprId> parts;
  for (size_t i = from; i < to; ++i) {
    const Line& line = lines[i];
    parts.push_back(grammar_.Repeat(line.line, line.required ? 1 : 0, line.many ? kUnbounded : 1));
  }
  return grammar_.Sequence(std::move(parts));
}

// At least one of the lines, of which none is required: one of the first half and any of the
// second, or one of the second. Lines stand in it n log n times.
ExprId AnswerGrammar::SomeLines(const std::vector<Line>& lines, size_t from, size_t to) {
  if (from == to) return grammar_.Never();
  if (to - from == 1)
    return grammar_.Repeat(lines[from].line, 1, lines[from].many ? kUnbounded : 1);
  const size_t middle = from + (to - from) / 2;
  const ExprId first = SomeLines(lines, from, middle), second = SomeLines(lines, middle, to);
  return grammar_.Choice({grammar_.Sequence({first, Lines(lines, middle, to)}), second});
}

Result<ExprId> AnswerGrammar::AnyParameters() {
  if (any_parameters_ >= 0) return any_parameters_;
  FATHOM_ASSIGN_OR_RETURN(const ExprId json, compiler_.Json(json::Object(), "arguments",
                                                            {.spacing = Spacing::kPython}));
  const ExprId name = grammar_.Repeat(grammar_.Dfa(Character("\"<>", false)), 1, kLongestFreeName);
  const RuleId rule = grammar_.Declare("any arguments");
  const ExprId line = ParameterLine(name, AnyText(), json);
  grammar_.Define(rule,
                  grammar_.Choice({grammar_.Text("\n"), grammar_.Repeat(line, 1, kUnbounded)}));
  any_parameters_ = grammar_.Use(rule);
  return any_parameters_;
}

// What stands between the tags of a call: a line for each argument, or an empty one.
Result<ExprId> AnswerGrammar::Parameters(const ToolShape& tool) {
  if (!tool.strict) return AnyParameters();
  // Whoever asks for a strict tool without a schema means one without arguments.
  const json::Value none = json::Object{{"type", "object"}, {"additionalProperties", false}};
  FATHOM_ASSIGN_OR_RETURN(
      const SchemaCompiler::Parameters parameters,
      compiler_.Arguments(tool.parameters.is_null() ? none : tool.parameters, tool.path));
  std::vector<Line> lines;
  bool any_required = false;
  const auto add = [&](ExprId name, ExprId text, ExprId json, bool required, bool many) {
    // Lines stand in several places; as a rule they are there once.
    const RuleId rule = grammar_.Declare("an argument");
    grammar_.Define(rule, ParameterLine(name, text, json));
    lines.push_back({.line = grammar_.Use(rule), .required = required, .many = many});
    any_required = any_required || required;
  };
  for (const SchemaCompiler::Parameter& each : parameters.named) {
    add(grammar_.Text(each.name), each.text, each.json, each.required, false);
  }
  if (parameters.open) {
    add(parameters.other_name, parameters.other_text, parameters.other_json, false, true);
  }
  if (any_required) return Lines(lines, 0, lines.size());
  return grammar_.Choice({grammar_.Text("\n"), SomeLines(lines, 0, lines.size())});
}

Result<ExprId> AnswerGrammar::Invoke(const ToolShape& tool) {
  // What would end the name's attribute for the parsers of chat/ can't be said in it.
  if (tool.name.empty() || tool.name.find("\">") != std::string::npos ||
      tool.name.size() > chat::StreamLimits().max_name_bytes) {
    return InvalidArgument(
        "{}: the tool's name has {} bytes; expected 1 to {}, without a quote before \">\"",
        tool.path, tool.name.size(), chat::StreamLimits().max_name_bytes);
  }
  FATHOM_ASSIGN_OR_RETURN(const ExprId parameters, Parameters(tool));
  return grammar_.Sequence({grammar_.Text(tool.name), grammar_.Text("\">"), parameters});
}

// The calls, from the empty line before them to the last tag.
Result<ExprId> AnswerGrammar::Block(const AnswerShape& shape) {
  std::vector<ExprId> invokes;
  for (const ToolShape& tool : shape.tools) {
    FATHOM_ASSIGN_OR_RETURN(const ExprId invoke, Invoke(tool));
    invokes.push_back(invoke);
  }
  const ExprId call = grammar_.Sequence(
      {Tag("<", "invoke name=\""), grammar_.Choice(std::move(invokes)), Tag("\n</", "invoke>\n")});
  const int64_t most = shape.several_calls ? chat::StreamLimits().max_calls : 1;
  const RuleId rule = grammar_.Declare("the calls");
  grammar_.Define(
      rule, grammar_.Sequence({grammar_.Token(dsml_), grammar_.Text("function_calls>\n"),
                               grammar_.Repeat(call, 1, most), Tag("</", "function_calls>")}));
  return grammar_.Sequence({grammar_.Text("\n\n<"), grammar_.Use(rule)});
}

Result<Grammar> AnswerGrammar::Make(const AnswerShape& shape) {
  ExprId block = -1;
  if (!shape.tools.empty() && shape.calls != Calls::kNone) {
    FATHOM_ASSIGN_OR_RETURN(block, Block(shape));
  }
  if (shape.calls == Calls::kRequired) {
    if (block < 0) return InvalidArgument("a call is required, but there are no tools");
    grammar_.SetStart(block);
    return std::move(grammar_);
  }
  if (shape.json_schema) {
    FATHOM_ASSIGN_OR_RETURN(const ExprId json, compiler_.Json(*shape.json_schema, shape.json_path,
                                                              {.spacing = Spacing::kFlexible}));
    grammar_.SetStart(block < 0 ? json : grammar_.Choice({json, block}));
    return std::move(grammar_);
  }
  grammar_.SetStart(block < 0 ? AnyText()
                              : grammar_.Sequence({AnyText(), grammar_.Optional(block)}));
  return std::move(grammar_);
}

}  // namespace

Result<Grammar> MakeAnswerGrammar(const AnswerShape& shape, const Tokenizer& tokenizer,
                                  const GrammarLimits& limits) {
  int32_t dsml = -1;
  if (!shape.tools.empty()) {
    const auto id = tokenizer.TokenId(chat::kDsml);
    if (!id || !tokenizer.vocabulary().IsAdded(*id)) {
      return Unsupported(
          "the vocabulary has no special token {}, which tool calls are written with",
          QuoteToken(chat::kDsml));
    }
    dsml = *id;
  }
  return AnswerGrammar(dsml, limits).Make(shape);
}

}  // namespace fathom::grammar
