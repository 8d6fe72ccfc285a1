// The command line: from arguments to one command's run.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace fathom {

// Parses the arguments, runs the command they name and returns the exit code: that of the command,
// or 1 after printing one line "error: …" to standard error. --version prints `version`.
int RunProgram(int argc, char** argv, std::vector<Command> commands, const std::string& version);

// Every command, in the order of the help text.
std::vector<Command> AllCommands();

}  // namespace fathom
