// How long schemas take to compile: the formats one by one, and the 100 largest schemas at hand
// (tests/strict/real_schemas.jsonl, the JSON Schema test suite, and those of the file that
// FATHOM_SCHEMAS names, a schema a line, such as strict/schemas.jsonl of a build folder in which
// strict_samples has run).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mapped_file.h"
#include "grammar/json_schema.h"
#include "json/parse.h"
#include "json/write.h"

namespace fathom::grammar {
namespace {

double CompileSeconds(const json::Value& schema, size_t* expressions) {
  const Stopwatch watch;
  Grammar grammar;
  SchemaCompiler compiler(grammar, {.seconds = 60});
  const Result<ExprId> form = compiler.Json(schema, "schema", {});
  *expressions = grammar.expressions();
  return form.ok() ? watch.seconds() : -1;
}

void AddLines(const std::string& path, std::vector<json::Value>* schemas) {
  const Result<std::string> text = ReadFile(path, size_t{256} << 20);
  FATHOM_CHECK(text.ok(), "{}", text.status().message());
  for (std::string_view left = *text; !left.empty();) {
    const size_t end = std::min(left.find('\n'), left.size());
    Result<json::Value> schema = json::Parse(left.substr(0, end));
    FATHOM_CHECK(schema.ok(), "{}: {}", path, schema.status().message());
    schemas->push_back(*std::move(schema));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

std::vector<json::Value> AllSchemas() {
  std::vector<json::Value> schemas;
  AddLines(FATHOM_SOURCE_DIR "/tests/strict/real_schemas.jsonl", &schemas);
  if (const char* more = std::getenv("FATHOM_SCHEMAS")) AddLines(more, &schemas);
  const std::filesystem::path suite = "/usr/share/json-schema-test-suite/tests/draft7";
  if (!std::filesystem::exists(suite)) return schemas;
  for (const auto& entry : std::filesystem::directory_iterator(suite)) {
    if (entry.path().extension() != ".json") continue;
    const Result<json::Value> groups = json::ParseFile(entry.path().string());
    for (const json::Value& group : groups.value().array()) {
      schemas.push_back(*group.Find("schema"));
    }
  }
  return schemas;
}

// A schema that is refused counts for nothing here: it would only make the figures smaller.
void LargestSchemas(benchmark::State& state) {
  std::vector<json::Value> schemas = AllSchemas();
  std::vector<std::pair<size_t, const json::Value*>> sizes;
  size_t expressions = 0;
  for (const json::Value& schema : schemas) {
    if (CompileSeconds(schema, &expressions) < 0) continue;
    sizes.emplace_back(json::Dump(schema, json::Style::kCompact).size(), &schema);
  }
  std::ranges::sort(sizes, std::greater());
  if (sizes.size() > 100) sizes.resize(100);
  std::vector<double> best(sizes.size(), 1e9);
  for (auto _ : state) {
    for (size_t i = 0; i < sizes.size(); ++i) {
      best[i] = std::min(best[i], CompileSeconds(*sizes[i].second, &expressions));
    }
  }
  std::ranges::sort(best);
  state.counters["schemas"] = static_cast<double>(sizes.size());
  state.counters["largest_bytes"] = static_cast<double>(sizes.front().first);
  state.counters["smallest_bytes"] = static_cast<double>(sizes.back().first);
  state.counters["median_ms"] = best[best.size() / 2] * 1e3;
  state.counters["max_ms"] = best.back() * 1e3;
}
BENCHMARK(LargestSchemas)->Unit(benchmark::kMillisecond)->Iterations(5);

void Format(benchmark::State& state, const char* name) {
  const json::Value schema(json::Object{{"type", "string"}, {"format", name}});
  size_t expressions = 0;
  for (auto _ : state) CompileSeconds(schema, &expressions);
}
BENCHMARK_CAPTURE(Format, date_time, "date-time")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Format, email, "email")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Format, uri, "uri")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Format, uri_reference, "uri-reference")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Format, hostname, "hostname")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Format, ipv6, "ipv6")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Format, uuid, "uuid")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Format, duration, "duration")->Unit(benchmark::kMillisecond);

// A union of `range` objects that a constant tells apart.
void Union(benchmark::State& state) {
  json::Array branches;
  for (int64_t i = 0; i < state.range(0); ++i) {
    json::Object properties = {{"kind", json::Object{{"const", fmt::format("kind {}", i)}}}};
    for (const char* name : {"id", "name", "comment"}) {
      properties.Set(name, json::Object{{"type", "string"}});
    }
    branches.emplace_back(json::Object{{"type", "object"},
                                       {"properties", std::move(properties)},
                                       {"required", json::Array{"kind", "id"}},
                                       {"additionalProperties", false}});
  }
  const json::Value schema(json::Object{{"oneOf", std::move(branches)}});
  size_t expressions = 0;
  for (auto _ : state) CompileSeconds(schema, &expressions);
  state.counters["expressions"] = static_cast<double>(expressions);
}
BENCHMARK(Union)->Arg(10)->Arg(50)->Arg(200)->Unit(benchmark::kMillisecond);

// A list of `range` words.
void Words(benchmark::State& state) {
  json::Array words;
  for (int64_t i = 0; i < state.range(0); ++i) words.emplace_back(fmt::format("the word {}", i));
  const json::Value schema(json::Object{{"enum", std::move(words)}});
  size_t expressions = 0;
  for (auto _ : state) CompileSeconds(schema, &expressions);
}
BENCHMARK(Words)->Arg(100)->Arg(1000)->Arg(8000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fathom::grammar
