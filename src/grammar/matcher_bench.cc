// What grammars cost: compiling one, and the mask of a token, with no mask known before (cold) and
// with those of the same answer before it (warm).
//
//   grammar_bench TOKENIZER.json [ROWS]
//
// Answers are those of a random model that draws among the allowed tokens, now and then one that
// tends to end something, so that it comes around in the grammar. Every answer begins with a fresh
// grammar. Times are processor time of the thread, so that other work on the machine doesn't show.
// ROWS is the size of the vocabulary's masks, 129280 where it is not given.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "grammar/compiled_grammar.h"
#include "grammar/tool_grammar.h"
#include "json/parse.h"

namespace fathom::grammar {
namespace {

constexpr int kAnswers = 60;
constexpr size_t kTokens = 200;  // of an answer at most

const char* const kWeather = R"({"type": "object", "properties": {
  "city": {"type": "string", "minLength": 1, "maxLength": 80},
  "days": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 14}, "maxItems": 5},
  "unit": {"enum": ["celsius", "fahrenheit"]}, "detail": {"type": ["boolean", "null"]}},
  "required": ["city"], "additionalProperties": false})";
const char* const kOrder = R"({"type": "object", "properties": {
  "id": {"type": "string", "format": "uuid"},
  "placed": {"type": "string", "format": "date-time"},
  "customer": {"$ref": "#/$defs/person"},
  "lines": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {
    "sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4,8}$"},
    "count": {"type": "integer", "minimum": 1, "maximum": 1000},
    "price": {"type": "number"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    "required": ["sku", "count", "price"], "additionalProperties": false}},
  "status": {"enum": ["new", "paid", "sent", "returned"]}},
  "required": ["id", "customer", "lines", "status"], "additionalProperties": false,
  "$defs": {"person": {"type": "object", "properties": {
    "name": {"type": "string", "maxLength": 100}, "email": {"type": "string", "format": "email"},
    "friends": {"type": "array", "items": {"$ref": "#/$defs/person"}}},
    "required": ["name"], "additionalProperties": false}}})";

json::Value Json(const std::string& text) {
  auto parsed = json::Parse(text);
  FATHOM_CHECK(parsed.ok(), "{}: {}", text, parsed.status().message());
  return std::move(parsed).value();
}

ToolShape Tool(const std::string& name, const std::string& schema, bool strict) {
  return {.name = name, .parameters = Json(schema), .strict = strict, .path = name};
}

struct Subject {
  const char* name;
  AnswerShape shape;
};

std::vector<Subject> Subjects() {
  std::vector<ToolShape> many;
  for (int i = 0; i < 20; ++i) many.push_back(Tool(fmt::format("tool_{}", i), kWeather, true));
  std::string words = R"({"enum": [)";
  for (int i = 0; i < 500; ++i)
    words += fmt::format(R"({}"value number {}")", i > 0 ? ", " : "", i);
  words += "]}";
  return {
      {"text, 20 strict tools", {.tools = many, .calls = Calls::kOptional}},
      {"one strict call", {.tools = {Tool("weather", kWeather, true)}, .calls = Calls::kRequired}},
      {"calls, not strict", {.tools = {Tool("f", "{}", false)}, .calls = Calls::kRequired}},
      {"JSON of a schema", {.json_schema = Json(kOrder), .json_path = "order"}},
      {"any JSON", {.json_schema = Json("{}"), .json_path = "any"}},
      {"one of 500 strings", {.json_schema = Json(words), .json_path = "words"}},
  };
}

class CpuWatch {
 public:
  double milliseconds() const { return Now() - start_; }
  void Restart() { start_ = Now(); }

 private:
  static double Now() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
  }
  double start_ = Now();
};

struct Bench {
  Tokenizer tokenizer;
  std::shared_ptr<const TokenTable> table;
  std::vector<int32_t> closing;
};

bool Has(std::span<const uint64_t> mask, int32_t id) {
  return (mask[static_cast<size_t>(id) / 64] >> (id % 64) & 1) != 0;
}

int32_t Choose(const Bench& bench, std::span<const uint64_t> mask, uint64_t seed, uint64_t step) {
  const auto draw = [&](uint64_t stream, size_t limit) {
    return static_cast<size_t>(RandomUniform(seed, stream, step) * static_cast<double>(limit));
  };
  std::vector<int32_t> ids;
  if (draw(1, 100) < 40) {
    for (const int32_t id : bench.closing) {
      if (Has(mask, id)) ids.push_back(id);
    }
    if (!ids.empty()) return ids[draw(2, ids.size())];
  }
  for (size_t w = 0; w < mask.size(); ++w) {
    for (uint64_t word = mask[w]; word != 0; word &= word - 1) {
      ids.push_back(static_cast<int32_t>(w) * 64 + std::countr_zero(word));
    }
  }
  return ids[draw(3, ids.size())];
}

