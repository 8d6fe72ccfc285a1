// fathom tokenize: text → tokens.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"
#include "open_tokenizer.h"
#include "standard_io.h"

namespace fathom {
namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 30;

struct Options {
  TokenizerChoice choice;
  std::optional<std::string> text;
  bool allow_special = false;
  bool ids = false;
  bool json = false;
  bool jsonl = false;
};

using Ids = std::vector<int32_t>;

json::Array IdArray(const Ids& ids) {
  json::Array array;
  for (const int32_t id : ids) array.emplace_back(id);
  return array;
}

// 128803 "<｜User｜>" added
std::string Table(const Vocabulary& vocabulary, const Ids& ids) {
  std::string table;
  for (const int32_t id : ids) {
    const std::string_view kind = vocabulary.IsSpecial(id) ? "  special"
                                  : vocabulary.IsAdded(id) ? "  added"
                                                           : "";
    table +=
        fmt::format("{:>7}  {}{}\n", id, QuoteToken(vocabulary.Bytes(id), kMaxTextBytes), kind);
  }
  return table;
}

std::string IdLine(const Ids& ids) { return fmt::format("{}\n", fmt::join(ids, " ")); }

std::string JsonLine(const Vocabulary& vocabulary, const Ids& ids) {
  json::Array tokens;
  for (const int32_t id : ids) tokens.emplace_back(ReplaceInvalidUtf8(vocabulary.Bytes(id)));
  const json::Object object = {{"ids", IdArray(ids)}, {"tokens", std::move(tokens)}};
  return json::Dump(object, json::Style::kCompact) + "\n";
}

// {"text": …, "allow_special": true} → {"ids": […]} or {"error": …}
Result<Ids> EncodeLine(const Tokenizer& tokenizer, std::string_view line, bool allow_special) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(line));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "the line"));
  for (const json::Member& member : *object) {
    if (member.key != "text" && member.key != "allow_special") {
      return InvalidArgument("{}: unknown field, expected text, allow_special", member.key);
    }
  }
  const json::FieldReader fields(*object, "");
  FATHOM_ASSIGN_OR_RETURN(const std::string text, fields.String("text"));
  FATHOM_ASSIGN_OR_RETURN(const bool allow, fields.BoolOr("allow_special", allow_special));
  return tokenizer.Encode(text, AllowSpecial(allow));
}

std::string AnswerLine(const Tokenizer& tokenizer, std::string_view line, bool allow_special) {
  const Result<Ids> ids = EncodeLine(tokenizer, line, allow_special);
  json::Object answer;
  if (ids.ok()) {
    answer.Set("ids", IdArray(*ids));
  } else {
    answer.Set("error", ids.status().message());
  }
  return json::Dump(answer, json::Style::kCompact);
}

Result<int> Run(const Options& options) {
  if (options.ids + options.json + options.jsonl > 1) {
    return InvalidArgument("--ids, --json and --jsonl: choose one");
  }
  if (options.jsonl && options.text) {
    return InvalidArgument("--jsonl reads its texts from standard input; found TEXT as well");
  }
  FATHOM_ASSIGN_OR_RETURN(const Tokenizer tokenizer, OpenTokenizer(options.choice));
  if (options.jsonl) {
    FATHOM_RETURN_IF_ERROR(AnswerLines(
        [&](std::string_view line) { return AnswerLine(tokenizer, line, options.allow_special); }));
    return 0;
  }
  std::string text;
  if (options.text) {
    text = *options.text;
  } else {
    FATHOM_ASSIGN_OR_RETURN(text, ReadStandardInput(kMaxTextBytes));
  }
  const Ids ids = tokenizer.Encode(text, AllowSpecial(options.allow_special));
  FATHOM_RETURN_IF_ERROR(WriteStandardOutput(options.ids    ? IdLine(ids)
                                             : options.json ? JsonLine(tokenizer.vocabulary(), ids)
                                                            : Table(tokenizer.vocabulary(), ids)));
  return 0;
}

}  // namespace

Command MakeTokenizeCommand() {
  auto options = std::make_shared<Options>();
  Command command;
  command.name = "tokenize";
  command.summary = "print the tokens that a text becomes";
  command.description =
      "Prints the tokens of TEXT, or of standard input, every byte of which counts: an id and\n"
      "the token's text a line. With --jsonl each line {\"text\": …, \"allow_special\": true} is\n"
      "answered by one line {\"ids\": […]}, or {\"error\": …} where the line is at fault.";
  command.flags = TokenizerFlags(&options->choice);
  command.flags.insert(
      command.flags.end(),
      {
          {"TEXT", "", "the text; without it standard input is read", &options->text},
          {"--allow-special", "", "<think> and the like become their tokens, not plain text",
           &options->allow_special},
          {"--ids", "", "print the ids alone, on one line", &options->ids},
          {"--json", "", "print {\"ids\": […], \"tokens\": […]}", &options->json},
          {"--jsonl", "", "one request a line, one answer a line", &options->jsonl},
      });
  command.run = [options] { return Run(*options); };
  return command;
}

}  // namespace fathom
