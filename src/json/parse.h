// Text → Value: a recursive-descent parser with limits.
//
// The grammar is RFC 8259 or, with `python_constants`, what Python's json.loads accepts (NaN,
// Infinity, -Infinity too). Error texts and positions are Python's, because the chat format must
// report them. Three differences from Python, on purpose: a lone surrogate escape (\ud800) is
// refused, since it has no UTF-8 form, and so is nesting deeper than max_depth; an integer may have
// any number of digits, where Python stops at 4,300.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "json/value.h"

namespace fathom::json {

struct ParseOptions {
  int max_depth = 512;  // arrays and objects inside one another
  size_t max_bytes = size_t{256} << 20;
  bool python_constants = false;
  bool unique_keys = false;  // a key that stands twice in an object is an error
};

struct ParseError {
  std::string message;  // as Python's JSONDecodeError.msg: "Expecting ',' delimiter"
  size_t offset = 0;    // bytes from the start of the text

  // As str(JSONDecodeError): "Expecting value: line 1 column 1 (char 0)", counted in characters.
  std::string PythonText(std::string_view text) const;
};

std::variant<Value, ParseError> ParseOrError(std::string_view text,
                                             const ParseOptions& options = {});

// The same with a Status: "byte 17: expecting ',' delimiter".
Result<Value> Parse(std::string_view text, const ParseOptions& options = {});

// A file: the message names `path` as well.
Result<Value> ParseFile(const std::string& path, const ParseOptions& options = {});

}  // namespace fathom::json
