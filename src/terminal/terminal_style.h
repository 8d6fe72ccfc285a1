// What standard output is, and the few styles the program uses on it.
//
// Styles are strings to print around text. They are empty when the output is no terminal, when
// NO_COLOR is set to anything but nothing (https://no-color.org), or when TERM is "dumb", so that
// callers never ask.
#pragma once

#include <string_view>

namespace fathom {

class TerminalStyle {
 public:
  explicit TerminalStyle(bool on) : on_(on) {}

  // For standard output, from the environment.
  static TerminalStyle ForStdout();

  bool on() const { return on_; }
  std::string_view bold() const { return on_ ? "\x1b[1m" : ""; }
  std::string_view dim() const { return on_ ? "\x1b[2m" : ""; }
  std::string_view reset() const { return on_ ? "\x1b[0m" : ""; }

 private:
  bool on_;
};

bool StdoutIsTerminal();

// Whether styles may be used. The variables are null when not set.
bool WantsStyle(bool is_terminal, const char* no_color, const char* term);

}  // namespace fathom
