// Help texts, made from the table of commands.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace fathom {

// The list of commands.
std::string ProgramHelp(const std::vector<Command>& commands);

// One command: what it does, how it is called, its arguments and flags. At most 100 columns wide.
std::string CommandHelp(const Command& command);

}  // namespace fathom
