// How large the terminal is.
#pragma once

namespace fathom {

struct TerminalSize {
  int rows = 24, columns = 80;
};

// Of the terminal behind `descriptor`, as it is now; 24 by 80 where it does not say.
TerminalSize GetTerminalSize(int descriptor);

}  // namespace fathom
