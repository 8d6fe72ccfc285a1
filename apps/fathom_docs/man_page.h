// Manual pages in man(7)'s language, made from the table of commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace fathom {

// fathom(1).
std::string ProgramPage(const std::vector<Command>& commands, std::string_view version);

// fathom-COMMAND(1).
std::string CommandPage(const Command& command, std::string_view version);

// Plain text as it must stand in a page: nothing in it is taken for a request or an escape.
std::string ManText(std::string_view text);

}  // namespace fathom
