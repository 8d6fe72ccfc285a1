// Help texts, made from the table of commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace fathom {

inline constexpr std::string_view kProgramSummary =
    "Fathom runs DeepSeek-V3.2: its mixture of experts, its sparse attention, its chat format.";

// The list of commands.
std::string ProgramHelp(const std::vector<Command>& commands);

// One command: what it does, how it is called, its arguments and flags. At most 100 columns wide.
std::string CommandHelp(const Command& command);

}  // namespace fathom
