#include "terminal/terminal_size.h"

#include <sys/ioctl.h>

namespace fathom {

TerminalSize GetTerminalSize(int descriptor) {
  struct winsize size = {};
  TerminalSize found;
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return found;
  if (size.ws_row > 0) found.rows = size.ws_row;
  if (size.ws_col > 0) found.columns = size.ws_col;
  return found;
}

}  // namespace fathom
