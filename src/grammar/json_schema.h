// A JSON Schema → what a text must be to be a JSON value that is valid against it.
//
// What is generated is a part of what the schema allows, never more: the properties of an object
// come in the schema's order, those it doesn't name behind them. Keywords that can't be kept to are
// an error that names them; annotations (title, description, default, examples, $comment …) are
// passed over. docs/structured-output.md lists all of it.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "grammar/expression.h"
#include "grammar/limits.h"
#include "json/value.h"

namespace fathom::grammar {

enum class Spacing {
  kPython,    // ", " and ": ", as the model's own format writes values
  kFlexible,  // where JSON allows white space: at most one line break and 64 blanks
};

struct SchemaOptions {
  Spacing spacing = Spacing::kFlexible;
  // Whether an object without "additionalProperties" may have others than it names. JSON Schema
  // says yes.
  bool open_objects = true;
};

// One request's schemas, compiled into one grammar. The limits hold for all of them together.
class SchemaCompiler {
 public:
  SchemaCompiler(Grammar& grammar, const GrammarLimits& limits);  // the grammar outlives it

  // The expression of a JSON text. `path` begins every message: "tools[0].function.parameters".
  // kInvalidArgument: no schema, a reference to nothing, recursion without end, nothing satisfies
  // it; kUnsupported: a keyword or a combination that can't be kept to; kResourceExhausted: beyond
  // the limits.
  Result<ExprId> Json(const json::Value& schema, std::string_view path,
                      const SchemaOptions& options);

  // What a tool's arguments must be, property by property, for tool_grammar.h.
  struct Parameter {
    std::string name;
    bool required = false;
    ExprId text = -1;  // the value as raw text, when it may be a string; else -1
    ExprId json = -1;  // the value as JSON, when it may be something else; else -1
  };
  struct Parameters {
    std::vector<Parameter> named;  // in the schema's order
    bool open = false;             // others may follow, of these forms:
    ExprId other_text = -1, other_json = -1;
    ExprId other_name = -1;  // as raw text: none of the named ones
  };
  // `schema` must describe an object. Raw text never holds a special token; what ends it is the
  // caller's. Names can't hold quotes, <, > or control characters.
  Result<Parameters> Arguments(const json::Value& schema, std::string_view path);

 private:
  Grammar& grammar_;
  const GrammarLimits limits_;
  Stopwatch watch_;
};

}  // namespace fathom::grammar
