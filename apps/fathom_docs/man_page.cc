#include "man_page.h"

#include <fmt/core.h>

#include <cctype>

#include "base/utf8.h"
#include "flag_kind.h"
#include "help_text.h"

namespace fathom {
namespace {

// What a character is written as, where it is not itself. A hyphen would otherwise become U+2010,
// which no shell takes for the one of a flag.
std::string_view Escape(char32_t character) {
  switch (character) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    case U'…':
      return "...";  // a terminal in the C locale has no other
    default:
      return {};
  }
}

std::string Bold(std::string_view text) { return fmt::format("\\fB{}\\fR", ManText(text)); }
std::string Italic(std::string_view text) { return fmt::format("\\fI{}\\fR", ManText(text)); }

// No date: the same source gives the same page on every day.
std::string Header(std::string_view name, std::string_view version) {
  return fmt::format(".TH {} 1 \"\" \"fathom {}\" \"User Commands\"\n", name, version);
}

std::string Synopsis(const Command& command) {
  std::string text =
      fmt::format(".SH SYNOPSIS\n{} [{}]", Bold("fathom " + command.name), Italic("FLAGS"));
  for (const Flag& flag : command.flags) {
    if (!IsPositional(flag)) continue;
    const std::string several = TakesSeveral(flag) ? " ..." : "";
    text += flag.required ? fmt::format(" {}{}", Italic(flag.name), several)
                          : fmt::format(" [{}{}]", Italic(flag.name), several);
  }
  return text + "\n";
}

// What stands for the value: its choices, or a word.
std::string ValueText(const Flag& flag) {
  if (flag.choices.empty()) return Italic(flag.value);
  std::string text;
  for (const std::string& choice : flag.choices) {
    if (!text.empty()) text += "|";
    text += Bold(choice);
  }
  return text;
}

std::string FlagEntry(const Flag& flag) {
  std::string label;
  if (IsPositional(flag)) {
    label = Italic(flag.name);
  } else {
    for (const std::string& name : FlagNames(flag)) {
      if (!label.empty()) label += ", ";
      label += Bold(name);
    }
    if (KindOf(flag) != ValueKind::kSwitch) label += " " + ValueText(flag);
  }
  return fmt::format(".TP\n{}\n{}{}\n", label, ManText(flag.help),
                     flag.required ? " (required)" : "");
}

std::string Entries(std::string_view section, const std::vector<Flag>& flags, bool positional) {
  std::string text;
  for (const Flag& flag : flags) {
    if (IsPositional(flag) == positional) text += FlagEntry(flag);
  }
  return text.empty() ? text : fmt::format(".SH {}\n{}", section, text);
}

constexpr std::string_view kHelpEntry = ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nlist the flags\n";

constexpr std::string_view kExitStatus =
    ".SH EXIT STATUS\n"
    "0 when everything went well, 1 after an error, which is one line on standard error, 130 when "
    "Ctrl\\-C ended the answer.\n";

// What the table of commands does not hold.
constexpr std::string_view kProgramOptions =
    ".SH OPTIONS\n"
    ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nlist the commands; after a command, its flags\n"
    ".TP\n\\fB\\-\\-version\\fR\n"
    "version, commit and compiler, the instruction sets that are built in and the one in use on "
    "this "
    "machine, the numeric modes\n";

constexpr std::string_view kProgramEnd =
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBFATHOM_MODEL\\fR\nthe model folder where none is named, instead of fathom\\-nano\n"
    ".TP\n\\fBFATHOM_ISA\\fR\n"
    "the instruction set to use, one of those that \\fB\\-\\-version\\fR lists, instead of the "
    "best\n"
    ".TP\n\\fBNO_COLOR\\fR\nset to anything: no colours and no bold text on a terminal\n"
    ".SH FILES\n"
    ".TP\n\\fI../share/fathom/models/fathom\\-nano\\fR\n"
    "the bundled model, seen from the program\\(aqs own folder\n"
    ".SH EXAMPLES\n"
    ".TP\n\\fBfathom run \\-p \\(dqWhat is 482 * 37?\\(dq \\-\\-use\\-tools\\fR\n"
    "one answer, for which the model may use the calculator\n"
    ".TP\n\\fBfathom run \\-\\-jsonl < requests.jsonl\\fR\n"
    "many answers, in the order of the requests\n"
    ".TP\n\\fBfathom chat \\-\\-thinking\\fR\n"
    "a conversation in the terminal\n"
    ".TP\n\\fBfathom inspect DeepSeek\\-V3.2\\fR\n"
    "what a model folder holds and how much memory it needs\n";

}  // namespace

std::string ManText(std::string_view text) {
  std::string escaped;
  bool line_begins = true;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char next = DecodeUtf8(text.substr(at));
    const std::string_view bytes = text.substr(at, next.length);
    const std::string_view escape = Escape(next.code_point);
    if (line_begins && (bytes == "." || escape.starts_with('.'))) escaped += "\\&";
    if (!escape.empty()) {
      escaped += escape;
    } else if (next.code_point < 0x80) {
      escaped += bytes;
    } else {
      escaped += fmt::format("\\[u{:04X}]", static_cast<uint32_t>(next.code_point));
    }
    line_begins = bytes == "\n";
    at += next.length;
  }
  return escaped;
}

std::string ProgramPage(const std::vector<Command>& commands, std::string_view version) {
  std::string text = Header("FATHOM", version);
  text += ".SH NAME\nfathom \\- run DeepSeek\\-V3.2\n";
  text += fmt::format(".SH SYNOPSIS\n{} {} [{}]\n", Bold("fathom"), Italic("COMMAND"),
                      Italic("ARGUMENTS"));
  text += fmt::format(
      ".SH DESCRIPTION\n{}\n.PP\n{} is a folder with config.json, tokenizer.json and safetensors "
      "files, as DeepSeek publishes them. Left out, it is fathom\\-nano, a small model for "
      "trying things out.\n",
      ManText(kProgramSummary), Italic("MODEL"));
  text += ".SH COMMANDS\n";
  for (const Command& command : commands) {
    text +=
        fmt::format(".TP\n{}(1)\n{}\n", Bold("fathom-" + command.name), ManText(command.summary));
  }
  text += kProgramOptions;
  text += kExitStatus;
  text += kProgramEnd;
  text += ".SH SEE ALSO\n";
  for (const Command& command : commands) {
    const bool last = &command == &commands.back();
    text += fmt::format(".BR {} (1){}\n", ManText("fathom-" + command.name), last ? "" : ",");
  }
  return text;
}

std::string CommandPage(const Command& command, std::string_view version) {
  std::string name = "FATHOM-" + command.name;
  for (char& letter : name) letter = static_cast<char>(std::toupper(letter));
  std::string text = Header(ManText(name), version);
  text += fmt::format(".SH NAME\n{} \\- {}\n", ManText("fathom-" + command.name),
                      ManText(command.summary));
  text += Synopsis(command);
  const std::string& about = command.description.empty() ? command.summary : command.description;
  text += fmt::format(".SH DESCRIPTION\n{}\n", ManText(about));
  text += Entries("ARGUMENTS", command.flags, /*positional=*/true);
  const std::string options = Entries("OPTIONS", command.flags, /*positional=*/false);
  text += options.empty() ? ".SH OPTIONS\n" : options;
  text += kHelpEntry;
  text += ".PP\nBrackets hold what applies when a flag is left out.\n";
  text += kExitStatus;
  text += ".SH SEE ALSO\n.BR fathom (1)\n";
  return text;
}

}  // namespace fathom
