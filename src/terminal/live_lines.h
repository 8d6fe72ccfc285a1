// Lines at the bottom of the terminal that may still change.
//
// Show brings what is on the screen to what is wanted: usually by printing the few bytes that are
// new, else by going up to the first line that differs and printing from there. Lines that have
// left the screen at its top can't be reached any more and stay as they are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "terminal/styled_line.h"
#include "terminal/terminal_size.h"

namespace fathom {

class LiveLines {
 public:
  using Write = std::function<void(std::string_view)>;
  LiveLines(Write write, bool styles) : write_(std::move(write)), styles_(styles) {}

  // The cursor stands in the first column before the first call, and behind the last line after.
  void Show(const std::vector<StyledLine>& lines, const TerminalSize& size);

  // What is shown stays. The cursor stands in the first column again.
  void Keep();

 private:
  struct Shown {
    std::string text;
    int columns;
  };
  Write write_;
  bool styles_;
  std::vector<Shown> shown_;
};

}  // namespace fathom
