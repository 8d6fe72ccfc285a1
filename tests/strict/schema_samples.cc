// schema_samples COUNT < schemas > samples
//
// Reads a line {"id": …, "schema": …} each and writes a line {"id": …, "samples": ["…", …]} of
// COUNT random texts that the schema's grammar allows, or {"id": …, "code": "…", "error": "…"}.
// Ends with 1 when a line is no such object.
#include <charconv>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include "grammar/json_schema.h"
#include "json/parse.h"
#include "json/write.h"
#include "support/sample_grammar.h"

namespace fathom::test {
namespace {

constexpr size_t kSampleBytes = 400;

json::Object SamplesOf(const json::Value& schema, int64_t count, uint64_t first_seed) {
  json::Array samples;
  // Half of them as the model's own format spaces values, half with white space at will.
  for (const auto spacing : {grammar::Spacing::kPython, grammar::Spacing::kFlexible}) {
    grammar::Grammar grammar;
    grammar::SchemaCompiler compiler(grammar, {.seconds = 20});
    const Result<grammar::ExprId> form = compiler.Json(schema, "schema", {.spacing = spacing});
    if (!form.ok()) {
      const Status status = form.status();
      return {{"code", json::Value(CodeName(status.code()))}, {"error", status.message()}};
    }
    grammar.SetStart(*form);
    const GrammarSampler sampler(grammar);
    for (int64_t i = 0; i < count; ++i) {
      samples.emplace_back(sampler.Sample(first_seed + static_cast<uint64_t>(i), kSampleBytes));
    }
  }
  return {{"samples", std::move(samples)}};
}

int Run(int64_t count) {
  uint64_t seed = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const Result<json::Value> request = json::Parse(line);
    const json::Value* schema = request.ok() ? request->Find("schema") : nullptr;
    const json::Value* id = request.ok() ? request->Find("id") : nullptr;
    if (schema == nullptr || id == nullptr) {
      std::fprintf(stderr, "error: expected {\"id\": …, \"schema\": …}, found %s\n", line.c_str());
      return 1;
    }
    json::Object answer = SamplesOf(*schema, count, seed);
    answer.Set("id", *id);
    std::puts(json::Dump(json::Value(std::move(answer)), json::Style::kCompact).c_str());
    seed += static_cast<uint64_t>(count);
  }
  return 0;
}

}  // namespace
}  // namespace fathom::test

int main(int argc, char** argv) {
  int64_t count = 0;
  const std::string_view text = argc == 2 ? argv[1] : "";
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || count < 1) {
    std::fprintf(stderr, "usage: schema_samples COUNT < schemas > samples\n");
    return 1;
  }
  return fathom::test::Run(count);
}
