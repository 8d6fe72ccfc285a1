// Text from a model, made safe to print on a terminal.
//
// A terminal obeys what it is sent: escape sequences can rewrite the clipboard, the title and lines
// already read, and characters that reorder or hide text make it say something other than what is
// there. So whatever doesn't simply stand on the line is shown instead of sent:
//
//   \x1b        control characters below U+0080, but for newline and tab; also bytes that are not
//               UTF-8
//   \u009b      the other control characters (a terminal may take U+009B for ESC [), line and
//               paragraph separators, direction marks and overrides, invisible and format
//               characters, and those that are not characters
//   \U000e0041  the same beyond U+FFFF, such as tags
//
// Joiners (U+200C, U+200D) and variation selectors stay: emoji and several scripts need them.
// This is for eyes, not for reading back: a backslash stays one.
#pragma once

#include <string>
#include <string_view>

namespace fathom {

class TerminalText {
 public:
  // The printable form of the next piece. A character that is cut at its end is held back. The
  // result doesn't depend on how the text was cut.
  std::string Add(std::string_view piece);

  // What was held back; the text has ended. After it, another text may begin.
  std::string Finish();

 private:
  std::string held_;  // at most 3 bytes
};

// A whole text at once.
std::string SafeForTerminal(std::string_view text);

}  // namespace fathom
