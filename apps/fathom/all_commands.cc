// The table of commands. A new one: its file exports Make…Command(), and stands here.
#include "program.h"

namespace fathom {

Command MakeDetokenizeCommand();
Command MakeTokenizeCommand();

std::vector<Command> AllCommands() {
  return {
      MakeTokenizeCommand(),
      MakeDetokenizeCommand(),
  };
}

}  // namespace fathom
