// The table of commands. A new one: its file exports Make…Command(), and stands here.
#include "commands.h"
#include "program.h"

namespace fathom {

std::vector<Command> AllCommands() {
  return {
      MakeRunCommand(),
      MakeChatCommand(),
      MakeServeCommand(),
      MakeDemoCommand(),
      MakeVerifyCommand(),
      MakeInspectCommand(),
      MakeMakeCheckpointCommand(),
      MakeMakeKeyCommand(),
      MakeTokenizeCommand(),
      MakeDetokenizeCommand(),
      MakeEncodeCommand(),
      MakeParseCommand(),
      MakeBenchCommand(),
  };
}

}  // namespace fathom
