// Prints what Fathom allows in every state that the instances of a list of schemas go through.
//
//   allowed_sets SCHEMAS TOKENIZER
//
// One line of JSON a state: the schema's name, the tokens that led there, and the set of tokens
// that may come, as a bit each in hexadecimal digits, the lowest bit of a digit first. Behind the
// tokens of an instance the answer may end, or the program says that it may not and fails.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "json/parse.h"
#include "json/write.h"
#include "tokenizer/tokenizer.h"

namespace fathom {
namespace {

constexpr int32_t kRows = 129280;

std::string HexOf(std::span<const uint64_t> words) {
  std::string hex;
  for (const uint64_t word : words) {
    for (int shift = 0; shift < 64; shift += 4) hex += "0123456789abcdef"[word >> shift & 15];
  }
  return hex;
}

Status PrintSchema(const json::Value& entry, const Tokenizer& tokenizer,
                   const std::shared_ptr<const grammar::TokenTable>& table) {
  const std::string& name = entry.Find("name")->string();
  const grammar::GrammarLimits limits{.seconds = 10};
  grammar::Grammar grammar;
  grammar::SchemaCompiler compiler(grammar, limits);
  FATHOM_ASSIGN_OR_RETURN(
      const grammar::ExprId start,
      compiler.Json(*entry.Find("schema"), name, {.spacing = grammar::Spacing::kPython}));
  grammar.SetStart(start);
  FATHOM_ASSIGN_OR_RETURN(const auto compiled, grammar::Compile(grammar, table, limits));
  for (const json::Value& instance : entry.Find("instances")->array()) {
    const std::string text = json::Dump(instance, json::Style::kPython);
    const std::vector<int32_t> ids = tokenizer.Encode(text);
    grammar::Matcher matcher(compiled);
    for (size_t i = 0;; ++i) {
      const std::string shown = HexOf(matcher.Allowed());
      fmt::print("{{\"schema\": {}, \"ids\": [{}], \"allowed\": \"{}\"}}\n",
                 json::Dump(json::Value(name), json::Style::kPython),
                 fmt::join(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(i), ", "), shown);
      if (i == ids.size()) break;
      if (!matcher.Accept(ids[i])) {
        return InvalidArgument("{}: token {} of {} is refused", name, i, text);
      }
    }
    if (!matcher.CanEnd()) return InvalidArgument("{}: {} is not the end", name, text);
    if (matcher.narrowed()) return InvalidArgument("{}: not all ways were followed", name);
  }
  return {};
}

Status Run(const char* schemas_file, const char* tokenizer_file) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value schemas, json::ParseFile(schemas_file));
  FATHOM_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(tokenizer_file));
  const auto end = tokenizer.TokenId("<｜end▁of▁sentence｜>");
  if (!end) return InvalidArgument("{}: no end of sentence", tokenizer_file);
  const auto table = grammar::MakeTokenTable(tokenizer.vocabulary(), kRows, {*end});
  for (const json::Value& entry : schemas.Find("schemas")->array()) {
    FATHOM_RETURN_IF_ERROR(PrintSchema(entry, tokenizer, table));
  }
  return {};
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: allowed_sets SCHEMAS TOKENIZER\n");
    return 2;
  }
  const fathom::Status status = fathom::Run(argv[1], argv[2]);
  if (!status.ok()) fmt::print(stderr, "error: {}\n", status.message());
  return status.ok() ? 0 : 1;
}