// Milliseconds of each mask of one answer; the masks are looked at by the model alone.
void Answer(const Bench& bench, const std::shared_ptr<const CompiledGrammar>& grammar,
            uint64_t seed, std::vector<double>* masks, std::vector<double>* accepts,
            bool* narrowed) {
  Matcher matcher(grammar);
  for (size_t step = 0; step < kTokens && !matcher.ended(); ++step) {
    CpuWatch watch;
    const auto mask = matcher.Allowed();
    masks->push_back(watch.milliseconds());
    const int32_t token = Choose(bench, mask, seed, step);
    watch.Restart();
    FATHOM_CHECK(matcher.Accept(token), "token {}", token);
    accepts->push_back(watch.milliseconds());
  }
  *narrowed = *narrowed || matcher.narrowed();
}

double At(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(part * last)];
}

void Measure(const Bench& bench, const Subject& subject) {
  std::vector<double> compile, cold, warm, accept, memory;
  size_t states = 0;
  bool narrowed = false;
  for (uint64_t seed = 0; seed < kAnswers; ++seed) {
    const GrammarLimits limits{.seconds = 10};
    CpuWatch watch;
    auto grammar = MakeAnswerGrammar(subject.shape, bench.tokenizer, limits);
    FATHOM_CHECK(grammar.ok(), "{}: {}", subject.name, grammar.status().message());
    auto compiled = Compile(*grammar, bench.table, limits);
    FATHOM_CHECK(compiled.ok(), "{}: {}", subject.name, compiled.status().message());
    compile.push_back(watch.milliseconds());
    states = (*compiled)->automaton().states();
    Answer(bench, *compiled, seed, &cold, &accept, &narrowed);
    Answer(bench, *compiled, seed, &warm, &accept, &narrowed);
    memory.push_back(
        static_cast<double>((*compiled)->mask_bytes() + (*compiled)->automaton().memory_bytes()) /
        1e6);
  }
  fmt::print(
      "| {} | {} | {:.2f} | {:.3f} / {:.2f} / {:.2f} | {:.4f} / {:.3f} / {:.3f} | {:.4f} | {:.2f} "
      "|{}\n",
      subject.name, states, At(compile, 0.5), At(cold, 0.5), At(cold, 0.99), At(cold, 1),
      At(warm, 0.5), At(warm, 0.99), At(warm, 1), At(accept, 0.5), At(memory, 1),
      narrowed ? " narrowed" : "");
}

Status Run(const std::string& path, int32_t rows) {
  CpuWatch watch;
  FATHOM_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::Load(path));
  const auto eos = tokenizer.TokenId("<｜end▁of▁sentence｜>");
  if (!eos) return InvalidArgument("{}: no end of sentence", path);
  watch.Restart();
  const auto table = MakeTokenTable(tokenizer.vocabulary(), rows, {*eos});
  fmt::print("table: {:.0f} ms, {} nodes, {:.1f} MB\n\n", watch.milliseconds(),
             table->trie().size(), static_cast<double>(table->memory_bytes()) / 1e6);
  Bench bench{std::move(tokenizer), table, {}};
  for (const char* text : {"</", "<", "\n\n", "\"", "}", "]", ",", ":", "\n"}) {
    if (const auto id = bench.tokenizer.TokenId(text)) bench.closing.push_back(*id);
  }
  if (const auto id = bench.tokenizer.TokenId("｜DSML｜")) bench.closing.push_back(*id);
  fmt::print(
      "| grammar | states | compile ms | cold ms, median / p99 / max | warm | accept ms | MB |\n");
  fmt::print("|---|---|---|---|---|---|---|\n");
  for (const Subject& subject : Subjects()) Measure(bench, subject);
  return {};
}

}  // namespace
}  // namespace fathom::grammar

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: grammar_bench TOKENIZER.json [ROWS]\n");
    return 2;
  }
  const fathom::Status status =
      fathom::grammar::Run(argv[1], argc == 3 ? std::atoi(argv[2]) : 129280);
  if (!status.ok()) fmt::print(stderr, "error: {}\n", status.message());
  return status.ok() ? 0 : 1;
}
