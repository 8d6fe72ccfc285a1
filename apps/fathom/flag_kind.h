// What may stand after a flag, or as an argument: what a shell can complete and a page can
// describe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace fathom {

bool IsPositional(const Flag& flag);

// Whether every use is kept, rather than the last one.
bool TakesSeveral(const Flag& flag);

// {"-p", "--prompt"} of "-p,--prompt".
std::vector<std::string> FlagNames(const Flag& flag);

enum class ValueKind { kSwitch, kChoice, kFile, kFolder, kText };

// Decided by the word that stands for the value: Flag::value, or the name of an argument without
// one.
ValueKind KindOf(const Flag& flag);

// The same for a word alone; nullopt for one that the table in flag_kind.cc lacks.
std::optional<ValueKind> KindOfWord(std::string_view word);

}  // namespace fathom
