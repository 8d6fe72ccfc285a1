// Every command of the program; each stands in a file of its own name.
#pragma once

#include "command.h"

namespace fathom {

Command MakeInspectCommand();
Command MakeMakeCheckpointCommand();

}  // namespace fathom
