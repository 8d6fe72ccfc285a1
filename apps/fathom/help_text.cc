#include "help_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "flag_kind.h"

namespace fathom {
namespace {

constexpr size_t kColumns = 100;

// Breaks text between words; lines after the first begin with `indent` spaces.
std::string Wrap(std::string_view text, size_t begin, size_t indent) {
  std::string wrapped;
  size_t column = begin;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    if (column > begin && column + 1 + word.size() > kColumns) {
      wrapped += '\n' + std::string(indent, ' ');
      column = begin = indent;
    } else if (column > begin) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
    text.remove_prefix(std::min(text.size(), space + 1));
  }
  return wrapped;
}

// "-p, --prompt TEXT", "MODEL"
std::string Label(const Flag& flag) {
  std::string label = flag.name;
  if (const size_t comma = label.find(','); comma != std::string::npos) {
    label.insert(comma + 1, " ");
  } else if (!IsPositional(flag)) {
    label.insert(0, "    ");  // below the long names of flags that have a short one
  }
  if (!flag.value.empty() && !IsPositional(flag)) label += " " + flag.value;
  return label;
}

std::string Rows(const std::vector<const Flag*>& flags) {
  size_t width = 0;
  for (const Flag* flag : flags) width = std::max(width, Label(*flag).size());
  const size_t indent = width + 4;
  std::string text;
  for (const Flag* flag : flags) {
    std::string help = flag->help;
    if (flag->required) help += " (required)";
    text += fmt::format("  {:<{}}  {}\n", Label(*flag), width, Wrap(help, indent, indent));
  }
  return text;
}

}  // namespace

std::string ProgramHelp(const std::vector<Command>& commands) {
  std::string text = fmt::format(
      "{}\n\n"
      "usage: fathom COMMAND [ARGUMENTS]      fathom COMMAND --help      fathom --version\n\n",
      kProgramSummary);
  for (const Command& command : commands) {
    text += fmt::format("  {:<17}{}\n", command.name, command.summary);
  }
  return text;
}

std::string CommandHelp(const Command& command) {
  std::vector<const Flag*> arguments, flags;
  std::string usage = fmt::format("usage: fathom {} [FLAGS]", command.name);
  for (const Flag& flag : command.flags) {
    (IsPositional(flag) ? arguments : flags).push_back(&flag);
    if (!IsPositional(flag)) continue;
    const std::string several = TakesSeveral(flag) ? " …" : "";
    usage += flag.required ? fmt::format(" {}{}", flag.name, several)
                           : fmt::format(" [{}{}]", flag.name, several);
  }
  const std::string& about = command.description.empty() ? command.summary : command.description;
  std::string text = Wrap(about, 0, 0) + "\n\n" + usage + "\n";
  if (!arguments.empty()) text += "\n" + Rows(arguments);
  if (!flags.empty()) text += "\n" + Rows(flags);
  return text;
}

}  // namespace fathom
