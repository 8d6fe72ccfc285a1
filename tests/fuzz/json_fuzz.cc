// The JSON parser and writer on arbitrary bytes: nothing crashes, errors stand inside the text, and
// what was written reads back as what was read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::json {
namespace {

constexpr ParseOptions kPythonOptions = {.python_constants = true};

Value ParseOwn(const std::string& text) {
  const Result<Value> value = Parse(text, kPythonOptions);
  FATHOM_CHECK(value.ok(), "own output: {}: {}", value.status().message(), text);
  return *value;
}

void TestOneInput(std::string_view text) {
  const auto parsed = ParseOrError(text, kPythonOptions);
  const Result<Value> strict = Parse(text);
  if (const auto* error = std::get_if<ParseError>(&parsed)) {
    FATHOM_CHECK(error->offset <= text.size(), "{} > {}", error->offset, text.size());
    FATHOM_CHECK(!error->PythonText(text).empty(), "no text");
    FATHOM_CHECK(!strict.ok(), "accepted without Python's constants alone");
    return;
  }
  const Value& value = std::get<Value>(parsed);
  if (strict.ok()) FATHOM_CHECK(*strict == value, "the constants changed something else");

  const std::string compact = Dump(value, Style::kCompact);
  FATHOM_CHECK(ParseOwn(compact) == value, "compact does not read back: {}", compact);

  // Numbers take Python's form here, so the fixed point is reached after one round.
  const std::string python = Dump(value, Style::kPython);
  const Value again = ParseOwn(python);
  FATHOM_CHECK(Dump(again, Style::kPython) == python, "no fixed point: {}", python);
}

}  // namespace
}  // namespace fathom::json

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fathom::json::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
