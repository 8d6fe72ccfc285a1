// One `complete` for each command, flag and argument. fish offers files unless told otherwise, so
// that is switched off once and on again for FILE.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "completion.h"
#include "flag_kind.h"

namespace fathom {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

constexpr const char* kFolders = " -a '(__fish_complete_directories)'";

// How the values of a flag are completed: -x needs one and offers no files, -F offers files.
std::string Value(const Flag& flag) {
  switch (KindOf(flag)) {
    case ValueKind::kSwitch:
      return "";
    case ValueKind::kChoice:
      return fmt::format(" -x -a '{}'", fmt::join(flag.choices, " "));
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kFolder:
      return std::string(" -x") + kFolders;
    case ValueKind::kText:
      return " -x";
  }
  return "";
}

std::string ArgumentLine(const std::string& condition, const Flag& flag) {
  if (KindOf(flag) == ValueKind::kFile) return condition + " -F\n";
  if (KindOf(flag) == ValueKind::kFolder) return condition + kFolders + "\n";
  return "";
}

std::string FlagLine(const std::string& condition, const Flag& flag) {
  std::string line = condition;
  for (const std::string& name : FlagNames(flag)) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return line + Value(flag) + " -d " + Quoted(flag.help) + "\n";
}

constexpr const char* kHead =
    R"(# Completions of fathom for fish, made from the program's table of commands.

# Whether the command is $argv; without one, whether none has been typed yet.
function __fathom_command
    set -l words (commandline -opc)
    test "$words[2]" = "$argv"
end

complete -c fathom -f
complete -c fathom -s h -l help -d 'list what there is'
complete -c fathom -n __fathom_command -l version -d 'say what was built and what this machine uses'
)";

}  // namespace

std::string FishCompletion(const std::vector<Command>& commands) {
  std::string script = kHead;
  for (const Command& command : commands) {
    script += fmt::format("complete -c fathom -n __fathom_command -a {} -d {}\n", command.name,
                          Quoted(command.summary));
  }
  for (const Command& command : commands) {
    script += "\n";
    const std::string condition =
        fmt::format("complete -c fathom -n '__fathom_command {}'", command.name);
    for (const Flag& flag : command.flags) {
      script += IsPositional(flag) ? ArgumentLine(condition, flag) : FlagLine(condition, flag);
    }
  }
  return script;
}

}  // namespace fathom
