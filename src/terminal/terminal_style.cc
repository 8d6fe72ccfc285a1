#include "terminal/terminal_style.h"

#include <unistd.h>

#include <cstdlib>

namespace fathom {

bool StdoutIsTerminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool WantsStyle(bool is_terminal, const char* no_color, const char* term) {
  const bool refused = no_color != nullptr && *no_color != '\0';
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return is_terminal && !refused && !dumb;
}

TerminalStyle TerminalStyle::ForStdout() {
  return TerminalStyle(
      WantsStyle(StdoutIsTerminal(), std::getenv("NO_COLOR"), std::getenv("TERM")));
}

}  // namespace fathom
