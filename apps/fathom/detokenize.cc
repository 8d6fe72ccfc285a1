// fathom detokenize: token ids → text.
#include <charconv>
#include <memory>
#include <utility>

#include "json/field_reader.h"
#include "json/parse.h"
#include "json/write.h"
#include "open_tokenizer.h"
#include "standard_io.h"

namespace fathom {
namespace {

constexpr size_t kMaxInputBytes = size_t{1} << 30;

struct Options {
  TokenizerChoice choice;
  std::vector<std::string> ids;
  bool json = false;
  bool jsonl = false;
};

// Numbers with white space or commas between them, as --ids prints them.
Status AppendIds(std::string_view text, std::vector<int32_t>* ids) {
  constexpr std::string_view kBetween = " \t\r\n,";
  while (true) {
    const size_t begin = text.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    int32_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size()) {
      return InvalidArgument("ids[{}]: expected a token id, found {}", ids->size(),
                             QuoteToken(word));
    }
    ids->push_back(id);
    text.remove_prefix(word.size());
  }
}

// {"ids": […]} → the text
Result<std::string> DecodeLine(const Tokenizer& tokenizer, std::string_view line) {
  FATHOM_ASSIGN_OR_RETURN(const json::Value value, json::Parse(line));
  FATHOM_ASSIGN_OR_RETURN(const json::Object* object, json::AsObject(value, "the line"));
  for (const json::Member& member : *object) {
    if (member.key != "ids") {
      return InvalidArgument("{}: unknown field, expected ids", member.key);
    }
  }
  FATHOM_ASSIGN_OR_RETURN(const json::Array* array, json::FieldReader(*object, "").Arr("ids"));
  std::vector<int32_t> ids;
  for (const json::Value& element : *array) {
    const auto id = element.AsInt64();
    const std::string place = fmt::format("ids[{}]", ids.size());
    if (!id) return json::WrongKind(place, "integer", element);
    FATHOM_RETURN_IF_ERROR(tokenizer.vocabulary().Check(*id).At(place));
    ids.push_back(static_cast<int32_t>(*id));
  }
  return tokenizer.Decode(ids);
}

std::string AnswerLine(const Tokenizer& tokenizer, std::string_view line) {
  const Result<std::string> text = DecodeLine(tokenizer, line);
  json::Object answer;
  if (text.ok()) {
    answer.Set("text", *text);
  } else {
    answer.Set("error", text.status().message());
  }
  return json::Dump(answer, json::Style::kCompact);
}

Result<int> Run(const Options& options) {
  if (options.json && options.jsonl) return InvalidArgument("--json and --jsonl: choose one");
  if (options.jsonl && !options.ids.empty()) {
    return InvalidArgument("--jsonl reads its ids from standard input; found ID as well");
  }
  FATHOM_ASSIGN_OR_RETURN(const Tokenizer tokenizer, OpenTokenizer(options.choice));
  if (options.jsonl) {
    FATHOM_RETURN_IF_ERROR(
        AnswerLines([&](std::string_view line) { return AnswerLine(tokenizer, line); }));
    return 0;
  }
  std::vector<int32_t> ids;
  if (options.ids.empty()) {
    FATHOM_ASSIGN_OR_RETURN(const std::string input, ReadStandardInput(kMaxInputBytes));
    FATHOM_RETURN_IF_ERROR(AppendIds(input, &ids));
  }
  for (const std::string& argument : options.ids) {
    FATHOM_RETURN_IF_ERROR(AppendIds(argument, &ids));
  }
  FATHOM_ASSIGN_OR_RETURN(std::string text, tokenizer.Decode(ids));
  if (options.json) {
    text = json::Dump(json::Object{{"text", text}}, json::Style::kCompact) + "\n";
  }
  FATHOM_RETURN_IF_ERROR(WriteStandardOutput(text));
  return 0;
}

}  // namespace

Command MakeDetokenizeCommand() {
  auto options = std::make_shared<Options>();
  Command command;
  command.name = "detokenize";
  command.summary = "print the text that token ids stand for";
  command.description =
      "Prints the text of the ids given, or of those on standard input, as it is: no line break\n"
      "is added and nothing is escaped. With --jsonl each line {\"ids\": […]} is answered by one\n"
      "line {\"text\": …}, or {\"error\": …} where the line is at fault.";
  command.flags = TokenizerFlags(&options->choice);
  command.flags.insert(
      command.flags.end(),
      {
          {"ID", "", "token ids; without any they are read from standard input", &options->ids},
          {"--json", "", "print {\"text\": …}", &options->json},
          {"--jsonl", "", "one request a line, one answer a line", &options->jsonl},
      });
  command.run = [options] { return Run(*options); };
  return command;
}

}  // namespace fathom
