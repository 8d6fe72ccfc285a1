// The table of commands. A new one: its file exports Make…Command(), and stands here.
#include "program.h"

namespace fathom {

Command MakeEncodeCommand();
Command MakeParseCommand();

std::vector<Command> AllCommands() {
  return {
      MakeEncodeCommand(),
      MakeParseCommand(),
  };
}

}  // namespace fathom
