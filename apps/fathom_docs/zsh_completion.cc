// One call of _arguments for the program and one for each command; zsh does the rest.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "completion.h"
#include "flag_kind.h"

namespace fathom {
namespace {

// Text inside '…' where each of `special` is meant as itself.
std::string Quoted(std::string_view text, std::string_view special) {
  std::string quoted;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) quoted += '\\';
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted;
}

// ":MODE:(reference fast)"
std::string Value(const Flag& flag) {
  const std::string& word = IsPositional(flag) ? flag.name : flag.value;
  switch (KindOf(flag)) {
    case ValueKind::kSwitch:
      return "";
    case ValueKind::kChoice:
      return fmt::format(":{}:({})", word, fmt::join(flag.choices, " "));
    case ValueKind::kFile:
      return fmt::format(":{}:_files", word);
    // _files -/ offers files too when no folder matches.
    case ValueKind::kFolder:
      return fmt::format(":{}:_path_files -/", word);
    case ValueKind::kText:
      return fmt::format(":{}: ", word);
  }
  return "";
}

std::string FlagSpecs(const Flag& flag) {
  const std::vector<std::string> names = FlagNames(flag);
  const bool valued = KindOf(flag) != ValueKind::kSwitch;
  std::string specs;
  for (const std::string& name : names) {
    // A flag is offered once, and not beside its other name. "=" and "+": the value may be glued
    // on.
    const std::string before =
        TakesSeveral(flag) ? "*" : fmt::format("({})", fmt::join(names, " "));
    const char* glue = !valued ? "" : name.starts_with("--") ? "=" : "+";
    specs += fmt::format("        '{}{}{}[{}]{}' \\\n", before, name, glue,
                         Quoted(flag.help, "\\[]"), Value(flag));
  }
  return specs;
}

std::string CommandCase(const Command& command) {
  std::string specs;
  for (const Flag& flag : command.flags) {
    if (IsPositional(flag)) {
      specs += fmt::format("        '{}{}' \\\n", TakesSeveral(flag) ? "*" : "1:", Value(flag));
    } else {
      specs += FlagSpecs(flag);
    }
  }
  return fmt::format("    {})\n      _arguments -S \\\n{}        $help\n      ;;\n", command.name,
                     specs);
}

constexpr const char* kHead = R"(#compdef fathom
# Completions of fathom for zsh, made from the program's table of commands.

_fathom_commands() {
  local -a commands=(
)";

constexpr const char* kMain = R"(  )
  _describe -t commands command commands
}

_fathom() {
  local curcontext=$curcontext state line
  local -a help=('(- : *)'{-h,--help}'[list what there is]')
  _arguments -C $help \
    '(- : *)--version[say what was built and what this machine uses]' \
    '1: :_fathom_commands' \
    '*:: :->arguments'
  [[ $state == arguments ]] || return
  curcontext=${curcontext%:*}-$words[1]:
  case $words[1] in
)";

constexpr const char* kTail = R"(  esac
}

_fathom "$@"
)";

}  // namespace

std::string ZshCompletion(const std::vector<Command>& commands) {
  std::string script = kHead;
  for (const Command& command : commands) {
    script += fmt::format("    '{}:{}'\n", command.name, Quoted(command.summary, "\\:"));
  }
  script += kMain;
  for (const Command& command : commands) script += CommandCase(command);
  return script + kTail;
}

}  // namespace fathom
