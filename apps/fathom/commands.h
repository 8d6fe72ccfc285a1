// Every command of the program; each stands in a file of its own name.
#pragma once

#include "command.h"

namespace fathom {

Command MakeBenchCommand();
Command MakeChatCommand();
Command MakeDemoCommand();
Command MakeDetokenizeCommand();
Command MakeEncodeCommand();
Command MakeInspectCommand();
Command MakeMakeCheckpointCommand();
Command MakeMakeKeyCommand();
Command MakeParseCommand();
Command MakeRunCommand();
Command MakeServeCommand();
Command MakeTokenizeCommand();
Command MakeVerifyCommand();

}  // namespace fathom
