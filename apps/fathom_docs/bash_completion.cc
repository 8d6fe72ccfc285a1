// A fixed function over two tables that are written here: the flags of each command, and what may
// follow each flag. Files and folders are left to readline, which knows about quotes and ~.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "completion.h"
#include "flag_kind.h"

namespace fathom {
namespace {

// What the script calls the values of a flag.
std::string Follows(const Flag& flag) {
  switch (KindOf(flag)) {
    case ValueKind::kSwitch:
      return "";
    case ValueKind::kChoice:
      return fmt::format("{}", fmt::join(flag.choices, " "));
    case ValueKind::kFile:
      return ":files";
    case ValueKind::kFolder:
      return ":folders";
    case ValueKind::kText:
      return ":text";
  }
  return "";
}

// One branch of _fathom_command: its flags, and what its argument is.
std::string CommandRow(const Command& command) {
  std::vector<std::string> names = {"-h", "--help"};
  std::string argument, several;
  for (const Flag& flag : command.flags) {
    if (IsPositional(flag)) {
      argument = Follows(flag);
      if (TakesSeveral(flag)) several = "yes";
      continue;
    }
    for (const std::string& name : FlagNames(flag)) names.push_back(name);
  }
  return fmt::format("    {}) flags='{}' argument='{}' several='{}' ;;\n", command.name,
                     fmt::join(names, " "), argument, several);
}

// The branches of _fathom_follows.
std::string FlagRows(const Command& command) {
  std::string rows;
  for (const Flag& flag : command.flags) {
    const std::string follows = Follows(flag);
    if (IsPositional(flag) || follows.empty()) continue;
    std::string patterns;
    for (const std::string& name : FlagNames(flag)) {
      if (!patterns.empty()) patterns += " | ";
      patterns += fmt::format("'{} {}'", command.name, name);
    }
    rows += fmt::format("    {}) follows='{}' ;;\n", patterns, follows);
  }
  return rows;
}

constexpr const char* kHead =
    R"(# Completions of fathom for bash, made from the program's table of commands.

)";

constexpr const char* kMain = R"(
_fathom() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]} flags argument several follows given i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$_fathom_commands --help --version" -- "$word")
    return
  fi

  # bash hands over "--flag=value" as three words.
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  _fathom_command "$command"
  _fathom_follows "$command" "$before"
  if [[ -z $follows && $word != -* ]]; then
    # An argument, unless all that the command takes have been given.
    for ((i = 2; i < COMP_CWORD; ++i)); do
      _fathom_follows "$command" "${COMP_WORDS[i]}"
      if [[ -n $follows ]]; then
        [[ ${COMP_WORDS[i + 1]} == = ]] && ((++i))
        ((++i))
      elif [[ ${COMP_WORDS[i]} != -* ]]; then
        given=yes
      fi
    done
    follows=
    [[ -n $given && -z $several ]] || follows=$argument
  fi

  case $follows in
    :files) compopt -o default ;;
    :folders) compopt -o dirnames ;;
    :text) ;;
    '') mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$follows" -- "$word") ;;
  esac
}

complete -F _fathom fathom
)";

}  // namespace

std::string BashCompletion(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  std::string command_rows, flag_rows;
  for (const Command& command : commands) {
    names.push_back(command.name);
    command_rows += CommandRow(command);
    flag_rows += FlagRows(command);
  }
  std::string script = kHead;
  script += fmt::format("_fathom_commands='{}'\n\n", fmt::join(names, " "));
  script += "# Sets flags, argument and several (whether the argument may be repeated) for $1.\n";
  script += "_fathom_command() {\n  flags='' argument='' several=''\n  case $1 in\n" +
            command_rows + "  esac\n}\n\n";
  script += "# Sets follows to what flag $2 of command $1 takes: choices, a kind, or nothing.\n";
  script += "_fathom_follows() {\n  follows=''\n  case \"$1 $2\" in\n" + flag_rows + "  esac\n}\n";
  return script + kMain;
}

}  // namespace fathom
