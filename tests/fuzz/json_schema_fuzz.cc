// A schema from anywhere, as a response format and as the parameters of a tool: it compiles or is
// refused with a message that begins with its path, within the limits, and a random text of the
// grammar is JSON.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "grammar/json_schema.h"
#include "json/parse.h"
#include "support/sample_grammar.h"

namespace fathom::grammar {
namespace {

// Sanitizers are slow, and time is no invariant.
constexpr GrammarLimits kLimits = {
    .schema_bytes = 16 << 10, .expressions = 20'000, .states = 20'000, .seconds = 10};

void CheckStatus(const Status& status) {
  FATHOM_CHECK(status.message().starts_with("schema"), "{}", status.message());
  FATHOM_CHECK(status.code() == Code::kInvalidArgument || status.code() == Code::kUnsupported ||
                   status.code() == Code::kResourceExhausted,
               "{}", status.message());
}

void TestOneInput(std::string_view text) {
  const Result<json::Value> schema = json::Parse(text, {.max_depth = 100});
  if (!schema.ok()) return;
  Grammar grammar;
  SchemaCompiler compiler(grammar, kLimits);
  const Result<SchemaCompiler::Parameters> parameters = compiler.Arguments(*schema, "schema");
  if (!parameters.ok()) CheckStatus(parameters.status());

  Grammar json;
  SchemaCompiler json_compiler(json, kLimits);
  const Result<ExprId> form = json_compiler.Json(*schema, "schema", {});
  if (!form.ok()) return CheckStatus(form.status());
  json.SetStart(*form);
  const test::GrammarSampler sampler(json);
  FATHOM_CHECK(sampler.HasText(), "a grammar without texts");
  for (uint64_t seed = 0; seed < 2; ++seed) {
    const std::string sample = sampler.Sample(seed, 200);
    const Result<json::Value> value = json::Parse(sample, {.max_depth = 100'000});
    FATHOM_CHECK(value.ok(), "{}: {}", value.status().message(), sample);
  }
}

}  // namespace
}  // namespace fathom::grammar

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fathom::grammar::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
