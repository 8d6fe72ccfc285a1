#include "flag_kind.h"

namespace fathom {
namespace {

struct Word {
  std::string_view word;
  ValueKind kind;
};

// Every word that stands for a value in the table of commands. "MODE" and "TYPE" have choices,
// which say more.
constexpr Word kWords[] = {
    {"FILE", ValueKind::kFile}, {"DIR", ValueKind::kFolder}, {"MODEL", ValueKind::kFolder},
    {"TEXT", ValueKind::kText}, {"N", ValueKind::kText},     {"X", ValueKind::kText},
    {"ID", ValueKind::kText},   {"LIST", ValueKind::kText},  {"MODE", ValueKind::kText},
    {"TYPE", ValueKind::kText}, {"NAME", ValueKind::kText},  {"ADDRESS", ValueKind::kText},
    {"KEY", ValueKind::kText},  {"SIZE", ValueKind::kText},  {"ORIGIN", ValueKind::kText},
};

}  // namespace

bool IsPositional(const Flag& flag) { return flag.name.front() != '-'; }

bool TakesSeveral(const Flag& flag) {
  return std::holds_alternative<std::vector<std::string>*>(flag.target);
}

std::vector<std::string> FlagNames(const Flag& flag) {
  const size_t comma = flag.name.find(',');
  if (comma == std::string::npos) return {flag.name};
  return {flag.name.substr(0, comma), flag.name.substr(comma + 1)};
}

std::optional<ValueKind> KindOfWord(std::string_view word) {
  for (const Word& known : kWords) {
    if (known.word == word) return known.kind;
  }
  return std::nullopt;
}

ValueKind KindOf(const Flag& flag) {
  if (std::holds_alternative<bool*>(flag.target)) return ValueKind::kSwitch;
  if (!flag.choices.empty()) return ValueKind::kChoice;
  return KindOfWord(flag.value.empty() ? flag.name : flag.value).value_or(ValueKind::kText);
}

}  // namespace fathom
