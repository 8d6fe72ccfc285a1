// The grammar of a whole answer after its reasoning: text and calls in the model's own markup, or
// JSON of a schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "grammar/expression.h"
#include "grammar/limits.h"
#include "json/value.h"
#include "tokenizer/tokenizer.h"

namespace fathom::grammar {

// A tool as its grammar needs it.
struct ToolShape {
  std::string name;
  json::Value parameters;  // JSON Schema of an object; null: any arguments
  bool strict = false;     // the arguments keep to the schema; otherwise any will do
  std::string path;        // for messages: "tools[0].function.parameters"
};

enum class Calls {
  kNone,      // no calls: `tools` is empty
  kOptional,  // text, and calls behind it, if any
  kRequired,  // at least one call, and no text before it
};

struct AnswerShape {
  std::vector<ToolShape> tools = {};
  Calls calls = Calls::kNone;
  bool several_calls = true;
  // What the text is: a JSON value of this schema, any JSON object (an empty schema object stands
  // for any value), or without it any text.
  std::optional<json::Value> json_schema = {};
  std::string json_path = {};  // for messages: "response_format.json_schema.schema"
};

// Errors: SchemaCompiler's, and kUnsupported for a vocabulary without the markup's tokens.
// Descriptions and names are text, whatever they hold.
Result<Grammar> MakeAnswerGrammar(const AnswerShape& shape, const Tokenizer& tokenizer,
                                  const GrammarLimits& limits);

}  // namespace fathom::grammar
