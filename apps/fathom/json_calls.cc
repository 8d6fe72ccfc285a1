#include "json_calls.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "json/parse.h"
#include "standard_io.h"

namespace fathom {
namespace {

struct Options {
  std::string file = "-";
  bool jsonl = false;
};

Status AnswerOnce(std::istream& input, const std::string& name, const JsonCall& call) {
  const std::string text(std::istreambuf_iterator<char>(input), {});
  if (input.bad()) return Internal("{}: {}", name, std::strerror(errno));
  const Result<json::Value> arguments = json::Parse(text, {.python_constants = true});
  if (!arguments.ok()) return arguments.status().At(name);
  FATHOM_ASSIGN_OR_RETURN(const std::string answer, call.once(*arguments));
  return WriteStandardOutput(answer);
}

Result<int> Run(const Options& options, const JsonCall& call) {
  const bool standard = options.file == "-";
  std::ifstream file;
  if (!standard) {
    file.open(options.file, std::ios::binary);
    // A folder opens, but nothing can be read from it.
    if (file.peek(); file.bad() || !file.is_open()) {
      return NotFound("{}: {}", options.file, std::strerror(errno));
    }
    file.clear();
  }
  std::istream& input = standard ? std::cin : file;
  const std::string name = standard ? "standard input" : options.file;
  FATHOM_RETURN_IF_ERROR(options.jsonl ? AnswerLines(input, name, call.line)
                                       : AnswerOnce(input, name, call));
  return 0;
}

}  // namespace

Command MakeJsonCallCommand(JsonCall call) {
  auto options = std::make_shared<Options>();
  Command command;
  command.name = call.name;
  command.summary = call.summary;
  command.description = call.description;
  command.flags = {
      {"FILE", "", "the arguments as JSON; - or nothing reads standard input", &options->file},
      {"--jsonl", "", "one call a line; each gets one line of JSON, errors too", &options->jsonl},
  };
  command.run = [options, call = std::move(call)] { return Run(*options, call); };
  return command;
}

}  // namespace fathom
