// Completion scripts, made from the table of commands. Commands, flags and choices complete to
// themselves, FILE to files, DIR and MODEL to folders, and a text of the user's to nothing.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace fathom {

std::string BashCompletion(const std::vector<Command>& commands);
std::string ZshCompletion(const std::vector<Command>& commands);
std::string FishCompletion(const std::vector<Command>& commands);

}  // namespace fathom
